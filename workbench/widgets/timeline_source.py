"""Reads an actor's past for its timeline: the revision under the scrubber, and nothing that is not looked at."""

from __future__ import annotations

from itertools import islice
from typing import Any

import msgspec

from runtime.api import Capability, SystemApi
from runtime.errors import UnknownRevision
from runtime.records import Turn
from workbench.commands.history import sequences_around
from workbench.presenters.panels.problems import problem_of
from workbench.presenters.panels.timeline import Made, Span, TimelineView, made_by, timeline_rendering, timeline_view
from workbench.render.html import Rendering
from workbench.widgets.source import FeedBatch, Intent

_MOST_BETWEEN = 20_000
"""Turns of an actor that are looked at for the one that made a revision; those that changed nothing lie between."""


class TimelineSource:
    """Follows the last revision of an actor until another one is asked for."""

    def __init__(self, system: SystemApi, actor: str) -> None:
        self.system, self.actor = system, actor
        self._last = TimelineView(actor, system.name)
        self._at: int | None = None
        """What was asked for; None to follow the last."""
        self._base: int | None = None
        """What it is compared with; None for the revision before."""
        self._first = 0
        self._shown: Span | None = None

    def absorb(self, news: FeedBatch) -> None:
        """See `Source`.  The last revision is asked for at each look, so news are not needed."""

    def read(self, now_us: int) -> TimelineView:
        """See `Source`.  After an error it is the last picture, with the problem."""
        try:
            span = self._span()
            if span != self._shown:
                self._last, self._shown = self._view(span), span
        except Exception as error:  # noqa: BLE001 - a system may fail in any way; a panel shows it and goes on
            self._last, self._shown = msgspec.structs.replace(self._last, problem=problem_of(error)), None
        return self._last

    def handle(self, intent: Intent) -> bool:
        """See `Source`.  Knows `at` a revision, `step` by some, `live`, and `pin`, which compares with what is shown."""
        match intent.type:
            case "at" if (revision := _number(intent, "revision")) is not None:
                self._at = revision
            case "step" if (by := _number(intent, "by")) is not None:
                self._at = (self._shown.at if self._shown is not None else 0) + by
            case "live":
                self._at = None
            case "pin":
                is_pinned = self._base is not None
                self._base = None if is_pinned or self._shown is None else self._shown.at
            case _:
                return False
        return True

    def rendering(self, now_us: int) -> Rendering:
        """See `Source`."""
        return timeline_rendering(self._last, now_us)

    def _span(self) -> Span:
        last = self.system.info(self.actor).revision
        if not self._first or self._first > last:
            self._first = self._oldest() if last else 0
        first = self._first or last
        at = last if self._at is None else min(max(self._at, first), last)
        base = self._base if self._base is not None else at - 1
        return Span(first, last, at, self._at is None, base, self._base is not None)

    def _oldest(self) -> int:
        if Capability.HISTORY not in self.system.capabilities:
            return 0
        turns = (turn for batch in self.system.turns(actor=self.actor) for turn in batch)
        return next((turn.revision for turn in turns if turn.revision > turn.revision_before), 0)

    def _view(self, span: Span) -> TimelineView:
        if not span.at:
            return TimelineView(self.actor, self.system.name)
        made = self._made(span.at)
        state, is_kept = self._state(span.at)
        before, is_base_kept = self._state(span.base)
        if not is_kept:
            self._first = 0  # retention has moved on
        return timeline_view(
            self.actor, self.system.name, span, made, state, before, is_compared=is_kept and is_base_kept
        )

    def _state(self, revision: int) -> tuple[Any, bool]:
        if revision <= 0:
            return None, True
        try:
            return self.system.state(self.actor, revision), True
        except UnknownRevision:
            return None, False

    def _made(self, revision: int) -> Made | None:
        """The turn that led to a revision; None where it is not kept, or not on disk yet."""
        if Capability.HISTORY not in self.system.capabilities:
            return None
        after, _ = sequences_around(self.system, self.actor, revision - 1)
        before: Turn | None = None
        turns = (turn for batch in self.system.turns(after=after, actor=self.actor) for turn in batch)
        for turn in islice(turns, _MOST_BETWEEN):
            if turn.revision == revision > turn.revision_before:
                return made_by(turn, before or self._at_sequence(after))
            if turn.revision > revision:
                return None
            before = turn
        return None

    def _at_sequence(self, sequence: int) -> Turn | None:
        """The actor's turn of that sequence, if it is one of its own."""
        if not sequence:
            return None
        turns = (turn for batch in self.system.turns(after=sequence - 1, actor=self.actor) for turn in batch)
        first = next(turns, None)
        return first if first is not None and first.sequence == sequence else None


def _number(intent: Intent, name: str) -> int | None:
    value = intent.data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53 else None
