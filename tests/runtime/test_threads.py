"""Daemon threads."""

from contextvars import ContextVar
from queue import SimpleQueue

from runtime.threads import start_daemon

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
