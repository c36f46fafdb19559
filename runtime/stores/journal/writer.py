"""The writing half of a journal store: commits, and the rows that checkpoints make of them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from runtime.errors import StaleCommit
from runtime.ids import ActorId
from runtime.records import Snapshot, Turn
from runtime.stores.base import Group
from runtime.stores.journal.backend import Backend, Writes
from runtime.stores.journal.blocks import BlockCodec
from runtime.stores.journal.deltas import DeltaWriter
from runtime.stores.journal.encryption import Identity
from runtime.stores.journal.idempotency import Keys
from runtime.stores.journal.reader import JournalReader
from runtime.stores.journal.salvage import uses_key
from runtime.stores.journal.snapshots import Actors, Tail, snapshot_of, to_row, to_schedule_row

_CHUNK_ACTORS = 512
_CHUNK_BYTES = 2_000_000
"""Of states; a checkpoint writes no more at once, so that it does not keep a commit waiting."""
_MOST_TURNS = 100_000

Chunk = tuple[list[Turn], list[tuple[int, int]], bool]
_NO_CHUNK: Chunk = ([], [], False)

_state = attrgetter("state")


class JournalWriter:
    """Appends groups and keeps the tail short.  One thread at a time."""

    def __init__(
        self,
        backend: Backend,
        identity: Identity,
        codec: BlockCodec,
        tail: Tail,
        reader: JournalReader,
        actors: Actors,
        keys: Keys,
    ) -> None:
        self._backend, self._cipher, self._codec = backend, identity.cipher, codec
        self._tail, self._reader, self._actors, self._keys = tail, reader, actors, keys
        self._deltas = DeltaWriter()
        self.head = backend.head()
        self.mark = tail.frozen_head
        """Up to here the rows of actors and keys have seen every turn."""

    def commit(self, group: Group) -> None:
        """See `StateStore.commit`."""
        turns = group.turns
        if turns and (turns[0].sequence != self.head + 1 or turns[-1].sequence != self.head + len(turns)):
            raise StaleCommit(
                f"Cannot commit turns {turns[0].sequence} to {turns[-1].sequence} to {self._backend.url}: "
                f"the next turn is {self.head + 1}. Nothing was written."
            )
        try:
            self._write(group, turns)
        except StaleCommit:
            # The answer to an earlier attempt was lost, not the attempt: then the store holds these very turns.
            written = self._written_before(turns)
            if not written:
                raise
            self._deltas = DeltaWriter()
            rest = turns[len(written) :]
            self._adopt(written, [] if rest else self._newer_than_journal(group.snapshots, turns))
            if rest:
                self._write(group, rest)

    def forget_base(self, actor: ActorId) -> None:
        """Store the actor's next state whole, not as a difference."""
        self._deltas.forget(actor)

    def checkpoint_step(self) -> bool:
        """Write one chunk of rows; False when there was nothing to write."""
        if self._tail.is_drained:
            if self.head == self._tail.frozen_head:
                return False
            self._tail.freeze(self.head)
        chunk = self._tail.chunk(_CHUNK_ACTORS, _CHUNK_BYTES)
        self._chunk_written(chunk, self._backend.write(self._rows_of(chunk)))
        return True

    def _write(self, group: Group, turns: Sequence[Turn]) -> None:
        head = turns[-1].sequence if turns else self.head
        chunk = self._overdue(len(turns))
        newer = self._newer_than_journal(group.snapshots, turns)
        encoded = self._deltas.encode(turns)
        kept = [to_schedule_row(self._cipher, each) for each in group.scheduled]
        writes = self._rows_of(chunk)
        writes = msgspec.structs.replace(
            writes,
            block=self._codec.encode(encoded) if turns else None,
            snapshots=[*writes.snapshots, *(to_row(self._cipher, snapshot, head) for snapshot in newer)],
            lifecycle=group.lifecycle,
            schedules=kept,
            rescheduled=[row for row, each in zip(kept, group.scheduled, strict=True) if each.undelivered],
            settled=group.settled,
        )
        refused = self._backend.write(writes)
        self._deltas.adopt()
        self._chunk_written(chunk, refused)
        self._adopt(turns, newer)

    def _adopt(self, turns: Sequence[Turn], newer: Sequence[Snapshot]) -> None:
        """Show what was just committed to readers."""
        if None not in map(_state, turns):
            self._tail.add_all(turns)
        else:
            self._adopt_one_by_one(turns)
        for turn in turns:
            if uses_key(turn):
                self._keys.add(turn)
        for snapshot in newer:
            self._tail.discard(snapshot.actor)
            self._deltas.forget(snapshot.actor)
        if turns:
            self.head = turns[-1].sequence

    def _adopt_one_by_one(self, turns: Sequence[Turn]) -> None:
        for turn in turns:
            if turn.state is not None:
                self._tail.add(turn)
            elif (whole := self._actors.whole(turn)) is not None:
                self._tail.add(whole)

    def _written_before(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """Those of `turns` that the store already holds; none if it holds others in their place."""
        head = self._backend.head()
        if not turns or not turns[0].sequence <= head <= turns[-1].sequence:
            return ()
        stored = [turn for batch in self._reader.batches(self.head, head) for turn in batch]
        mine = turns[: len(stored)]
        return mine if stored == list(mine) else ()

    def _newer_than_journal(self, snapshots: Sequence[Snapshot], turns: Sequence[Turn]) -> list[Snapshot]:
        """Snapshots that say more than the journal does; the others come from the journal anyway."""
        if not snapshots:
            return []
        last = {turn.actor: turn for turn in turns if turn.state is not None or turn.tags_after is not None}
        newer = []
        for snapshot in snapshots:
            turn = last.get(snapshot.actor) or self._tail.turn(snapshot.actor)
            if turn is None or (turn.revision, turn.finished_us) <= (snapshot.revision, snapshot.at_us):
                newer.append(snapshot)
        return newer

    def _overdue(self, group_size: int) -> Chunk:
        """A chunk to write with the next commit when checkpoints do not keep up; this bounds memory and recovery."""
        if self._tail.is_drained:
            if not self._tail.is_long and self.head - self._tail.frozen_head < _MOST_TURNS:
                return _NO_CHUNK
            self._tail.freeze(self.head)
        elif not self._tail.is_long:
            return _NO_CHUNK
        return self._tail.chunk(max(_CHUNK_ACTORS, group_size))

    def _rows_of(self, chunk: Chunk) -> Writes:
        turns, keys, is_last = chunk
        return Writes(
            keys=keys,
            snapshots=[to_row(self._cipher, snapshot_of(turn), turn.sequence) for turn in turns],
            meta={"mark": str(self._tail.frozen_head)} if is_last else {},
        )

    def _chunk_written(self, chunk: Chunk, refused: int) -> None:
        turns, keys, is_last = chunk
        if refused:
            self._keys.settle(keys)
        self._tail.written(turns, keys)
        if is_last:
            self.mark = self._tail.frozen_head
