"""An actor's recorded past as tasks for a replay: read from any system that has a history, changing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from runtime.api import SystemApi
from runtime.errors import BadSetting, UnknownRevision
from runtime.records import State, Turn
from runtime.replay.line import Position
from runtime.replay.rerun import Task
from runtime.statestores.base import flatten

Bound = int | datetime | None
"""A revision, an aware time, or no bound."""

NOT_KEPT = "the state that it found is not kept any more"


def position_at(system: SystemApi, actor: str, revision: int) -> Position:
    """Where the actor stood at a past revision, without its tags.

    Raises:
        UnknownActor, UnknownRevision: there is no such actor, or not that revision of it.
    """
    if revision == 0:
        return Position()
    value = system.encoded_state(actor, revision)
    return Position(None if value is None else State(value), revision=revision)


class Past:
    """The turns of an actor in a range, oldest first; iterated once, a batch of the store's in memory at a time."""

    def __init__(
        self, system: SystemApi, actor: str, *, since: Bound = None, until: Bound = None, limit: int | None = None
    ) -> None:
        """
        Args:
            since: turns that found the actor at this revision or a later one, or that ended at this time or later.
            until: turns that ended at this revision or an earlier one, or at this time or earlier.
            limit: at most so many, the first ones of the range; None for all.
        """
        self._system, self._actor, self._limit = system, actor, limit
        self._since, self._until = _bound(since), _bound(until)
        self.template = ""
        """The name of the code of the last turn that was read."""
        self.is_cut = False
        """The limit ended it: there are more in the range."""
        self.last: Turn | None = None

    def __iter__(self) -> Iterator[Task]:
        known: Position | None = None
        follows = False
        given = 0
        for turn in flatten(self._system.turns(actor=self._actor)):
            if known is None or known.revision != turn.revision_before:
                known, follows = self._looked_up(turn) if self._is_in_range(turn) else None, False
            if self._is_after(turn):
                return
            if self._is_in_range(turn):
                if given == self._limit:
                    self.is_cut = True
                    return
                given += 1
                self.last, self.template = turn, turn.parent
                yield Task(turn, None if follows else known, "" if known is not None else NOT_KEPT)
                follows = known is not None
            known = _after(known, turn)

    def _looked_up(self, turn: Turn) -> Position | None:
        try:
            found = position_at(self._system, self._actor, turn.revision_before)
        except UnknownRevision:
            return None
        return Position(found.state, "", turn.tags_before, turn.revision_before)

    def _is_in_range(self, turn: Turn) -> bool:
        since = self._since
        if isinstance(since, int):
            return turn.revision_before >= since
        return since is None or turn.finished_us >= since.at_us

    def _is_after(self, turn: Turn) -> bool:
        until = self._until
        if isinstance(until, int):
            return turn.revision > until
        return until is not None and turn.finished_us > until.at_us


class _Time:
    """A bound in time."""

    def __init__(self, at_us: int) -> None:
        self.at_us = at_us


def _bound(bound: Bound) -> int | _Time | None:
    if not isinstance(bound, datetime):
        return bound
    if bound.tzinfo is None:
        raise BadSetting(f"The time {bound} has no time zone; write datetime(…, tzinfo=UTC), for instance.")
    return _Time(round(bound.timestamp() * 1_000_000))


def _after(before: Position | None, turn: Turn) -> Position | None:
    """Where the turn left the actor; None while that is not known."""
    if before is not None:
        return before.after(turn)
    if turn.state is None or turn.failure is not None:
        return None
    return Position(tags=turn.tags_before).after(turn)
