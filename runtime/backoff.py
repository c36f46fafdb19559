"""Pauses between tries that grow while nothing comes of them."""

from __future__ import annotations


class Backoff:
    """Gives the pause before each try: the first one, then twice the last, up to the longest.  One thread or task."""

    __slots__ = ("_first_s", "_longest_s", "pause_s")

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self.pause_s = first_s
        """The next pause, in seconds."""

    def next_s(self) -> float:
        """The pause to make now; the one after it is longer."""
        pause_s, self.pause_s = self.pause_s, min(self.pause_s * 2, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """Something came of a try: the next pause is the first one again."""
        self.pause_s = self._first_s
