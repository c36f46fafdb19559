"""Numbers over the last minute, one a second: how deep a mailbox was, how many turns there were."""

from __future__ import annotations

from collections import deque

from workbench.presenters.sparkline import Series

_SECOND = 1_000_000
SLOTS = 60


class PerSecond:
    """Keeps one number for each of the last 60 seconds; times may stand still or go back, then the last second counts."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}

    def peak(self, now_us: int, value: int) -> None:
        """The second's number is the largest given in it."""
        second = self._second(now_us)
        self._slots[second] = max(self._slots[second], value)

    def add(self, now_us: int, value: int) -> None:
        """The second's number is the sum of those given in it."""
        self._slots[self._second(now_us)] += value

    def series(self) -> Series:
        """Up to the last second that got a number, without zeros before the first other; empty if all are zero."""
        if not any(self._slots.values()):
            return Series()
        last = self._last()
        values = [self._slots.get(second) for second in range(last - SLOTS + 1, last + 1)]
        first = next(index for index, value in enumerate(values) if value)
        return Series(tuple(values[first:]), last)

    def _second(self, now_us: int) -> int:
        second = max(now_us // _SECOND, self._last())
        if second not in self._slots:
            self._slots[second] = 0
            for old in [s for s in self._slots if s <= second - SLOTS]:
                del self._slots[old]
        return second

    def _last(self) -> int:
        return next(reversed(self._slots), 0)


class Rate:
    """Events a second from a running total that may start again at 0."""

    def __init__(self, window_us: int = 3 * _SECOND) -> None:
        self._window_us = window_us
        self._points: deque[tuple[int, int]] = deque()
        self._total = 0
        self._sum = 0
        self.per_second = PerSecond()

    def update(self, now_us: int, total: int) -> float:
        """Take the total as it is now; the rate over the last seconds.

        After a pause it begins anew: nobody knows when in the pause the events were.
        """
        if self._points and not 0 <= now_us - self._points[-1][0] <= 2 * _SECOND:
            self._points.clear()
        if self._points:
            more = total - self._total if total >= self._total else total
            self._sum += more
            self.per_second.add(now_us, more)
        self._total = total
        self._points.append((now_us, self._sum))
        while len(self._points) > 2 and self._points[1][0] <= now_us - self._window_us:
            self._points.popleft()
        since, before = self._points[0]
        return (self._sum - before) * _SECOND / (now_us - since) if now_us > since else 0.0
