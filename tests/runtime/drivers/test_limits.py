"""Actions that may take only so long: the turn fails at its limit, the action is ended, and what comes next runs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runtime import Actor, Context, action, errors, timer
from runtime.authoring.actor import MARK, Mark
from runtime.authoring.definition import define
from runtime.clock import ManualClock
from runtime.drivers.step_driver import Pending, StepDriver, first
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.drivers.steps import DEADLINE_S, wait_until

LIMIT_S = 0.2

_ended: list[str] = []
_go_on = threading.Event()


def spin(name: str) -> None:
    try:
        while True:
            pass
    finally:
        _ended.append(name)


class Slow(Actor, name="slow"):
    count: int = 0

    @action
    def ping(self) -> int:
        return self.count

    @action(timeout="60s")
    def quick(self) -> int:
        self.count += 1
        return self.count

    @action(timeout="200ms")
    def spin(self) -> None:
        self.count = 100
        spin("spin")

    @action(timeout="200ms")
    async def spin_async(self) -> None:
        self.count = 100
        spin("spin_async")

    @action(timeout="200ms")
    async def wait_async(self) -> None:
        self.count = 100
        try:
            await asyncio.Event().wait()
        finally:
            _ended.append("wait_async")

    @action(timeout="200ms")
    def call(self, ctx: Context) -> None:
        try:
            ctx.call("other", "wait")
        finally:
            _ended.append("call")

    @action(timeout="200ms")
    def in_c(self) -> None:
        _go_on.wait()


class Other(Actor, name="other"):
    @action
    def wait(self) -> None:
        _go_on.wait()


class Clock(Actor, name="clock"):
    ticks: int = 0

    @timer(every="50ms", timeout="100ms")
    def tick(self) -> None:
        spin("tick")

    @action
    def ping(self) -> int:
        return self.ticks


class Computing(Actor, name="computing", kind="task"):
    count: int = 0

    @action
    def ping(self) -> int:
        return self.count

    @action(timeout="300ms")
    def spin(self) -> None:
        while True:
            pass


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    _ended.clear()
    _go_on.clear()
    with embedded(system="test", timeout_s=DEADLINE_S) as running:
        running.deploy(Slow)
        yield running
        _go_on.set()


@pytest.mark.parametrize("name", ["spin", "spin_async", "wait_async"])
def test_action_beyond_its_limit_fails_and_is_ended(system: EmbeddedSystem, name: str) -> None:
    began = time.monotonic()

    with pytest.raises(errors.ActionTimeout, match=rf"slow\.{name} was ended: .* limit of 0\.2 s"):
        system.invoke("slow", name)

    assert time.monotonic() - began >= LIMIT_S
    wait_until(lambda: name in _ended, "the action ended")
    assert system.invoke("slow", "ping") == 0
    assert system.invoke("slow", "quick") == 1


def test_time_of_calls_to_others_counts_against_the_limit(system: EmbeddedSystem) -> None:
    system.deploy(Other)

    with pytest.raises(errors.ActionTimeout, match=r"slow\.call"):
        system.invoke("slow", "call")

    assert system.invoke("slow", "ping") == 0


def test_action_in_c_beyond_its_limit_is_answered_and_named(
    system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.drivers.runaway._TRIED_S", 0.1)
    with pytest.raises(errors.ActionTimeout, match=r"It was at .*_go_on\.wait"):
        system.invoke("slow", "in_c")

    assert system.invoke("slow", "ping") == 0
    wait_until(lambda: any("slow.in_c" in each for each in system.status().problems), "the status names it")


def test_limited_actions_in_time_are_not_touched(system: EmbeddedSystem) -> None:
    answers = [system.invoke("slow", "quick") for _ in range(500)]

    assert answers == list(range(1, 501))


def test_waiting_in_the_mailbox_does_not_count(system: EmbeddedSystem) -> None:
    got: list[Any] = []
    callers = [threading.Thread(target=lambda: got.append(_failure(system, "wait_async"))) for _ in range(3)]

    for each in callers:
        each.start()
    for each in callers:
        each.join(DEADLINE_S)

    assert [type(each) for each in got] == [errors.ActionTimeout] * 3


def test_timer_beyond_its_limit_is_ended_each_time(system: EmbeddedSystem) -> None:
    system.deploy(Clock)

    wait_until(lambda: _ended.count("tick") >= 2, "the timer was ended twice")
    assert system.invoke("clock", "ping") == 0


def test_worker_process_of_a_task_beyond_its_limit_is_killed(system: EmbeddedSystem) -> None:
    system.deploy(Computing)
    system.invoke("computing", "ping")
    before = _children()

    with pytest.raises(errors.ActionTimeout, match=r"computing\.spin"):
        system.invoke("computing", "spin")

    wait_until(lambda: before - _children(), "the worker process ended")
    assert system.invoke("computing", "ping") == 0


# --- Under a clock that a test moves ----------------------------------------------------------------------------------


class Stepped(Actor, name="stepped"):
    count: int = 0

    @action(timeout="200ms")
    async def ask(self, ctx: Context) -> None:
        self.count = 100
        try:
            await ctx.invoke("other", "answer")
        finally:
            _ended.append("ask")

    @action(timeout="200ms")
    def take_long(self, seconds: float) -> None:
        self.count = 100
        _clock.advance(seconds)

    @action
    def ping(self) -> int:
        return self.count


class Answering(Actor, name="other"):
    @action
    def answer(self) -> None: ...


_clock = ManualClock()


@pytest.fixture
def stepping() -> Iterator[StepDriver]:
    _ended.clear()
    driver = StepDriver(open_store("memory://"), clock=_clock)
    driver.deploy(Stepped)
    driver.deploy(Answering)
    yield driver
    driver.store.close()


def until_it_asks(stepping: StepDriver) -> Pending:
    """A turn that has begun, and that waits for an answer that no one gives yet."""
    pending = stepping.send("stepped", "ask")
    stepping.choose = lambda options: next(i for i, each in enumerate(options) if each.actor == "stepped")
    while not stepping._suspended:
        stepping.step()
    return pending


def test_suspended_action_is_ended_when_the_clock_passes_its_limit(stepping: StepDriver) -> None:
    pending = until_it_asks(stepping)

    stepping.advance(0.2)

    with pytest.raises(errors.ActionTimeout, match=r"stepped\.ask was ended: .* limit of 0\.2 s"):
        pending.result()
    assert _ended == ["ask"]
    assert stepping.ask("stepped", "ping") == 0


def test_suspended_action_goes_on_while_the_clock_is_within_its_limit(stepping: StepDriver) -> None:
    pending = until_it_asks(stepping)

    stepping.advance(0.199)
    stepping.choose = first
    stepping.run()

    assert pending.result() is None
    assert stepping.ask("stepped", "ping") == 100


def test_plain_action_that_returns_after_its_limit_has_failed(stepping: StepDriver) -> None:
    with pytest.raises(errors.ActionTimeout, match=r"stepped\.take_long"):
        stepping.ask("stepped", "take_long", {"seconds": 0.2})

    assert stepping.ask("stepped", "ping") == 0


# --- What a limit can be ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["0s", 0, -1, "5 parsecs", True, 1.5, "200 years", "1e400s"])
def test_limit_out_of_range_is_refused_at_the_definition(limit: Any) -> None:
    class Wrong(Actor):
        @action(timeout=limit)
        def work(self) -> None: ...

    with pytest.raises(errors.DefinitionError, match=r"Wrong\.work: timeout="):
        define(Wrong)


def test_other_limit_is_another_version_and_none_keeps_the_mark_of_before() -> None:
    def made(limit: str) -> type:
        class Made(Actor, name="made"):
            @action(timeout=limit)
            def work(self) -> None: ...

        return Made

    plain = getattr(Other.wait, MARK)

    assert define(made("1s")).hash != define(made("2s")).hash
    assert define(made("1s")).hash == define(made("1s")).hash
    assert type(plain) is Mark
    assert Mark.__slots__ == ("every", "name", "role")  # another slot would give every definition another hash


def test_report_of_a_redeploy_says_what_limit_changed(system: EmbeddedSystem) -> None:
    def made(limit: str | None) -> type:
        class Made(Actor, name="made"):
            @action(timeout=limit)
            def work(self) -> None: ...

        return Made

    system.deploy(made(None))

    report = system.deploy(made("5s"))

    assert report.changed_actions == ("work (timeout: none -> 5s)",)


def _failure(system: EmbeddedSystem, name: str) -> BaseException | None:
    try:
        system.invoke("slow", name)
    except errors.SpawnError as error:
        return error
    return None


def _children() -> set[int]:
    import psutil

    return {each.pid for each in psutil.Process().children(recursive=True)}
