"""What callers see, and what is left, when something goes wrong while the system runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

import runtime
from runtime import Actor, action, errors
from runtime.system.embedded import EmbeddedSystem

KEY = bytes(range(32))


class Gate:
    """Lets actions wait for the test."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()


gate = Gate()


class Stuck(Actor, name="stuck"):
    done: int = 0

    @action
    def never_return(self) -> int:
        self.done += 100
        gate.entered.set()
        gate.open.wait(120)
        return self.done

    @action
    def work(self) -> int:
        self.done += 1
        return self.done


class Failing(Actor, name="failing"):
    tried: int = 0

    @action
    def fail(self) -> None:
        self.tried += 1
        raise ValueError("again")

    @action
    def succeed(self) -> int:
        self.tried += 1
        return self.tried


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    gate.entered.clear()
    gate.open.clear()
    with runtime.embedded(system="test", key=KEY) as embedded:
        embedded.deploy(Stuck)
        embedded.deploy(Failing)
        yield embedded
        gate.open.set()


def until(what: str, look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not look():
        assert time.monotonic() < deadline, f"not within 120 s: {what}"
        time.sleep(0.005)


def start_stuck(system: EmbeddedSystem) -> None:
    system.invoke("stuck", "never_return", asynchronous=True)
    assert gate.entered.wait(120), "the action did not start"


def test_action_that_never_returns_delays_no_other_actor(system: EmbeddedSystem) -> None:
    start_stuck(system)

    assert system.invoke("failing", "succeed", timeout=120) == 1


def test_abandoned_turn_frees_the_actor_and_its_late_result_is_fenced(system: EmbeddedSystem) -> None:
    start_stuck(system)
    waiting = threading.Thread(target=lambda: system.invoke("stuck", "work"))
    waiting.start()
    until("the second message waits", lambda: len(system.mailbox("stuck")) == 2)

    assert system.abandon("stuck") is True
    waiting.join(120)
    gate.open.set()
    until("the late action has ended", lambda: system.info("stuck").phase == "ready")

    assert system.state("stuck") == {"done": 1}
    assert system.invoke("stuck", "work") == 2


def test_caller_of_an_abandoned_turn_is_told(system: EmbeddedSystem) -> None:
    told: list[BaseException] = []

    def call() -> None:
        try:
            system.invoke("stuck", "never_return")
        except errors.SpawnError as error:
            told.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert gate.entered.wait(120), "the action did not start"
    system.abandon("stuck")
    caller.join(120)

    assert [type(error) for error in told] == [errors.InvocationAbandoned]


def test_nothing_to_abandon_is_said(system: EmbeddedSystem) -> None:
    assert system.abandon("stuck") is False


def test_thousands_of_failures_change_nothing_and_stop_nothing(system: EmbeddedSystem) -> None:
    for _ in range(3_000):
        system.invoke("failing", "fail", asynchronous=True)

    assert system.invoke("failing", "succeed") == 1
    system.flush()
    turns = [turn for batch in system.turns(actor="failing") for turn in batch]
    assert sum(turn.failure is not None for turn in turns) == 3_000
    assert turns[-1].revision == 1


def test_close_does_not_wait_for_ever_for_a_stuck_action(system: EmbeddedSystem) -> None:
    start_stuck(system)

    closing = threading.Thread(target=system.close)
    closing.start()
    closing.join(120)

    assert not closing.is_alive()
