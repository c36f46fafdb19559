"""Readers see a steady past: turns are not removed while somebody is in the middle of reading them.

A reader fetches pages, without a transaction that would stay open.  Were old turns removed between two pages, it would see
a past with a hole in it.  So removal waits for readers; a reader that has not asked for a page for a while loses that right,
and is told so if turns were removed meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from runtime.errors import StoreUnavailable

T = TypeVar("T")

PATIENCE_S = 30.0


class Steadiness:
    """Who is reading.  Any thread."""

    def __init__(self, store: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`store` is its URL, for messages."""
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._seen: dict[object, float] = {}
        self._removals = 0

    def steady(self, pages: Iterator[T]) -> Iterator[T]:
        """The same pages, of one past.

        Raises:
            StoreUnavailable: so much time passed between two pages that turns were removed.
        """
        reader = object()
        with self._lock:
            removals = self._removals
            self._seen[reader] = self._clock()
        try:
            for page in pages:
                if self._removals != removals:
                    raise self._too_late()
                self._seen[reader] = self._clock()
                yield page
        finally:
            self._seen.pop(reader, None)

    @contextmanager
    def removing(self) -> Iterator[bool]:
        """True when turns may be removed inside; False while somebody reads."""
        with self._lock:
            now = self._clock()
            is_free = all(now - seen >= PATIENCE_S for seen in list(self._seen.values()))
            self._removals += is_free
            yield is_free

    def _too_late(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"Cannot go on reading {self._store}: old turns were removed meanwhile, as its retention says. Read again."
        )
