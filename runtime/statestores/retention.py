"""Old turns go: what a `Retention` does not keep is removed, a block at a time.

Two ways.  *From the front*: what is too old for every actor, or too much in all, is a beginning of the journal, and is cut
off.  *By actor*: limits of single actors need a look at the whole journal (`passes`), which is taken when it has grown by a
quarter of what the last one left; so each turn is looked at a few times in its life.

Either way the oldest turns go first: at every moment, and after a crash, what is left of an actor's past has no holes.
Only turns that the snapshot and key rows have seen (up to the mark) are touched.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from runtime.records import Kept, Turn
from runtime.statestores.attestation import CHANGES, GONE
from runtime.statestores.backend import Backend, BlockRow
from runtime.statestores.base import Retention
from runtime.statestores.blocks import BlockCodec
from runtime.statestores.passes import Pass
from runtime.statestores.thinning import Thinner

PASSED, LEFT = "passed", "left"
"""Entries in the store's facts: how far the last pass saw, and how many turns it left."""

SHARE = 4
"""The first block is written anew when at least one in so many of its turns goes."""
FEWEST_NEW = 4_096
_PASS_EVERY_US = 3_600_000_000
"""Where turns of some actors go by their age."""
_NEVER = sys.maxsize
_CUT_ROWS, CUT_TURNS = 64, 2_048
"""Whole blocks are cut off together; of single small groups each would take a transaction."""


class Retainer:
    """Goes over the journal; used by the writer's thread, a step at a time."""

    def __init__(self, backend: Backend, codec: BlockCodec, thinner: Thinner, meta: Mapping[str, str]) -> None:
        self._backend, self._codec, self._thinner = backend, codec, thinner
        self.kept = Kept(int(meta.get(GONE, "0")), int(meta.get(CHANGES, "0")))
        self._passed, self._passed_us, self._left = int(meta.get(PASSED, "0")), 0, int(meta.get(LEFT, "0"))
        self._pass: Pass | None = None
        self._retention = Retention()
        self._due = (0, 0)
        """Before there are so many turns too many, and before this time, nothing can go from the front."""

    @property
    def is_passing(self) -> bool:
        """A pass is under way, which relies on blocks to stay as they are."""
        return self._pass is not None

    def step(self, retention: Retention, now_us: int, mark: int) -> bool:
        """One block, or several small ones; False when there is nothing to do for now."""
        if retention != self._retention:
            self._retention, self._pass, self._passed, self._due = retention, None, 0, (0, 0)
        if self._pass is None:
            if self._cut(retention, now_us, mark):
                return True
            if not self._is_pass_due(retention, now_us, mark):
                return False
            self._pass, self._passed_us = Pass(self._backend, self._codec, retention, now_us, mark), now_us
        self._go_on(self._pass)
        return True

    # -- from the front ------------------------------------------------------------------------------------------------

    def _cut(self, retention: Retention, now_us: int, mark: int) -> bool:
        surplus = self._backend.head() - retention.turns if retention.turns is not None else -1
        age_us = _common_age_us(retention)
        before_us = now_us - age_us if age_us is not None else -1
        if surplus < self._due[0] and before_us < self._due[1]:
            return False
        whole: list[tuple[BlockRow, Sequence[Turn]]] = []
        turns: Sequence[Turn]
        for row in self._first_blocks(mark):
            turns = self._codec.decode(row)
            count = next(
                (i for i, t in enumerate(turns) if t.sequence > surplus and t.finished_us >= before_us), len(turns)
            )
            if 0 < count == len(turns) and (row.last < mark or row.last < self._backend.head()):
                whole.append((row, turns))
            elif not whole:
                return self._cut_in(row, turns, count)
            else:
                break
        if whole:
            self._remove_whole(whole)
        return bool(whole)

    def _first_blocks(self, mark: int) -> list[BlockRow]:
        """The first one, and those after it that are small enough to be done in one step."""
        heads = self._backend.block_heads(self.kept.gone, _CUT_ROWS)
        if not heads:
            return []
        until = min(mark, max(heads[0].last, heads[0].first + CUT_TURNS - 1))
        count = sum(head.last <= until for head in heads)
        return self._backend.blocks(self.kept.gone, count) if count else []

    def _cut_in(self, row: BlockRow, turns: Sequence[Turn], count: int) -> bool:
        if count == 0 or (count < len(turns) and count * SHARE < len(turns)):
            self._due = _worth_it_from(turns)
            return False
        self._remove_first(row, turns, count)
        return True

    def _remove_whole(self, blocks: Sequence[tuple[BlockRow, Sequence[Turn]]]) -> None:
        gone = blocks[-1][0].last
        if self._thinner.remove_whole(blocks, {GONE: str(gone)}):
            self.kept, self._due = Kept(gone, self.kept.changes), (0, 0)

    def _remove_first(self, row: BlockRow, turns: Sequence[Turn], count: int) -> None:
        gone = row.last if count == len(turns) else turns[count - 1].sequence
        if self._thinner.remove(row, turns, range(count), {GONE: str(gone)}):
            self.kept, self._due = Kept(gone, self.kept.changes), (0, 0)

    # -- by actor ------------------------------------------------------------------------------------------------------

    def _is_pass_due(self, retention: Retention, now_us: int, mark: int) -> bool:
        limits = [retention.every, *retention.of.values()]
        has_counts = any(each.revisions is not None or each.invocations is not None for each in limits)
        if not has_counts and len({each.age_us for each in limits}) == 1:
            return False  # one age for all, which is a cut from the front
        grown = mark - self._passed
        if grown >= max(FEWEST_NEW, self._left // SHARE):
            return True
        has_age = any(each.age_us is not None for each in limits)
        return has_age and grown > 0 and now_us - self._passed_us >= _PASS_EVERY_US

    def _go_on(self, running: Pass) -> None:
        if (found := running.next()) is None:
            if running.is_over:
                self._passed, self._left, self._pass = running.head, running.left, None
                self._thinner.note({PASSED: str(running.head), LEFT: str(running.left)})
            return
        changes = self.kept.changes + (not running.has_removed)
        if self._thinner.remove(found.row, found.turns, found.gone, {CHANGES: str(changes)}):
            self.kept = Kept(self.kept.gone, changes)
            running.removed()


def _common_age_us(retention: Retention) -> int | None:
    """The age at which a turn goes, whoever's it is; None if there is none."""
    longest: int = 0
    for limits in (retention.every, *retention.of.values()):
        if limits.age_us is None:
            return None
        longest = max(longest, limits.age_us)
    return longest


def _worth_it_from(turns: Sequence[Turn]) -> tuple[int, int]:
    """The surplus, and the time, from which enough of these turns go."""
    if not turns:
        return _NEVER, _NEVER  # the last row, whose turns are gone already
    telling = turns[-(-len(turns) // SHARE) - 1]
    return telling.sequence, telling.finished_us + 1
