"""A memory of used keys that is small and may err to one side: it says of a key that it is new, or that it may be known.

Nearly every keyed call brings a new key, and asking the database for each costs more than the turn. Bloom filters answer
for them. They are filled with every key that is added, and, when the first key is asked for, page by page with those
whose rows were there at opening; until that is done every key may be known. Rows that are removed stay in the filter,
which only means that the database is asked in vain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from runtime.statestores.backend import Backend, KeyListingBackend

_FIRST_KEYS = 1 << 16
_MOST_KEYS = 1 << 24
"""For one filter: 16 MiB. Beyond so many keys answers become less certain, never wrong."""
_GROWTH = 4
_PAGE = 4_096
_BITS_PER_KEY = 8
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_PROBES = range(4)


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

    def __init__(self, backend: Backend, begin: Callable[[], None] = lambda: None) -> None:
        """`begin` is called before the first keys are read."""
        self._begin = begin
        self._backend = backend if isinstance(backend, KeyListingBackend) else None
        self._new: tuple[Bloom, ...] = (Bloom(_FIRST_KEYS),) if self._backend is not None else ()
        """Keys added since the store was opened; the last one takes more."""
        self._past: Bloom | None = None
        """Keys whose rows were there before."""
        self._read_from = _LOWEST
        self._is_complete = False
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
        """Read one more page of earlier keys; True once all were read."""
        if self._backend is None or not self._reading.acquire(blocking=False):
            return self._is_complete
        try:
            if not self._is_complete:
                self._read_page(self._backend)
            return self._is_complete
        finally:
            self._reading.release()

    def _read_page(self, backend: KeyListingBackend) -> None:
        if self._read_from == _LOWEST:
            self._begin()
        page = backend.key_hashes(self._read_from, _PAGE)
        past = self._past
        if page and past is None:
            # A key belongs to a turn, so there are no more keys than turns.
            past = self._past = Bloom(min(max(backend.head(), _FIRST_KEYS), _MOST_KEYS))
        for key_hash in page:
            past.add(key_hash)  # type: ignore[union-attr]
        if len(page) < _PAGE or page[-1] == _HIGHEST:
            self._is_complete = True
        else:
            self._read_from = page[-1] + 1
