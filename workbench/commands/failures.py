"""What failed, and what could not be delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.errors import Mistake, UnknownActor, nearest
from runtime.hosts.capsules import Capsule
from runtime.local import EmbeddedSystem
from runtime.records import DeadLetter, Turn
from workbench.commands.limits import check_limit
from workbench.commands.tail import newest
from workbench.presenters.failed_turns import DeadLetters, Failed, Failures, failed_of_capsule, failed_of_turn
from workbench.presenters.wording import short_id
from workbench.session import current

SEARCHED = 300_000
"""So many of the last turns are searched for failures; SQL finds them all."""


class NoSuchFailure(Mistake):
    """Nothing failed under that name or id."""

    code = "no_such_failure"


def failures(actor: str | None = None, limit: int = 20) -> Failures:
    """The last failed turns, oldest first: of an actor, or of all.

    Also those before a restart.  The last 20 of this process have live frames, see `postmortem`.  Beyond the last 300,000 turns
    ask with SQL: `wb.query("SELECT * FROM failures")`.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: `limit` is less than 1.
        NotCapable: the system keeps no history.
    """
    check_limit(limit)
    system = current.open()
    found = Failures(_failed(actor, limit))
    if not found and actor is not None:
        system.info(actor)
    found.undelivered = len(system.dead_letters())
    return found


def dead_letters() -> DeadLetters:
    """The last 200 messages that could not be delivered, and for whose answer nobody waited.

    Raises:
        NotCapable: the system does not tell.
    """
    return DeadLetters(current.open().dead_letters())


def find_failure(which: Failed | DeadLetter | str | None = None) -> Failed | DeadLetter:
    """The failure that is meant.

    Args:
        which: an actor's name for its last one, an id or its end, or None for the last of all.

    Raises:
        NoSuchFailure: there is none.
    """
    if isinstance(which, (Failed, DeadLetter)):
        return which
    if which is None:
        return _last(_failed(None, 1), "Nothing has failed.")
    found = _failed(which, 1) or _with_id(which)
    return found[-1] if found else _last([], _none_of(which))


def remembered(invocation: str) -> Failed | None:
    """A failed turn of this process that still has its frames; asks no store."""
    return next(
        (failed_of_capsule(each) for each in _capsules(None) if str(each.work.invocation.id) == invocation), None
    )


def _last(found: list[Failed], complaint: str) -> Failed:
    if not found:
        raise NoSuchFailure(complaint)
    return found[-1]


def _none_of(which: str) -> str:
    try:
        current.open().info(which)
    except UnknownActor:
        ids = [short_id(each.id) for each in _failed(None, 20)]
        known = {each.actor for each in _failed(None, 20)}
        return f"No actor and no failed message is called {which!r}. {nearest(which, [*known, *ids], kind='failure')}"
    return f"{which} has not failed."


def _failed(actor: str | None, limit: int) -> list[Failed]:
    """From journal and memory together, oldest first."""
    capsules = {str(each.work.invocation.id): each for each in _capsules(actor)}
    turns = newest(current.open(), lambda turn: turn.failure is not None, limit, actor=actor, searched=SEARCHED)
    retried = _retries(turns, actor)
    known = [
        failed_of_turn(t, capsules.pop(str(t.invocation), None), retried.get(str(t.invocation), "")) for t in turns
    ]
    oldest_us = known[0].at_us if len(known) == limit else 0
    unwritten = [failed_of_capsule(each) for each in capsules.values() if each.work.now_us > oldest_us]
    return sorted([*known, *unwritten], key=lambda each: each.at_us)[-limit:]


def _capsules(actor: str | None) -> list[Capsule]:
    """Failed turns of actors whose code runs in this process, of whatever system."""
    remembered: Callable[[], list[Capsule]] = getattr(current.open(), "capsules", list)
    return [each for each in remembered() if actor in (None, each.work.invocation.actor.name)]


def _retries(failed: list[Turn], actor: str | None) -> dict[str, str]:
    """How the retries of these ended, by the id of the message that had failed."""
    if not failed:
        return {}
    actions = {(str(turn.invocation), turn.actor, turn.action) for turn in failed}

    def is_retry(turn: Turn) -> bool:
        return (turn.cause, turn.actor, turn.action) in actions

    found = newest(current.open(), is_retry, len(failed), actor=actor, after=failed[0].sequence)
    return {turn.cause: "succeeded" if turn.failure is None else "failed" for turn in found}


def _with_id(end: str) -> list[Any]:
    def is_meant(turn: Turn) -> bool:
        return turn.failure is not None and str(turn.invocation).endswith(end)

    in_memory = {str(each.work.invocation.id): each for each in _capsules(None)}
    kept = [failed_of_capsule(each) for name, each in in_memory.items() if name.endswith(end)]
    written = newest(current.open(), is_meant, 1)
    if written:
        return [failed_of_turn(written[0], in_memory.get(str(written[0].invocation)))]
    system = current.open()
    letters = system.dead_letters() if isinstance(system, EmbeddedSystem) else []
    return kept or [each for each in letters if str(each.invocation.id).endswith(end)]
