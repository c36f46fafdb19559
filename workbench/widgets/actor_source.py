"""Reads one actor for its panel, asking the system only for what may have changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from runtime.api import ActorInfo, Capability, SystemApi, Waiting
from runtime.config import Durability
from runtime.errors import SpawnError
from runtime.records import Turn
from workbench.actor_logs import ActorLogs
from workbench.presenters.logs import log_rows
from workbench.presenters.messages import TurnRow, turn_row
from workbench.presenters.panels.actor import (
    WAITING_SHOWN,
    ActorView,
    Counters,
    actor_rendering,
    actor_view,
    missing_view,
)
from workbench.presenters.panels.problems import problem_in, problem_of
from workbench.presenters.panels.timeline import TimelineView
from workbench.render.html import Rendering
from workbench.render.values import Node, mark_changes, outline, state_changes
from workbench.widgets.rates import PerSecond, Rate
from workbench.widgets.source import FeedBatch, Intent, StatusReading
from workbench.widgets.timeline_source import TimelineSource

TURNS_SHOWN = 10
LINES_SHOWN = 8
CHANGES_SHOWN = 6
_JOURNAL_TAIL = 2_000
"""So many of the last turns of the whole system are searched for those of an actor; reading more would take too long."""

_AGAIN_US = 1_000_000
"""What is costly, and what failed, is tried again after a second."""


class ActorSource:
    """Follows one actor."""

    def __init__(
        self, system: SystemApi, actor: str, logs: ActorLogs | None = None, status: StatusReading | None = None
    ) -> None:
        """`logs` has what actors print, where something collects it; `status` is shared with other panels of the system."""
        self.system, self.actor, self._logs = system, actor, logs
        self._status = status or StatusReading(system)
        self._last = missing_view(actor, system.name)
        self._timeline: TimelineSource | None = None
        self._recent: list[TurnRow] = []
        self._has_gap, self._gap_end = True, 0
        self._searched_for: tuple[int, int] | None = None
        self._searched_us = 0
        self._failed_us = 0
        self._state_of: tuple[int, str] | None = None
        self._state: Node | None = None
        self._marked: Node | None = None
        self._value: Any = None
        """The state that is shown, decoded."""
        self._stored: tuple[int, Any] | None = None
        """The state of the last snapshot, with its revision."""
        self._compared = (0, 0)
        self._changes: tuple[str, ...] = ()
        self._depths, self._rate = PerSecond(), Rate()
        self._arrived = self._merged = self._dropped = 0

    def absorb(self, news: FeedBatch) -> None:
        """See `Source`."""
        turns = news.turns.get(self.actor, ())
        self._arrived += len(turns)
        self._dropped = news.dropped
        if news.has_gap:
            self._has_gap, self._gap_end, self._searched_for = True, 0, None
        self._add(turns)

    def read(self, now_us: int) -> ActorView | TimelineView:
        """See `Source`.  After an error it is the last picture, with the problem."""
        if self._timeline is not None:
            return self._timeline.read(now_us)
        if 0 <= now_us - self._failed_us < _AGAIN_US:
            return self._last
        try:
            self._last = self._view(now_us)
        except Exception as error:  # noqa: BLE001 - a system may fail in any way; a panel shows it and goes on
            self._failed_us = now_us
            self._last = msgspec.structs.replace(self._last, problem=problem_of(error), running=None)
        return self._last

    def handle(self, intent: Intent) -> bool:
        """See `Source`.  Knows `show`, which changes between now and the timeline, and what the timeline knows."""
        if intent.type == "show" and intent.text("what") in ("now", "timeline"):
            is_past = intent.text("what") == "timeline"
            self._timeline = TimelineSource(self.system, self.actor) if is_past else None
            return True
        return self._timeline is not None and self._timeline.handle(intent)

    def rendering(self, now_us: int) -> Rendering:
        """See `Source`."""
        return actor_rendering(self._last, now_us) if self._timeline is None else self._timeline.rendering(now_us)

    def _view(self, now_us: int) -> ActorView:
        info = self.system.info(self.actor)
        self._search_journal(info, now_us)
        self._depths.peak(now_us, info.waiting)
        self._merged += max(0, self._arrived - 1)
        self._arrived = 0
        return actor_view(
            info,
            state=self._read_state(info),
            changes=self._read_changes(info),
            waiting=self._read_mailbox(info),
            depths=self._depths.series(),
            rate=self._rate.update(now_us, info.turns),
            recent=tuple(reversed(self._recent)),
            log=log_rows(self._logs.last(info.id, LINES_SHOWN)) if self._logs is not None else (),
            counters=Counters(self._dropped, self._merged),
            absent=tuple(self._absent()),
            problem=problem_in(self._status.read(now_us)),
        )

    def _read_state(self, info: ActorInfo) -> Node | None:
        """The outlined state, with what the last change changed; read only when the revision or the code is another."""
        key = (info.revision, info.definition)
        if Capability.STATE in self.system.capabilities and self._state_of != key:
            self._value = self.system.state(self.actor)
            node = None if self._value is None else outline(self._value)
            if node is not None and node != self._state:
                self._marked = mark_changes(self._state, node)
            self._state, self._state_of = node, key
        return self._marked if self._state is not None else None

    def _read_changes(self, info: ActorInfo) -> tuple[str, ...]:
        """What memory has beyond the last snapshot; a journal is behind for milliseconds only, which no one could read."""
        if info.durability != Durability.SNAPSHOT or not info.stored_us or info.stored_revision >= info.revision:
            return ()
        if Capability.STATE not in self.system.capabilities:
            return ()
        revisions = (info.stored_revision, info.revision)
        if self._compared != revisions:
            self._changes, self._compared = self._compare(info.stored_revision), revisions
        return self._changes

    def _compare(self, stored_revision: int) -> tuple[str, ...]:
        if self._stored is None or self._stored[0] != stored_revision:
            try:
                self._stored = (stored_revision, self.system.state(self.actor, stored_revision))
            except SpawnError:
                return ()  # another snapshot was written meanwhile: the next look compares with that one
        found = state_changes(self._stored[1], self._value)
        return (*found[:CHANGES_SHOWN], *(["… and more"] if len(found) > CHANGES_SHOWN else []))

    def _read_mailbox(self, info: ActorInfo) -> list[Waiting]:
        is_quiet = not info.waiting and not info.action and info.phase != "running"
        if is_quiet or Capability.MAILBOX not in self.system.capabilities:
            return []
        return self.system.mailbox(self.actor, limit=WAITING_SHOWN + 1)

    def _search_journal(self, info: ActorInfo, now_us: int) -> None:
        """Find turns that no event told of: those before the panel was opened or while it was out of sight, and those that the
        feed dropped.

        At most once a second, and not again for the same turns once everything was on disk.
        """
        if Capability.HISTORY not in self.system.capabilities:
            return
        evidence = (info.turns, info.last_turn_us)
        is_told = not self._has_gap and self._recent and info.last_turn_us <= self._recent[-1].finished_us
        if is_told or evidence == self._searched_for or 0 <= now_us - self._searched_us < _AGAIN_US:
            return
        self._searched_us = now_us
        # Of now: an earlier one would say that all is on disk when the turns that are looked for are not.
        status = self._status.read(now_us, is_outdated=True)
        after = max(0, status.committed - _JOURNAL_TAIL)
        self._add(turn for batch in self.system.turns(after=after, actor=self.actor) for turn in batch)
        self._gap_end = self._gap_end or status.sequence
        if status.committed >= self._gap_end:
            self._has_gap = False
        if status.committed >= status.sequence:
            self._searched_for = evidence

    def _add(self, turns: Iterable[Turn]) -> None:
        """Journal and feed tell of the same turns, and not in turn.  Without a journal turns have no number, but a time."""
        rows = {(row.sequence, row.finished_us, row.invocation): row for row in self._recent}
        for turn in deque(turns, maxlen=TURNS_SHOWN):
            key = (turn.sequence, turn.finished_us, str(turn.invocation))
            if key not in rows:
                rows[key] = turn_row(turn, with_texts=True)
        self._recent = [rows[key] for key in sorted(rows)[-TURNS_SHOWN:]]

    def _absent(self) -> Iterator[str]:
        for capability, what in _PARTS.items():
            if capability not in self.system.capabilities:
                yield f"This system does not show {what}."


_PARTS = {
    Capability.STATE: "states",
    Capability.MAILBOX: "what waits in a mailbox",
    Capability.WATCH: "turns as they happen",
}
