"""Reading a journal's blocks: by sequence, in order, and back in time."""

from __future__ import annotations

import sys
import threading
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from runtime.ids import ActorId
from runtime.records import State, Turn
from runtime.stores.journal import salvage
from runtime.stores.journal.backend import Backend, BlockRow
from runtime.stores.journal.blocks import BlockCodec, actor_hash, between, hashes_in, may_hold
from runtime.stores.journal.deltas import DeltaReader, applied

_PAGE_BLOCKS = 64
_PAGE_PACKED = 8
_PAGE_HEADS = 4_096
_BATCH_TURNS = 256
_CACHED_BLOCKS = 32
_CACHED_BYTES = 8_000_000
_FEWEST_CACHED = 3
"""Kept whatever their size: callers that repeat messages side by side go to and fro over the border of two large blocks."""


class _Cached(NamedTuple):
    first: int
    last: int
    size: int
    """Bytes of the block."""
    turns: list[Turn]


class JournalReader:
    """Decoded turns of one store; any thread."""

    def __init__(self, backend: Backend, codec: BlockCodec) -> None:
        self._backend, self._codec = backend, codec
        self._lock = threading.Lock()
        self._cache: list[_Cached] = []
        """Blocks that were read singly, the most recently used last."""
        self._changes = 0

    def turn(self, sequence: int) -> Turn | None:
        """One turn as stored: a large state may be a difference."""
        found = between(self._block(sequence), sequence, sequence)
        return found[0] if found else None

    def whole_turn(self, sequence: int) -> Turn | None:
        """One turn, its state whole; without it where it is not known."""
        turn = self.turn(sequence)
        if turn is None or turn.delta is None:
            return turn
        return self.state_before(turn.actor, sequence + 1) or salvage.without_state(turn)

    def batches(self, after: int, until: int) -> Iterator[list[Turn]]:
        """Every turn above `after` and up to `until`, in batches of some hundreds."""
        deltas = DeltaReader(self._base)
        pending: list[Turn] = []
        for turns in self.stored(after, until):
            pending += turns
            if len(pending) >= _BATCH_TURNS:
                yield deltas.whole(pending)
                pending = []
        if pending:
            yield deltas.whole(pending)

    def packed(self, after: int, until: int) -> Iterator[list[BlockRow]]:
        """The blocks with turns above `after` and up to `until`, some at a time, not opened yet.

        After a merge meanwhile, the first ones may have turns again that were in those before.
        """
        while after < until and (page := self._backend.blocks(after, _PAGE_PACKED)):
            rows = [row for row in page if row.first <= until]
            if not rows:
                return
            yield rows
            after = rows[-1].last

    def opened(self, row: BlockRow) -> bytes:
        """The bytes of a block's turns (`BlockCodec.plaintext`)."""
        return self._codec.plaintext(row)

    def whole_states(self) -> Callable[[int, BlockRow], list[Turn]]:
        """What decodes blocks that are given in order, of each the turns above a sequence, every state whole."""
        deltas = DeltaReader(self._base)
        return lambda after, row: deltas.whole(between(self._codec.decode(row), after + 1, sys.maxsize))

    def batches_of(self, actor: ActorId, after: int, until: int) -> Iterator[list[Turn]]:
        """The same of one actor; blocks without it are not read."""
        deltas = DeltaReader(self._base)
        pending: list[Turn] = []
        for first, last in self._blocks_with(actor, after, until):
            pending += [turn for turn in self._between(first, last) if turn.actor == actor and turn.sequence > after]
            if len(pending) >= _BATCH_TURNS:
                yield deltas.whole(pending)
                pending = []
        if pending:
            yield deltas.whole(pending)

    def last_at_revision(self, actor: ActorId, revision: int) -> Turn | None:
        """The last turn that left the actor at that revision, as stored.

        An actor's revisions only grow, so its blocks are searched by halving.
        """
        blocks = list(self._blocks_with(actor, 0))
        end = bisect_right(range(len(blocks)), revision, key=lambda index: self._entry_revision(actor, blocks, index))
        for block in reversed(blocks[:end]):
            turns = [turn for turn in self._between(*block) if turn.actor == actor and turn.revision <= revision]
            if turns:
                return turns[-1] if turns[-1].revision == revision else None
        return None

    def state_before(self, actor: ActorId, sequence: int) -> Turn | None:
        """The actor's last turn before that sequence that has a state, the state whole; None where that is not known."""
        differences: list[Turn] = []
        for first, last in reversed(list(self._blocks_with(actor, 0, until=sequence - 1))):
            for turn in reversed(self._between(first, last)):
                if turn.actor != actor:
                    continue
                if turn.delta == salvage.LOST:
                    return None
                if turn.delta is not None:
                    differences.append(turn)
                elif turn.state is not None:
                    return _rolled(turn, differences)
        return None

    def next_state(self, actor: ActorId, after: int) -> Turn | None:
        """The actor's first turn above `after` that has a state, as stored."""
        for first, last in self._blocks_with(actor, after):
            for turn in self._between(first, last):
                if turn.actor == actor and (turn.state is not None or turn.delta):
                    return turn
        return None

    def actors_up_to(self, until: int) -> array[int]:
        """The hashes of all actors with turns in blocks that begin up to `until`, sorted; no block is decoded."""
        found: set[int] = set()
        after = 0
        while after < until and (page := self._backend.block_heads(after, _PAGE_HEADS)):
            for block in page:
                found.update(hashes_in(block.actors))
            after = page[-1].last
        return array("I", sorted(found))

    def forget(self, first: int, last: int) -> None:
        """Turns between these changed: those who read from now on see them as they are."""
        with self._lock:
            self._changes += 1
            self._cache = [entry for entry in self._cache if entry.last < first or last < entry.first]

    def stored(self, after: int, until: int) -> Iterator[list[Turn]]:
        """The turns above `after` and up to `until` as stored, a block at a time.

        Rows are fetched in pages, so that no read transaction stays open; a merge between two pages changes nothing here.
        """
        while after < until and (page := self._backend.blocks(after, _PAGE_BLOCKS)):
            for row in page:
                if row.first > until:
                    return
                yield between(self._codec.decode(row), after + 1, until)
                after = row.last

    def _blocks_with(self, actor: ActorId, after: int, until: int = sys.maxsize) -> Iterator[tuple[int, int]]:
        """First and last sequence of each block that may hold turns of the actor above `after` and up to `until`."""
        wanted = actor_hash(actor)
        while page := self._backend.block_heads(after, _PAGE_HEADS):
            for block in page:
                if block.first > until:
                    return
                if may_hold(block.actors, wanted):
                    yield max(block.first, after + 1), min(block.last, until)
                after = block.last

    def _between(self, first: int, last: int) -> list[Turn]:
        """The turns of one block, which may have become part of a larger one since it was listed."""
        return between(self._block(first, last), first, last)

    def _entry_revision(self, actor: ActorId, blocks: list[tuple[int, int]], index: int) -> int:
        """The actor's revision after its first turn in that block, or in the nearest earlier one that has it."""
        for block in reversed(blocks[: index + 1]):
            for turn in self._between(*block):
                if turn.actor == actor:
                    return turn.revision
        return 0

    def _block(self, sequence: int, until: int = 0) -> list[Turn]:
        """The turns, as stored, of the block that holds that turn; empty if there is none.

        With `until`, the block as it is now: one that was kept from before a merge ends too early.
        """
        with self._lock:
            for entry in reversed(self._cache):
                if entry.first <= sequence and max(sequence, until) <= entry.last:
                    self._cache.remove(entry)
                    self._cache.append(entry)
                    return entry.turns
            changes = self._changes
        row = self._backend.block_of(sequence)
        if row is None:
            return []
        turns = self._codec.decode(row)
        with self._lock:
            if changes != self._changes:
                return turns
            self._cache.append(_Cached(row.first, row.last, len(row.data), turns))
            while len(self._cache) > _FEWEST_CACHED and not self._cache_fits():
                del self._cache[0]
        return turns

    def _base(self, actor: ActorId, sequence: int) -> State | None:
        turn = self.state_before(actor, sequence)
        return turn.state if turn else None

    def _cache_fits(self) -> bool:
        return len(self._cache) <= _CACHED_BLOCKS and sum(entry.size for entry in self._cache) <= _CACHED_BYTES


def _rolled(turn: Turn, differences: list[Turn]) -> Turn:
    """The last of `differences` (newest first), which lead on from `turn`; `turn` itself without any."""
    for difference in reversed(differences):
        assert turn.state is not None
        turn = applied(difference, turn.state)
    return turn
