"""Messages that are left without the driver's lock: none is lost, none overtakes, none is taken that should not be."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from runtime import Actor, action, errors
from runtime.drivers.queues import Outbox
from runtime.drivers.service import Problems
from runtime.engine.commands import Answer
from runtime.records import Reply
from runtime.stores.base import flatten
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.drivers.steps import DEADLINE_S, wait_until
from tests.runtime.engine.actors import Counter

_may_end = threading.Event()
_began = threading.Event()


class Gate(Actor, name="gate", mailbox=5):
    passed: list[int] = []

    @action
    def wait(self) -> None:
        _began.set()
        assert _may_end.wait(DEADLINE_S)

    @action
    def go(self, number: int) -> None:
        self.passed = [*self.passed, number]


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    _may_end.clear()
    _began.clear()
    with embedded(system="test", timeout_s=DEADLINE_S) as running:
        running.deploy(Counter)
        running.deploy(Gate)
        running.invoke("counter", "look")
        running.invoke("gate", "go", {"number": 0})
        yield running
        _may_end.set()


def close_gate(system: EmbeddedSystem) -> None:
    system.invoke("gate", "wait", asynchronous=True)
    assert _began.wait(DEADLINE_S), "the gate's turn did not begin"


def test_calls_of_one_thread_keep_their_order_however_they_are_made(system: EmbeddedSystem) -> None:
    numbers = []
    for number in range(1, 301):
        system.invoke(
            "counter",
            "add",
            {"value": number},
            asynchronous=number % 3 > 0,
            key=f"k{number}" if number % 7 == 0 else None,
        )
        numbers.append(number)

    system.invoke("counter", "look")
    system.flush()

    turns = flatten(system.turns(actor="counter"))
    values = [int(turn.payload.data[9:-1]) for turn in turns if turn.action == "add" and turn.payload is not None]
    assert values == numbers


def test_calls_of_many_threads_are_all_executed(system: EmbeddedSystem) -> None:
    def call() -> None:
        for _ in range(200):
            system.invoke("counter", "add", {"value": 1}, asynchronous=True)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)

    wait_until(lambda: system.state("counter")["total"] == 1600, "all 1,600 calls were executed")


def test_message_left_for_an_idle_system_is_executed(system: EmbeddedSystem) -> None:
    for expected in range(1, 200):
        system.invoke("counter", "add", {"value": 1}, asynchronous=True)
        wait_until(lambda e=expected: system.state("counter")["total"] == e, f"call {expected} was executed")  # type: ignore[misc]


def test_full_mailbox_refuses_also_what_is_left_in_haste(system: EmbeddedSystem) -> None:
    close_gate(system)
    for number in range(5):
        system.invoke("gate", "go", {"number": number}, asynchronous=True)

    with pytest.raises(errors.MailboxFull):
        system.invoke("gate", "go", {"number": 5}, asynchronous=True)

    assert len(system.mailbox("gate")) == 6


def test_mailbox_shows_what_was_left_a_moment_ago(system: EmbeddedSystem) -> None:
    close_gate(system)

    system.invoke("gate", "go", {"number": 1}, asynchronous=True)

    assert [each.action for each in system.mailbox("gate")] == ["wait", "go"]


def test_unknown_names_are_refused_at_the_call(system: EmbeddedSystem) -> None:
    with pytest.raises(errors.UnknownAction):
        system.invoke("counter", "addd", {"value": 1}, asynchronous=True)
    with pytest.raises(errors.UnknownActor):
        system.invoke("countr", "add", {"value": 1}, asynchronous=True)

    assert system.state("counter")["total"] == 0


def test_caller_of_a_system_that_stops_meanwhile_is_answered(system: EmbeddedSystem) -> None:
    seen: list[Exception] = []

    def call_on() -> None:
        try:
            while True:
                system.invoke("counter", "add", {"value": 1})
        except errors.SpawnError as error:
            seen.append(error)

    callers = [threading.Thread(target=call_on) for _ in range(8)]
    for caller in callers:
        caller.start()
    wait_until(lambda: system.state("counter")["total"] > 100, "calls were executed")
    system.close()
    for caller in callers:
        caller.join(DEADLINE_S)

    assert [type(error) for error in seen] == [errors.SystemStopped] * 8


def test_message_for_code_that_left_meanwhile_becomes_a_dead_letter(system: EmbeddedSystem) -> None:
    close_gate(system)
    system.invoke("gate", "go", {"number": 1}, asynchronous=True)

    system.undeploy("gate")
    _may_end.set()

    wait_until(lambda: system.dead_letters(), "the message was listed as undeliverable")
    assert [letter.code for letter in system.dead_letters()] == ["not_deployed"]


class Waiter:
    """A place for a reply, or one that fails."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.replies: list[Reply] = []
        self._error = error

    def deliver(self, reply: Reply) -> None:
        if self._error is not None:
            raise self._error
        self.replies.append(reply)


@pytest.mark.parametrize("error", [RuntimeError("gone"), SystemExit("gone")])
def test_answer_that_cannot_be_handed_over_is_noted_and_the_next_ones_arrive(error: BaseException) -> None:
    problems, other = Problems(), Waiter()

    Outbox("test", {}, problems).carry_out([Answer(Waiter(error), Reply("one")), Answer(other, Reply("two"))])

    assert [reply.invocation for reply in other.replies] == ["two"]
    assert problems.last == (f"An answer could not be handed over: {type(error).__name__}: gone",)
