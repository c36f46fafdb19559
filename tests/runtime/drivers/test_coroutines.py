"""Coroutine actions beside each other: one loop, and nobody waits for an action that awaits."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest

from runtime import Actor, action, errors
from runtime.drivers.event_loops import OwnLoop, SharedLoop, new_loop, run
from runtime.stores.base import flatten
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.drivers.steps import DEADLINE_S, wait_until

_gates: dict[str, asyncio.Event] = {}
_loops: list[asyncio.AbstractEventLoop] = []
_blocked, _go_on = threading.Event(), threading.Event()


class Walker(Actor, name="walker", kind="unnamed"):
    """Both kinds of actions."""

    steps: list[int] = []

    @action
    async def walk(self, number: int) -> int:
        self.steps = [*self.steps, number]
        return number

    @action
    def jump(self, number: int) -> int:
        self.steps = [*self.steps, -number]
        return number

    @action
    async def wait(self, gate: str) -> str:
        _loops.append(asyncio.get_running_loop())
        _gates[gate] = asyncio.Event()
        await _gates[gate].wait()
        return gate

    @action
    async def block(self) -> None:
        _blocked.set()
        _go_on.wait(DEADLINE_S)

    @action
    async def cancel_itself(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    _gates.clear()
    _loops.clear()
    _blocked.clear()
    _go_on.clear()
    with embedded(system="test", timeout_s=DEADLINE_S) as running:
        running.deploy(Walker)
        for name in ("a", "b"):
            running.invoke(name, "walk", {"number": 0}, parent="walker")
        yield running
        _go_on.set()
        for gate in list(_gates):
            open_gate(gate)


def open_gate(gate: str) -> None:
    _loops[0].call_soon_threadsafe(_gates[gate].set)


def test_waiting_action_holds_no_other_up(system: EmbeddedSystem) -> None:
    system.invoke("a", "wait", {"gate": "g"}, asynchronous=True)
    wait_until(lambda: "g" in _gates, "the action of a waits")

    assert [system.invoke("b", "walk", {"number": n}) for n in range(50)] == list(range(50))
    assert system.info("a").action == "wait"


def test_many_waiting_actions_end_in_any_order(system: EmbeddedSystem) -> None:
    async def all_of_them() -> list[str]:
        calls = [
            asyncio.ensure_future(system.ainvoke(f"w{n}", "wait", {"gate": f"g{n}"}, parent="walker"))
            for n in range(100)
        ]
        while len(_gates) < 100:
            await asyncio.sleep(0)
        for n in reversed(range(100)):
            open_gate(f"g{n}")
        return await asyncio.gather(*calls)

    assert asyncio.run(asyncio.wait_for(all_of_them(), DEADLINE_S)) == [f"g{n}" for n in range(100)]


def test_messages_of_both_kinds_keep_their_order_in_one_actor(system: EmbeddedSystem) -> None:
    for number in range(1, 400):
        kind = "walk" if number % 3 else "jump"
        system.invoke("a", kind, {"number": number}, asynchronous=number % 5 > 0)
    system.invoke("a", "walk", {"number": 400})

    numbers = [abs(step) for step in system.state("a")["steps"]]
    assert numbers == list(range(401))


def test_blocked_loop_delays_no_plain_action(system: EmbeddedSystem) -> None:
    system.invoke("a", "block", asynchronous=True)
    assert _blocked.wait(DEADLINE_S), "the loop was not blocked"
    system.invoke("b", "walk", {"number": 1}, asynchronous=True)

    assert system.invoke("c", "jump", {"number": 7}, parent="walker", timeout=DEADLINE_S / 2) == 7
    assert [each.action for each in system.mailbox("b")] == ["walk"]


def test_calls_that_come_while_the_loop_is_blocked_are_executed_afterwards(system: EmbeddedSystem) -> None:
    system.invoke("a", "block", asynchronous=True)
    assert _blocked.wait(DEADLINE_S), "the loop was not blocked"
    for number in range(1, 20):
        system.invoke("b", "walk", {"number": number}, asynchronous=True)

    _go_on.set()

    wait_until(lambda: system.state("b")["steps"] == list(range(20)), "the messages of b were executed")


def test_action_that_cancels_its_own_task_fails_and_others_go_on(system: EmbeddedSystem) -> None:
    with pytest.raises(errors.SpawnError, match="cancelled"):
        system.invoke("a", "cancel_itself")

    assert system.invoke("a", "walk", {"number": 1}) == 1
    assert system.invoke("b", "walk", {"number": 1}) == 1


def test_every_call_of_many_threads_is_executed_once(system: EmbeddedSystem) -> None:
    def call(name: str) -> None:
        for number in range(1, 151):
            system.invoke(name, "walk", {"number": number}, asynchronous=number % 2 > 0)

    threads = [threading.Thread(target=call, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not any(thread.is_alive() for thread in threads)
    system.flush()

    turns = [turn.actor.name for turn in flatten(system.turns()) if turn.action == "walk"]
    assert (turns.count("a"), turns.count("b")) == (151, 151)


def test_loop_of_asyncio_serves_where_uvloop_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    loop = new_loop()
    loop.close()

    assert type(loop).__module__.startswith("asyncio")


@pytest.mark.filterwarnings("ignore:.*never retrieved")
def test_loop_ends_although_a_cancelled_task_exits(caplog: pytest.LogCaptureFixture) -> None:
    begun = threading.Event()

    async def exit_when_cancelled() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise SystemExit

    own = OwnLoop("exiting")
    asyncio.run_coroutine_threadsafe(exit_when_cancelled(), own.loop)
    assert begun.wait(DEADLINE_S), "the task did not begin"

    own.stop(DEADLINE_S)

    assert own.loop.is_closed()
    assert "A task on exiting failed while the loop ended" in caplog.text


def test_shared_loop_runs_until_its_last_user_releases_it() -> None:
    shared = SharedLoop("shared")
    first, second = shared.acquire(), shared.acquire()
    assert first is second

    shared.release(first)
    assert run(first, asyncio.sleep(0, "runs")) == "runs"
    shared.release(second)

    assert first.loop.is_closed()
    another = shared.acquire()
    assert another is not first
    shared.release(another)
