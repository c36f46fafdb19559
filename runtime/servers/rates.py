"""How many calls a server takes in a second."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rate:
    """A token bucket that holds what a second may bring.  Used by one thread."""

    __slots__ = ("_clock", "_last_s", "_left", "_per_second")

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._left, self._last_s = float(per_second), clock()

    def take(self) -> bool:
        """Whether one more is taken now."""
        if self._left < 1:
            now_s = self._clock()
            self._left = min(self._per_second, self._left + (now_s - self._last_s) * self._per_second)
            self._last_s = now_s
            if self._left < 1:
                return False
        self._left -= 1
        return True
