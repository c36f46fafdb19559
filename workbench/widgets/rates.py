"""Numbers over the last minute, one a second: how deep a mailbox was, how many turns there were.

What is made of them changes at most once a second, and not at all while nothing happens: a panel is only sent again when it
shows something else.
"""

from __future__ import annotations

from workbench.render.sparkline import NO_SERIES, Series

_SECOND = 1_000_000
_MINUTE_S = 60
_WINDOW_S = 3


class PerSecond:
    """Keeps the numbers of a minute; while the clock stands still or goes back they count for the last second."""

    def __init__(self) -> None:
        self._values: dict[int, int] = {}
        """By second, ascending; those that are not 0."""
        self._now_s = 0

    def peak(self, now_us: int, value: int) -> None:
        """The second's number is the largest given in it."""
        second = self._second(now_us)
        self._put(second, max(self._values.get(second, 0), value))

    def add(self, now_us: int, value: int) -> None:
        """The second's number is the sum of those given in it."""
        second = self._second(now_us)
        self._put(second, self._values.get(second, 0) + value)

    def series(self) -> Series:
        """From the first to the last second of a minute that are not 0."""
        if not self._values:
            return NO_SERIES
        first, last = next(iter(self._values)), next(reversed(self._values))
        return Series(tuple(self._values.get(second, 0) for second in range(first, last + 1)), last)

    def mean(self, since_s: int, now_us: int) -> float:
        """The mean of the last three whole seconds before now, but none before `since_s`; 0 if there is none."""
        until = now_us // _SECOND
        seconds = range(max(since_s, until - _WINDOW_S), until)
        return sum(self._values.get(second, 0) for second in seconds) / len(seconds) if seconds else 0.0

    def _second(self, now_us: int) -> int:
        self._now_s = max(self._now_s, now_us // _SECOND)
        return self._now_s

    def _put(self, second: int, value: int) -> None:
        if not value:
            return
        self._values[second] = value
        while (first := next(iter(self._values))) <= second - _MINUTE_S:
            del self._values[first]


class Rate:
    """Events a second from a running total that may start again at 0."""

    def __init__(self) -> None:
        self.per_second = PerSecond()
        self._total = 0
        self._updated_us = 0
        self._since_s = 0

    def update(self, now_us: int, total: int) -> float:
        """Take the total as it is now; the rate over the last three whole seconds.

        After a pause it begins anew: no one knows when in the pause the events were.
        """
        if 0 <= now_us - self._updated_us <= 2 * _SECOND:
            self.per_second.add(now_us, total - self._total if total >= self._total else total)
        else:
            self._since_s = now_us // _SECOND + 1
        self._total, self._updated_us = total, now_us
        return self.per_second.mean(self._since_s, now_us)
