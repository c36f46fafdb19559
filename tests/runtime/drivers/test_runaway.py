"""Actions that do not end by themselves: they are ended, named, and nobody else pays for them."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from runtime import Actor, Context, action, errors, init, timer
from runtime.drivers.runaway import is_in_users_code
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.drivers.steps import DEADLINE_S, wait_until

# An action may be ended in a callback of the garbage collector, which Python does not let it out of; it is ended again then.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

_spinning: set[str] = set()
_ended: list[str] = []
_go_on = threading.Event()
_names = itertools.count(1)


def spin(name: str) -> None:
    """For ever, or until something is raised here."""
    try:
        _spinning.add(name)  # within, since it may be ended as soon as this is seen
        while True:
            pass
    finally:
        _ended.append(name)


class Runaway(Actor, name="runaway", kind="unnamed"):
    """Every kind of action that does not end."""

    count: int = 0

    @action
    def ping(self) -> int:
        return self.count

    @action
    def spin(self, name: str) -> None:
        self.count = 5
        spin(name)

    @action
    async def spin_async(self, name: str) -> None:
        spin(name)

    @action
    async def wait_async(self, name: str) -> None:
        try:
            _spinning.add(name)
            await asyncio.Event().wait()
        finally:
            _ended.append(name)

    @action
    def stubborn(self, name: str) -> None:
        """Catches what is raised in it, a few times."""
        for _ in range(3):
            with suppress(BaseException):
                spin(name)

    @action
    def in_c(self, name: str) -> None:
        try:
            _spinning.add(name)
            _go_on.wait()
        finally:
            _ended.append(name)

    @action
    async def in_c_async(self, name: str) -> None:
        _spinning.add(name)
        _go_on.wait()

    @action
    async def walk(self) -> int:
        await asyncio.sleep(0)
        return 1


class Clock(Actor, name="clock"):
    """Its timer does not end the first time."""

    ticks: int = 0

    @timer(every="20ms")
    def tick(self) -> None:
        if "tick" not in _spinning:  # the next one may come before the first has ended
            spin("tick")
        self.ticks += 1

    @action
    def ping(self) -> int:
        return self.ticks


class Starting(Actor, name="starting", kind="unnamed"):
    is_ready: bool = False

    @init
    def begin(self, ctx: Context) -> None:
        if ctx.self.name.startswith("stuck") and ctx.self.name not in _ended:
            spin(ctx.self.name)

    @action
    def ping(self) -> int:
        return 1


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ended action is noticed at once."""
    monkeypatch.setattr("runtime.drivers.runaway._PAUSE_S", 0.002)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    _spinning.clear()
    _ended.clear()
    _go_on.clear()
    with embedded(system="test", timeout_s=DEADLINE_S) as running:
        running.deploy(Runaway)
        running.deploy(Starting)
        yield running
        _go_on.set()


def begun(system: EmbeddedSystem, action: str, template: str = "runaway") -> tuple[str, list[BaseException]]:
    """An actor whose turn has begun, and what its caller will have got."""
    name, errors_got = f"stuck-{next(_names)}", list[BaseException]()

    def call() -> None:
        try:
            system.invoke(name, action, {} if action == "ping" else {"name": name}, parent=template)
        except BaseException as error:
            errors_got.append(error)

    threading.Thread(target=call, daemon=True).start()
    wait_until(lambda: name in _spinning, f"{action} began")
    return name, errors_got


@pytest.mark.parametrize("action", ["spin", "spin_async", "wait_async", "stubborn"])
def test_abandoned_action_is_ended(system: EmbeddedSystem, action: str) -> None:
    name, got = begun(system, action)

    assert system.abandon(name)

    wait_until(lambda: name in _ended, "the action ended")
    wait_until(lambda: got, "its caller was told")
    assert isinstance(got[0], errors.InvocationAbandoned)
    assert system.invoke(name, "ping") == 0
    assert system.invoke("other", "walk", parent="runaway") == 1


def test_abandoned_init_is_ended(system: EmbeddedSystem) -> None:
    name, _ = begun(system, "ping", template="starting")

    system.abandon(name)

    wait_until(lambda: name in _ended, "@init ended")
    assert system.invoke(name, "ping") == 1


def test_endless_timer_is_seen_running_and_ticks_on_once_it_was_ended(system: EmbeddedSystem) -> None:
    system.deploy(Clock)
    wait_until(lambda: "tick" in _spinning, "the timer ran")
    seen = system.info("clock")

    system.abandon("clock")

    assert seen.action == "tick"
    assert seen.action_started_us > 0
    wait_until(lambda: system.invoke("clock", "ping") > 0, "the timer ticked again")


def test_ended_worker_thread_is_retired(system: EmbeddedSystem) -> None:
    name, _ = begun(system, "spin")
    system.abandon(name)
    wait_until(lambda: name in _ended, "the action ended")

    pool = system.driver.pool
    wait_until(
        lambda: not any(each.ending for each in (*pool.detached, *pool.draining, *pool.parked)), "it was retired"
    )
    assert system.invoke(name, "ping") == 0


