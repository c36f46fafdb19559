"""Daemon threads, and pauses that grow."""

from contextvars import ContextVar
from queue import SimpleQueue

from runtime.background import Backoff, start_daemon

_seen: ContextVar[str] = ContextVar("seen", default="nothing")


def test_a_daemon_sees_nothing_of_its_starters_context() -> None:
    answers: SimpleQueue[str] = SimpleQueue()
    _seen.set("the starter's")

    start_daemon("wb-test", lambda: answers.put(_seen.get()))

    assert answers.get(timeout=5) == "nothing"


def test_a_daemon_has_its_name_and_gets_its_arguments() -> None:
    answers: SimpleQueue[int] = SimpleQueue()

    thread = start_daemon("wb-test", answers.put, 7)

    assert answers.get(timeout=5) == 7
    assert (thread.name, thread.daemon) == ("wb-test", True)


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 3.0)

    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_a_success_begins_with_the_first_pause_again() -> None:
    backoff = Backoff(0.5, 3.0)
    backoff.next_s()

    backoff.reset()

    assert backoff.next_s() == 0.5
