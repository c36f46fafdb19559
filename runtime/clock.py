"""Time as the engine sees it: whole microseconds since 1970, UTC, from an injected clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Reads the time.  `now_us` may go backwards when the machine's clock is set; the engine tolerates that."""

    def now_us(self) -> int:
        """Microseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now_us(self) -> int:
        return time.time_ns() // 1000


class ManualClock:
    """A clock that moves only when told, for tests, replay and the step driver."""

    __slots__ = ("_now_us",)

    def __init__(self, start_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = start_us

    def now_us(self) -> int:
        return self._now_us

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; a negative value plays a clock that was set back."""
        self._now_us += round(seconds * 1_000_000)


def as_datetime(at_us: int) -> datetime:
    """An aware UTC datetime."""
    return datetime.fromtimestamp(at_us / 1_000_000, tz=UTC)
