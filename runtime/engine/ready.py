"""Which actor runs next, among those that have mail and no turn going on.

The thread driver takes them in order of arrival, one message each: that is fair.  The step driver lets a test, a
replay or an exercise choose, which is how interleavings are explored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from runtime.engine.activation import Activation
from runtime.ids import ActorId


class ReadyQueue(Protocol):
    """Holds each ready activation at most once (`Activation.is_queued`)."""

    def push(self, activation: Activation) -> None: ...

    def pop(self) -> Activation | None:
        """The next one; None when there is none."""
        ...

    def peek(self) -> Activation | None:
        """What `pop` would give; None when that is still to be chosen."""
        ...

    def __len__(self) -> int: ...


class FairQueue:
    """First come, first served; while it is crowded, every other one is the last to come.

    In a crowd of actors that block, those that come after them would wait for all of them.  So newcomers get half of the turns,
    and those who wait the longest the other half: no one starves.
    """

    __slots__ = ("_is_newest_next", "_waiting", "is_overfull")

    def __init__(self) -> None:
        self._waiting: deque[Activation] = deque()
        self.is_overfull = False
        self._is_newest_next = False

    def push(self, activation: Activation) -> None:
        if not activation.is_queued:
            activation.is_queued = True
            self._waiting.append(activation)

    def pop(self) -> Activation | None:
        if not self._waiting:
            return None
        if not self.is_overfull:
            activation = self._waiting.popleft()
        else:
            activation = self._waiting.pop() if self._is_newest_next else self._waiting.popleft()
            self._is_newest_next = not self._is_newest_next
        activation.is_queued = False
        return activation

    def peek(self) -> Activation | None:
        if not self._waiting:
            return None
        return self._waiting[-1 if self.is_overfull and self._is_newest_next else 0]

    def __len__(self) -> int:
        return len(self._waiting)


class ChosenQueue:
    """The caller decides: `choose` gets the ready actors, oldest first, and returns an index."""

    __slots__ = ("_choose", "_waiting")

    def __init__(self, choose: Callable[[Sequence[ActorId]], int]) -> None:
        self._choose = choose
        self._waiting: list[Activation] = []

    @property
    def ready(self) -> tuple[ActorId, ...]:
        return tuple(each.id for each in self._waiting)

    def push(self, activation: Activation) -> None:
        if not activation.is_queued:
            activation.is_queued = True
            self._waiting.append(activation)

    def pop(self) -> Activation | None:
        if not self._waiting:
            return None
        index = self._choose(self.ready) if len(self._waiting) > 1 else 0
        activation = self._waiting.pop(index)
        activation.is_queued = False
        return activation

    def peek(self) -> Activation | None:
        return None

    def __len__(self) -> int:
        return len(self._waiting)
