"""Completion never waits long, whatever the system does."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.kernel_ext.completion import KnownNames, LineCompleter
from workbench.session import Session


class _System:
    """Answers when it is let."""

    def __init__(self, signature: str = "(value: int)") -> None:
        self.may_answer = threading.Event()
        self.signature = signature

    def actors(self, **_: Any) -> list[Any]:
        assert self.may_answer.wait(120)
        return [SimpleNamespace(id=SimpleNamespace(name="counter"))]

    def actions(self, actor: str) -> dict[str, str]:
        if actor != "counter":
            raise LookupError(actor)
        return {"add": self.signature}


def _session(system: Any) -> Session:
    session = Session()
    session.system = system
    return session


def test_completion_does_not_wait_for_a_slow_system() -> None:
    system = _System()
    completer = LineCompleter(_session(system))
    assert completer.complete("%state ") == ("", [])

    system.may_answer.set()


def test_what_came_too_late_is_there_the_next_time() -> None:
    system = _System()
    names = KnownNames(_session(system), budget_s=0.0)
    assert names.actors("") == []

    system.may_answer.set()
    [asking] = [thread for thread in threading.enumerate() if thread.name == "wb-completion"]
    asking.join(120)

    assert names.actors("") == ["counter"]


def test_a_failing_system_offers_nothing() -> None:
    assert LineCompleter(_session(_System())).complete("%invoke unknown ") == ("", ["get"])


def test_without_a_running_system_nothing_is_started() -> None:
    session = Session()

    assert LineCompleter(session).complete("%state cou") == ("cou", [])
    assert session.system is None


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("()", []),
        ("(value: int)", ["value"]),
        ("(a: int, b: str = '', c=3)", ["a", "b", "c"]),
        ("(a: dict[str, int], b: tuple[int, ...] = (1, 2), c: list[dict[str, str]] = [])", ["a", "b", "c"]),
        ("(text: str = 'a, b=c', n: int = 0)", ["text", "n"]),
        ("(value: int, **fields)", ["value"]),
        ("(colour: Colour = <Colour.RED: 1>, n: int = 0)", ["colour", "n"]),
    ],
)
def test_parameters_are_read_from_a_signature(signature: str, names: list[str]) -> None:
    assert KnownNames(_session(_System(signature))).parameters("counter", "add") == names


class _Old:
    """Has an actor with a million revisions; a reader of its past waits."""

    def info(self, actor: str) -> Any:
        return SimpleNamespace(revision=1_000_000)

    def turns(self, **_: Any) -> Any:
        raise AssertionError("completion of revisions has read the past")


@pytest.mark.parametrize(
    ("typed", "first", "count"),
    [("", "1000000", 200), ("42", "429999", 200), ("99999", "999999", 11), ("1000000", "1000000", 1), ("0", "", 0)],
)
def test_of_a_million_revisions_those_that_begin_so_are_offered(typed: str, first: str, count: int) -> None:
    completer = LineCompleter(_session(_Old()))

    fragment, found = completer.complete(f"%state counter --revision {typed}")

    assert (fragment, found[:1], len(found)) == (typed, [first] if first else [], count)
