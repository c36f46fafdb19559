"""Idempotency keys: which successful turn used one.

A key is found by a 64-bit hash, first in the tail, then in its row, and is believed only when the turn itself carries
it. For a row the database is asked only where a filter in memory says that there may be one. Two keys with one hash are
kept apart by trying the next number; the same key used again keeps its first turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from runtime.ids import ActorId
from runtime.records import Turn
from runtime.stores.journal.attestation import Attestor
from runtime.stores.journal.backend import Backend, KeyListingBackend, Writes
from runtime.stores.journal.encryption import Identity
from runtime.stores.journal.reader import JournalReader
from runtime.stores.journal.salvage import uses_key
from runtime.stores.journal.snapshots import Tail

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
        self._filter = KeyFilter(backend, lambda: attestor.verify(backend), attestor.key_audit.pass_rows)

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


# --- Filter -----------------------------------------------------------------------------------------------------------
# A memory of used keys that is small and may err to one side: it says of a key that it is new, or that it may be known.
#
# Nearly every keyed call brings a new key, and asking the database for each costs more than the turn. Bloom filters
# answer for them. They are filled with every key that is added, and, from the first key on that is asked for, page by page
# with those whose rows were there at opening; until that is done every key may be known. Rows that are removed stay in the
# filter, which only means that the database is asked in vain.

_FIRST_KEYS = 1 << 16
_MOST_KEYS = 1 << 24
"""For one filter: 16 MiB. Beyond so many keys answers become less certain, never wrong."""
_GROWTH = 4
_PAGE = 4_096
_FIRST_PAGES = 16
"""Read by the first keyed call, a fifth of a second for all of them; each call after it reads one more."""
_BITS_PER_KEY = 8
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_PROBES = range(4)

RowPass = Callable[[Sequence[tuple[int, int]], bool], None]
"""Takes a page of rows (hash, sequence), in order of their hashes, and whether it is the last one."""


class Bloom:
    """A set of 64-bit hashes in which some are found that were never added: 2 in 100 when it is full."""

    __slots__ = ("_bits", "_mask", "capacity", "count")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0
        size = max(_BITS_PER_KEY, 1 << (capacity * _BITS_PER_KEY - 1).bit_length())
        self._bits = bytearray(size // 8)
        self._mask = size - 1

    def add(self, key_hash: int) -> None:
        """One thread at a time."""
        bits, mask, step = self._bits, self._mask, key_hash >> 32 | 1
        for _ in _PROBES:
            bits[(key_hash & mask) >> 3] |= 1 << (key_hash & 7)
            key_hash += step
        self.count += 1

    def __contains__(self, key_hash: int) -> bool:
        bits, mask, step = self._bits, self._mask, key_hash >> 32 | 1
        for _ in _PROBES:
            if not bits[(key_hash & mask) >> 3] >> (key_hash & 7) & 1:
                return False
            key_hash += step
        return True


class KeyFilter:
    """For one store, in at most 40 MB, most of it only when there are millions of keys."""

    def __init__(
        self, backend: Backend, begin: Callable[[], None] = lambda: None, pass_rows: RowPass = lambda _, __: None
    ) -> None:
        """`begin` is called before the first rows are read, `pass_rows` with each page of them."""
        self._begin, self._pass_rows = begin, pass_rows
        self._backend = backend if isinstance(backend, KeyListingBackend) else None
        self._new: tuple[Bloom, ...] = (Bloom(_FIRST_KEYS),) if self._backend is not None else ()
        """Keys added since the store was opened; the last one takes more."""
        self._past: Bloom | None = None
        """Keys whose rows were there before."""
        self._read_from = _LOWEST
        self._is_complete = self._has_begun = False
        self._reading = threading.Lock()

    def add(self, key_hash: int) -> None:
        """Before the key is anywhere else. The writer's thread."""
        if not self._new:
            return
        newest = self._new[-1]
        if newest.count >= newest.capacity and newest.capacity < _MOST_KEYS:
            newest = Bloom(newest.capacity * _GROWTH)
            self._new = (*self._new, newest)
        newest.add(key_hash)

    def may_hold(self, key_hash: int) -> bool:
        """False when no row has this hash. Any thread.

        Raises:
            StoreUnavailable, StoreDamaged: as `Backend.key`; reading the keys of before goes on at the next call.
        """
        if not self._is_complete and not self._read_on():
            return True
        if self._past is not None and key_hash in self._past:
            return True
        for layer in self._new:  # noqa: SIM110 - `any` with a generator takes twice as long, on the path of every keyed call
            if key_hash in layer:
                return True
        return False

    def _read_on(self) -> bool:
        """Read on in the earlier keys; True once all were read.

        Calls that come while the first pages are read wait for them: a renamed key would count as new for these.
        """
        if self._backend is None or not self._reading.acquire(blocking=not self._has_begun):
            return self._is_complete
        try:
            for _ in range(1 if self._has_begun else _FIRST_PAGES):
                if not self._is_complete:
                    self._read_page(self._backend)
            self._has_begun = True
            return self._is_complete
        finally:
            self._reading.release()

    def _read_page(self, backend: KeyListingBackend) -> None:
        if self._read_from == _LOWEST:
            self._begin()
        page = backend.key_rows(self._read_from, _PAGE)
        past = self._past
        if page and past is None:
            # A key belongs to a turn, so there are no more keys than turns.
            past = self._past = Bloom(min(max(backend.head(), _FIRST_KEYS), _MOST_KEYS))
        for key_hash, _ in page:
            past.add(key_hash)  # type: ignore[union-attr]
        is_last = len(page) < _PAGE or page[-1][0] == _HIGHEST
        self._pass_rows(page, is_last)
        if is_last:
            self._is_complete = True
        else:
            self._read_from = page[-1][0] + 1
