"""What happened in a play, as lines that somebody can follow with a finger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from runtime.codecs.values import decode_value
from runtime.records import Failure, Invocation, Outcome
from workbench.tables import cut
from workbench.teaching.witness import Moment


class Line(NamedTuple):
    """One turn."""

    who: str
    """Who sent the message; empty if nobody in particular."""
    does: str
    """`account.write(balance=10)`."""
    comes_of_it: str


def told(moments: Sequence[Moment], actors: Collection[str], sender: Callable[[str], str]) -> tuple[Line, ...]:
    """The turns of the given actors and of their children, in the order of their ends.

    A turn that asked others is told by its questions, and again at its end if it has an answer.

    Args:
        sender: who sent the invocation of that id, where no actor did.
    """
    ended = {each.invocation.id for each in moments if each.outcome is not None}
    shown = (each for each in moments if _is_of(each.invocation, actors) and _is_worth_a_line(each, moments, ended))
    return tuple(_line(each, sender) for each in shown)


def switches(lines: Sequence[Line]) -> int:
    """How often another goes on than the one before: fewer are easier to follow."""
    return sum(before.who != after.who for before, after in pairwise(lines))


def _is_of(invocation: Invocation, actors: Collection[str]) -> bool:
    return invocation.actor.name in actors or invocation.parent in actors


def _is_worth_a_line(moment: Moment, moments: Sequence[Moment], ended: Collection[str]) -> bool:
    if moment.outcome is None:
        return moment.invocation.id not in ended
    began_before = any(each.outcome is None and each.invocation is moment.invocation for each in moments)
    return not began_before or moment.outcome.response is not None or moment.outcome.failure is not None


def _line(moment: Moment, sender: Callable[[str], str]) -> Line:
    invocation = moment.invocation
    who = invocation.caller.name if invocation.caller else sender(invocation.id)
    return Line(who, f"{invocation.actor.name}.{invocation.action}({_arguments(invocation)})", _end(moment.outcome))


def _arguments(invocation: Invocation) -> str:
    payload = decode_value(invocation.payload)
    if payload is None:
        return ""
    if isinstance(payload, dict):
        return cut(", ".join(f"{name}={value!r}" for name, value in payload.items()))
    return cut(repr(payload))


def _end(outcome: Outcome | None) -> str:
    if outcome is None:
        return "never ends"
    if outcome.failure is not None:
        return cut(_failure(outcome.failure))
    answer: Any = decode_value(outcome.response)
    return "done" if answer is None else cut(f"answers {answer!r}")


def _failure(failure: Failure) -> str:
    text = f"{failure.type_name}: {failure.text}" if failure.type_name else failure.message.partition("\n")[0]
    return f"fails: {text}"
