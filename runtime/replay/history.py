"""An actor's recorded past as tasks for a replay: read from any system that has a history, changing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from runtime.api import SystemApi
from runtime.errors import BadSetting, UnknownActor, UnknownRevision
from runtime.records import State, Turn
from runtime.replay.rerun import Task
from runtime.replay.sandbox import Position
from runtime.stores.base import flatten

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
    try:
        value = system.encoded_state(actor, revision)
    except UnknownActor:
        if system.info(actor).revision != revision:
            raise
        value = system.encoded_state(actor)  # of an actor whose turns are not recorded, the present is all there is
    return Position(None if value is None else State(value), revision=revision)


class Following(msgspec.Struct, frozen=True):
    """An actor at a past revision, and the turns that followed."""

    at: Position
    turns: tuple[Turn, ...]
    after: tuple[Position | None, ...]
    """Where each of the turns left the actor; None where that is not known."""
    is_cut: bool
    """There are more turns."""


def following(system: SystemApi, actor: str, revision: int, limit: int) -> Following:
    """The actor as it stood at a revision, and the first `limit` turns that found it there or later.

    Raises:
        UnknownActor, UnknownRevision: there is no such actor, or not that revision of it.
    """
    known: Position | None = Position()
    turns: list[Turn] = []
    after: list[Position | None] = []
    start: Position | None = None
    for turn in flatten(system.turns(actor=actor)):
        if known is None or known.revision != turn.revision_before:
            known = None
        if turn.revision_before >= revision:
            if not turns:
                start = _started(known, turn, revision)
            if len(turns) == limit:
                return Following(start or position_at(system, actor, revision), tuple(turns), tuple(after), True)
            turns.append(turn)
        known = _after(known, turn)
        if turns:
            after.append(known)
    if start is None and known is not None and known.revision == revision:
        start = known
    return Following(start or position_at(system, actor, revision), tuple(turns), tuple(after), False)


def _started(known: Position | None, turn: Turn, revision: int) -> Position | None:
    """Where the first turn that followed found the actor, tags included; None if that is not known, or was later."""
    if known is None or turn.revision_before != revision:
        return None
    return Position(known.state, known.definition, turn.tags_before, revision)


class ActorHistory:
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
        self.is_cut = False
        """The limit ended it: there are more in the range."""
        self.last: Turn | None = None
        """The last turn that was given."""
        self.reached: Position | None = None
        """Where that left the actor; None while it is not known."""

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
                self.last, self.reached = turn, _after(known, turn)
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
