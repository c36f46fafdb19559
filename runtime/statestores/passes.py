"""One look at a whole journal: which turns their actors' limits do not keep.

From the end to the beginning it counts what it has seen of each actor, and notes for each where its past ends; then, from
the beginning to the end, it gives the blocks with turns before that.  A piece at a time, and with a bounded number of actors:
where there are more, they are done in parts, each with a look of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from runtime.ids import ActorId
from runtime.records import Turn
from runtime.statestores.backend import Backend, BlockRow
from runtime.statestores.base import Limits, Retention
from runtime.statestores.blocks import BlockCodec

MOST_ACTORS = 200_000
"""Counted at once, in some 30 MB."""
_PAGE_HEADS = 1_024


class Found(NamedTuple):
    """A block with turns that go."""

    row: BlockRow
    turns: Sequence[Turn]
    gone: frozenset[int]
    """Their positions in `turns`."""


class Pass:
    """One look.  Blocks may only be changed through what `next` gives while it lasts."""

    def __init__(self, backend: Backend, codec: BlockCodec, retention: Retention, now_us: int, head: int) -> None:
        """`head` is the last turn to look at."""
        self._backend, self._codec, self._retention, self._now_us = backend, codec, retention, now_us
        self.head = head
        self.has_removed = False
        self.is_over = False
        self.left = 0
        """Turns that stay, of those it has looked at."""
        self._is_counted = False
        self._given = 0
        self._listed = 0
        self._blocks = array("q")
        """The first sequence of each block, in order."""
        self._parts = [(1, 0)]
        """Of the actors, those whose hash divided by the first number leaves the second are still to be looked at."""
        self._begin_part()

    def next(self) -> Found | None:
        """A block to change; the same again until `removed` is called.  None after a step that found none."""
        if self._listed <= self.head:
            self._list()
        elif self._at > 0:
            self._at -= 1
            self._count(self._blocks[self._at])
        elif self._thinned:
            return self._found(self._thinned[-1])
        elif len(self._parts) > 1:
            self._parts.pop()
            self._is_counted = True
            self._begin_part()
        else:
            self.is_over = True
        return None

    def removed(self) -> None:
        """What `next` gave is done."""
        self.left -= self._given
        self.has_removed = True
        self._thinned.pop()

    def _begin_part(self) -> None:
        self._at = len(self._blocks)
        self._newest: dict[int, int] = {}
        self._turns: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        """The last turn that goes, by actor."""
        self._thinned = array("q")
        """The first sequence of each block with turns that go, the newest first."""

    def _list(self) -> None:
        page = self._backend.block_heads(self._listed, _PAGE_HEADS)
        known = [block.first for block in page if block.last <= self.head]
        self._blocks.extend(known)
        self._listed = page[-1].last if page and len(known) == len(page) else self.head + 1
        self._at = len(self._blocks)

    def _count(self, first: int) -> None:
        row = self._backend.block_of(first)
        if row is None:
            return  # it went with an earlier part
        turns = self._codec.decode(row)
        if not self._is_counted:
            self.left += len(turns)
        goes = [self._goes(turn) for turn in reversed(turns)]
        if any(goes):
            self._thinned.append(first)
        if len(self._newest) > MOST_ACTORS:
            self._halve()

    def _goes(self, turn: Turn) -> bool:
        """Whether the turn goes; call it with later turns first."""
        limits = self._retention.of.get(turn.parent, self._retention.every)
        actor = hash(turn.actor)
        parts, part = self._parts[-1]
        if not limits or actor % parts != part:
            return False
        if actor in self._ends:
            return True
        newest = self._newest.setdefault(actor, turn.revision)
        count = self._turns[actor] = self._turns.get(actor, 0) + 1
        if _is_beyond(limits, turn, newest, count, self._now_us):
            self._ends[actor] = turn.sequence
            return True
        return False

    def _halve(self) -> None:
        """Leave half of the actors for a look of their own."""
        parts, part = self._parts.pop()
        self._parts += [(2 * parts, part + parts), (2 * parts, part)]
        for counts in (self._newest, self._turns, self._ends):
            for actor in [actor for actor in counts if actor % (2 * parts) != part]:
                del counts[actor]

    def _found(self, first: int) -> Found | None:
        row = self._backend.block_of(first)
        turns = self._codec.decode(row) if row is not None else []
        gone = frozenset(i for i, turn in enumerate(turns) if turn.sequence <= self._end(turn.actor))
        if row is None or not gone:  # its actors were left for another part
            self._thinned.pop()
            return None
        self._given = len(gone)
        return Found(row, turns, gone)

    def _end(self, actor: ActorId) -> int:
        return self._ends.get(hash(actor), 0)


def _is_beyond(limits: Limits, turn: Turn, newest: int, count: int, now_us: int) -> bool:
    """Whether a turn goes: `count` is how many of its actor are as new, itself included."""
    if limits.revisions is not None and turn.revision <= newest - limits.revisions:
        return True
    if limits.invocations is not None and count > limits.invocations:
        return True
    return limits.age_us is not None and turn.finished_us < now_us - limits.age_us
