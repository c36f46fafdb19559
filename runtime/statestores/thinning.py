"""Takes turns out of single blocks, in such a way that everything that stays can still be read.

A large state may be stored as the difference to the one before it.  Before a turn with a state goes, the next state of its
actor, if it is a difference, is stored whole; only then does the block change.  So at every moment, and after a crash at
any moment, what is in the journal can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from runtime.ids import ActorId
from runtime.records import State, Turn
from runtime.statestores.backend import Backend, BlockRow, Writes
from runtime.statestores.blocks import BlockCodec
from runtime.statestores.deltas import is_large
from runtime.statestores.keys import Keys
from runtime.statestores.reading import JournalReader


class Thinner:
    """Removes turns; used by the writer's thread."""

    def __init__(
        self,
        backend: Backend,
        codec: BlockCodec,
        reader: JournalReader,
        keys: Keys,
        forget_base: Callable[[ActorId], None],
        changed: Callable[[int, int], None],
    ) -> None:
        """Tells others of what it does.

        Args:
            forget_base: an actor's next large state has to be stored whole.
            changed: turns from one sequence to another changed.
        """
        self._backend, self._codec, self._reader, self._keys = backend, codec, reader, keys
        self._forget_base, self._changed = forget_base, changed

    def remove(self, row: BlockRow, turns: Sequence[Turn], gone: Collection[int], meta: dict[str, str]) -> bool:
        """Take the turns at these positions out of a block, or one step towards it.

        Args:
            turns: what the block holds.
            gone: positions in `turns`.
            meta: written with it.

        Returns:
            False when something else had to be written first: look at the store anew and call again.
        """
        removed = [turns[index] for index in sorted(gone)]
        whole: dict[int, State] = {}
        for actor, turn in _last_bases(removed).items():
            self._forget_base(actor)
            following = self._reader.next_state(actor, turn.sequence)
            if following is None or following.delta is None or (state := self._whole_state(following)) is None:
                continue
            if following.sequence > row.last:
                self._make_whole(following, state)
                return False
            if (index := _position(turns, following)) not in gone:
                whole[index] = state
        kept = [index for index in range(len(turns)) if index not in gone]
        self._write(row, kept, whole, self._keys.removal(removed), meta)
        return True

    def remove_whole(self, blocks: Sequence[tuple[BlockRow, Sequence[Turn]]], meta: dict[str, str]) -> bool:
        """Take adjacent blocks away, in one transaction, or one step towards it; none of them is the last one.

        Args:
            blocks: each with the turns that it holds.
            meta: written with it.

        Returns:
            False as for `remove`.
        """
        removed = [turn for _, turns in blocks for turn in turns]
        for actor, turn in _last_bases(removed).items():
            self._forget_base(actor)
            following = self._reader.next_state(actor, turn.sequence)
            if following is None or following.delta is None or (state := self._whole_state(following)) is None:
                continue
            self._make_whole(following, state)
            return False
        span = (blocks[0][0].first, blocks[-1][0].last)
        self._backend.write(Writes(dropped=span, unsealed=span, forgotten=self._keys.removal(removed), meta=meta))
        self._reader.forget(*span)
        self._changed(*span)
        return True

    def note(self, meta: Mapping[str, str]) -> None:
        """Write facts alone."""
        self._backend.write(Writes(meta=meta))

    def _make_whole(self, turn: Turn, state: State) -> None:
        """Store that turn's state whole, in its block."""
        row = self._backend.block_of(turn.sequence)
        assert row is not None
        turns = self._codec.decode(row)
        changed = self._codec.change(row, range(len(turns)), {_position(turns, turn): state})
        self._backend.write(Writes(merged=changed))
        self._reader.forget(row.first, row.last)

    def _whole_state(self, turn: Turn) -> State | None:
        """None for a difference to a state that is not known."""
        found = self._reader.whole_turn(turn.sequence)
        assert found is not None
        return found.state

    def _write(
        self,
        row: BlockRow,
        kept: Sequence[int],
        whole: dict[int, State],
        forgotten: Sequence[tuple[int, int, int]],
        meta: dict[str, str],
    ) -> None:
        span = (row.first, row.last)
        # The last row stays, if need be without turns: it says where the journal's numbering is.
        is_needed = bool(kept) or row.last == self._backend.head()
        self._backend.write(
            Writes(
                merged=self._codec.change(row, kept, whole) if is_needed else None,
                dropped=None if is_needed else span,
                unsealed=span,
                forgotten=forgotten,
                meta=meta,
            )
        )
        self._reader.forget(*span)
        self._changed(*span)


def _last_bases(turns: Iterable[Turn]) -> dict[ActorId, Turn]:
    """The last turn of each actor whose state may be what a later one is the difference to."""
    return {turn.actor: turn for turn in turns if turn.delta is not None or is_large(turn)}


def _position(turns: Sequence[Turn], turn: Turn) -> int:
    return next(index for index, each in enumerate(turns) if each.sequence == turn.sequence)
