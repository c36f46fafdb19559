"""Idempotency keys: which successful turn used one.

A key is found by a 64-bit hash, first in the tail, then in its row, and is believed only when the turn itself carries
it. For a row the database is asked only where a filter in memory says that there may be one. Two keys with one hash are
kept apart by trying the next number; the same key used again keeps its first turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from runtime.ids import ActorId
from runtime.records import Turn
from runtime.statestores.attestation import Attestor
from runtime.statestores.backend import Backend, Writes
from runtime.statestores.identity import Identity
from runtime.statestores.key_filter import KeyFilter
from runtime.statestores.reading import JournalReader
from runtime.statestores.salvage import uses_key
from runtime.statestores.tail import Tail

_HASHES = 2**64
_FURTHEST = 1_000
"""So many keys with one hash are more than chance can make."""
_LAST_HASH = 2**63 - 1


class Keys:
    """The keys of one store.  `find` from any thread, the rest from the writer's."""

    def __init__(
        self, backend: Backend, tail: Tail, identity: Identity, reader: JournalReader, attestor: Attestor
    ) -> None:
        self._backend, self._tail, self._identity, self._reader = backend, tail, identity, reader
        self._attestor = attestor
        self._filter = KeyFilter(backend, lambda: attestor.verify(backend))

    def find(self, actor: ActorId, key: str) -> Turn | None:
        """The successful turn that used the key on the actor, its state whole, or None.

        Raises:
            StoreDamaged: the key's row names a turn that has another key, or rows are missing.
        """
        key_hash = self._identity.key_hash(actor, key)
        # In this order: a key enters the filter before the tail, and leaves the tail after its row was written.
        if self._tail.key(key_hash) is None and not self._filter.may_hold(key_hash):
            return None
        found: list[int] = []
        for candidates in self._probes(key_hash):
            matching = [sequence for sequence in candidates if self._uses(sequence, actor, key)]
            found += matching
            # Only where another key has the same hash can an older turn be further on.
            if len(matching) == len(candidates):
                break
            for sequence in candidates:
                if sequence not in matching:
                    self._check(key_hash, sequence)
            key_hash = _next(key_hash)
        return self._reader.whole_turn(min(found)) if found else None

    def add(self, turn: Turn) -> None:
        """Keep the key of a committed turn in the tail."""
        key_hash = self._identity.key_hash(turn.actor, turn.key)
        while (sequence := self._tail.key(key_hash)) is not None:
            if self._uses(sequence, turn.actor, turn.key):
                return
            key_hash = _next(key_hash)
        self._filter.add(key_hash)
        self._tail.add_key(key_hash, turn.sequence)

    def settle(self, keys: Sequence[tuple[int, int]]) -> None:
        """Find other places for those of `keys` whose row belongs to another key."""
        for key_hash, sequence in keys:
            # Most are rows of an earlier checkpoint that the mark does not tell of; asking that is cheap, a turn is not.
            if self._backend.key(key_hash) == sequence:
                continue
            turn = self._reader.turn(sequence)
            while turn is not None and (there := self._backend.key(key_hash)) != sequence:
                if there is None:
                    self._filter.add(key_hash)
                    self._backend.write(Writes(keys=[(key_hash, sequence)]))
                elif self._uses(there, turn.actor, turn.key):
                    break
                else:
                    key_hash = _next(key_hash)

    def removal(self, turns: Iterable[Turn]) -> list[tuple[int, int, int]]:
        """The rows of keys that go with these turns, as `Writes.forgotten`."""
        hashes = [(self._identity.key_hash(turn.actor, turn.key), turn.sequence) for turn in turns if uses_key(turn)]
        return [(key_hash, sequence, _next(key_hash)) for key_hash, sequence in hashes]

    def _probes(self, key_hash: int) -> Iterator[list[int]]:
        while True:
            found = self._tail.key(key_hash), self._backend.key(key_hash)
            yield [sequence for sequence in found if sequence is not None]
            key_hash = _next(key_hash)

    def _check(self, key_hash: int, sequence: int) -> None:
        """Whether a turn of another key may be found under that hash: its own is the same, or shortly before it."""
        turn = self._reader.turn(sequence)
        if turn is None:  # it may have gone with retention, and its row have stayed for the sake of another
            if sequence <= self._backend.head():
                return
        elif turn.key and (key_hash - self._identity.key_hash(turn.actor, turn.key)) % _HASHES <= _FURTHEST:
            return
        raise self._attestor.damaged(f"the row of an idempotency key names turn {sequence}, which did not use that key")

    def _uses(self, sequence: int, actor: ActorId, key: str) -> bool:
        turn = self._reader.turn(sequence)
        return turn is not None and turn.key == key and turn.actor == actor


def _next(key_hash: int) -> int:
    return key_hash + 1 if key_hash < _LAST_HASH else -_LAST_HASH - 1
