"""A store that cannot be written for a bounded time, on purpose."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from runtime.errors import StoreUnavailable
from runtime.stores.base import Group, StateStore


class FaultyStore:
    """Another store, whose commits fail until the time is over.  Everything else is the other store's."""

    def __init__(self, inner: StateStore, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.inner = inner
        self.refused = 0
        """Commits that failed."""
        self._clock, self._until = clock, clock() + seconds
        self._ended = threading.Event()

    @property
    def seconds_left(self) -> float:
        """0 once it has ended."""
        return 0.0 if self._ended.is_set() else max(0.0, self._until - self._clock())

    def end(self) -> None:
        """Commits succeed again."""
        self._ended.set()

    def commit(self, group: Group) -> None:
        """As the other store, or the injected error.

        Raises:
            StoreUnavailable: as long as it lasts; nothing was written.
        """
        if self.seconds_left:
            self.refused += 1
            raise StoreUnavailable(f"Writing to {self.inner.url} fails: an injected fault (wb.faults asked for it).")
        self.inner.commit(group)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