def test_action_in_c_code_is_named_with_where_it_is(system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.drivers.runaway._TRIED_S", 0.3)
    name, _ = begun(system, "in_c")

    system.abandon(name)

    wait_until(lambda: system.status().problems, "the action was named")
    (problem,) = system.status().problems
    assert problem.startswith(f"{name}.in_c was given up and could not be ended, at ")
    assert "_go_on.wait()" in problem
    assert system.runaways() == [f"{name}.in_c"]
    _go_on.set()
    wait_until(lambda: name in _ended, "the late exception ended it")
    wait_until(lambda: not system.runaways(), "it is no runaway any more")
    assert system.invoke(name, "ping") == 0


def test_loop_that_does_not_come_round_is_replaced(system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.drivers.runaway._TRIED_S", 0.5)
    waiting, waiting_got = begun(system, "wait_async")
    name, _ = begun(system, "in_c_async")

    system.abandon(name)

    assert system.invoke("other", "walk", parent="runaway") == 1
    wait_until(lambda: waiting_got, "the turn that was lost with the loop failed")
    assert f"{name}.in_c_async kept the event loop" in str(waiting_got[0])
    assert system.invoke(waiting, "ping") == 0
    assert system.runaways() == [f"{name}.in_c_async"]
    _go_on.set()
    wait_until(lambda: not system.runaways(), "the loop that was left to it ended")


def test_coroutines_of_others_go_on_when_one_is_ended(system: EmbeddedSystem) -> None:
    waiting, waiting_got = begun(system, "wait_async")
    name, _ = begun(system, "spin_async")

    system.abandon(name)
    wait_until(lambda: name in _ended, "the action ended")

    assert system.invoke("other", "walk", parent="runaway") == 1
    assert not waiting_got
    assert waiting not in _ended
    assert system.abandon(waiting)


@pytest.mark.parametrize("action", ["spin", "spin_async", "in_c", "in_c_async"])
def test_stop_returns_although_an_action_runs_away(action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.drivers.thread_driver._LAST_TURNS_S", 0.1)
    _go_on.clear()
    system = embedded(system="stopping", timeout_s=DEADLINE_S)
    system.deploy(Runaway)
    _, got = begun(system, action)

    stopped = threading.Thread(target=system.close)
    stopped.start()
    stopped.join(DEADLINE_S)

    assert not stopped.is_alive(), "the stop waited for the action"
    assert isinstance(got[0], errors.InvocationAbandoned)
    (said,) = system.left.given_up
    assert f".{action} " in said
    assert ("could not be ended" if "in_c" in action else "was ended") in said
    _go_on.set()


def test_nothing_lands_in_code_of_the_runtime(system: EmbeddedSystem) -> None:
    """Short actions, ended at random moments: each turn is answered once, and nothing of the runtime breaks."""

    class Short(Actor, name="short", kind="unnamed"):
        n: int = 0

        @action
        def work(self) -> int:
            deadline = time.perf_counter() + 0.001
            while time.perf_counter() < deadline:
                time.sleep(0)  # lets go of the interpreter, so that others come round in the middle of an action
            self.n += 1
            return self.n

    system.deploy(Short)
    answers, stop = list[Any](), threading.Event()

    def call(name: str) -> None:
        while not stop.is_set():
            try:
                answers.append(system.invoke(name, "work", parent="short"))
            except errors.InvocationAbandoned as error:
                answers.append(error)

    callers = [threading.Thread(target=call, args=(f"short-{n}",), daemon=True) for n in range(3)]
    for each in callers:
        each.start()
    given_up, deadline, numbers = 0, time.monotonic() + DEADLINE_S, itertools.cycle(range(3))
    while given_up < 100 and time.monotonic() < deadline:
        given_up += system.abandon(f"short-{next(numbers)}")
        stop.wait(0.0007)  # another moment of the action each time
    stop.set()
    for each in callers:
        each.join(DEADLINE_S)

    assert not any(each.is_alive() for each in callers), "a caller was not answered"
    assert given_up == 100
    assert sum(isinstance(each, errors.InvocationAbandoned) for each in answers) <= given_up
    assert not system.status().problems
    assert [system.invoke(f"short-{n}", "work") > 0 for n in range(3)] == [True] * 3


def test_frames_of_the_runtime_below_a_call_are_not_the_users() -> None:
    frames: dict[str, Any] = {}

    class Asking(Actor, name="asking"):
        @action
        def ask(self, ctx: Context) -> bool:
            frames["user"] = is_in_users_code(sys._getframe())
            return True

    with embedded(system="frames") as system:
        system.deploy(Asking)
        system.invoke("asking", "ask")

    assert frames["user"]
    assert not is_in_users_code(sys._getframe())
