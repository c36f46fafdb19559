"""Every way to play something whose steps somebody may choose, without playing the same situation twice.

A play cannot be copied, so it is played again from the start for each branch.  Two plays that lead to the same situation
(equal keys) go on alike, so only the first is followed: the number of situations, not of orders, is what counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar


class Playable(Protocol):
    """Something that goes on step by step.  The same choices lead to the same situations."""

    def options(self) -> int:
        """How many steps are possible now; 0 when it is over."""
        ...

    def step(self, choice: int) -> None:
        """Take one of them."""
        ...

    def key(self) -> Hashable:
        """Equal for situations that go on alike."""
        ...

    def close(self) -> None:
        """It is not played any further."""
        ...


P = TypeVar("P", bound=Playable)


class Exploration(Generic[P]):
    """Plays to the end everything that `start` can become; those with few surprises come first."""

    def __init__(self, start: Callable[[], P], bound: int, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """At most `bound` situations are looked at, and none after `is_stopped` says so."""
        self._start, self._bound, self._is_stopped = start, bound, is_stopped
        self._seen: set[Hashable] = set()
        self._waiting: deque[tuple[int, ...]] = deque([()])

    @property
    def situations(self) -> int:
        """How many different situations were met."""
        return len(self._seen)

    @property
    def is_complete(self) -> bool:
        """Nothing is left to be played."""
        return not self._waiting

    def endings(self) -> Iterator[P]:
        """Each play that came to an end which no other play came to before; whoever gets it closes it."""
        while self._waiting and not self._is_over():
            path = self._waiting.popleft()
            play = self._start()
            for choice in path:
                play.step(choice)
            if self._play_on(play, path):
                yield play
            else:
                play.close()

    def _play_on(self, play: P, path: tuple[int, ...]) -> bool:
        """Take the first step again and again, noting the others for later; False where somebody has been before."""
        while not self._is_over():
            key = play.key()
            if key in self._seen:
                return False
            self._seen.add(key)
            options = play.options()
            if options == 0:
                return True
            self._waiting.extend((*path, other) for other in range(1, options))
            play.step(0)
            path = (*path, 0)
        self._waiting.appendleft(path)
        return False

    def _is_over(self) -> bool:
        return len(self._seen) >= self._bound or self._is_stopped()
