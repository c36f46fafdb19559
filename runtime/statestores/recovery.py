"""Opening a store: what the blocks since the mark say that the rows do not."""

from __future__ import annotations

from runtime.errors import StoreDamaged
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.statestores import salvage
from runtime.statestores.actors import Actors
from runtime.statestores.backend import Backend
from runtime.statestores.deltas import applied
from runtime.statestores.keys import Keys
from runtime.statestores.reading import JournalReader
from runtime.statestores.tail import Tail


class Recovery:
    """Rolls the tail forward.  Reads only: a store that is opened twice is the same."""

    def __init__(self, backend: Backend, reader: JournalReader, tail: Tail, actors: Actors) -> None:
        self._backend, self._reader = backend, reader
        self._tail, self._actors = tail, actors
        self._mark = 0
        self._row_sequences: dict[ActorId, int] = {}
        self._unknown: set[ActorId] = set()
        """Actors whose last state in the journal does not decode; they stay at the one before."""

    def run(self, mark: int, keys: Keys) -> None:
        """Bring every turn above `mark` into the tail."""
        self._mark = mark
        for turns in self._reader.stored(mark, self._backend.head()):
            for turn in turns:
                if salvage.uses_key(turn):
                    keys.add(turn)
                # A row can be ahead of the mark: checkpoints are written in chunks, and snapshots beside turns.
                if turn.sequence > self._row_sequence(turn.actor):
                    self._follow(turn)

    def _follow(self, turn: Turn) -> None:
        if turn.state is not None:
            self._unknown.discard(turn.actor)
        elif turn.delta == salvage.LOST or (turn.delta is not None and turn.actor in self._unknown):
            self._unknown.add(turn.actor)
            turn = salvage.without_state(turn)
            if turn.tags_after is None:
                return
        elif turn.delta is not None:
            before = self._actors.load(turn.actor)
            if before is None or before.state is None:
                raise StoreDamaged(
                    f"Cannot open {self._backend.url}: turn {turn.sequence} changes a state of {turn.actor} "
                    "that is not there.\n"
                    "Nothing was changed. Put a copy of the store in its place, or start with another one."
                )
            turn = applied(turn, before.state)
        if (whole := self._actors.whole(turn)) is not None:
            self._tail.add(whole)

    def _row_sequence(self, actor: ActorId) -> int:
        """The last turn that the actor's row has seen; 0 without a row."""
        sequence = self._row_sequences.get(actor)
        if sequence is None:
            sequence = self._row_sequences[actor] = self._actors.row_sequence(actor, self._mark)
        return sequence
