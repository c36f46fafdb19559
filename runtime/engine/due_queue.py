"""What is due later: idle actors, snapshots, timers and delayed invocations, by time.

Entries are not moved when an actor is used; one that comes up early is put back by its handler.  So a busy actor costs
one entry for each time-out, not one for each message.
"""

from __future__ import annotations

import heapq
from itertools import count

import msgspec

from runtime.ids import ActorId
from runtime.records import Invocation


class Idle(msgspec.Struct, frozen=True, gc=False):
    """Look whether the actor has been without mail for long enough."""

    actor: ActorId


class SnapshotDue(msgspec.Struct, frozen=True, gc=False):
    """Write the actor's state, at `durability="snapshot"`."""

    actor: ActorId


class TimerDue(msgspec.Struct, frozen=True):
    """Invoke a timer action, while that definition is deployed."""

    actor: ActorId
    parent: str
    """The template's name."""
    action: str
    every_us: int
    definition: str


class Delayed(msgspec.Struct, frozen=True):
    """Deliver an invocation."""

    invocation: Invocation


Due = Idle | SnapshotDue | TimerDue | Delayed


class DueQueue:
    """A heap of due things."""

    __slots__ = ("_heap", "_order", "has_earlier")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Due]] = []
        self._order = count()
        self.has_earlier = False
        """Set when something was added that is due before everything else; the thread that waits for the time resets it."""

    def add(self, at_us: int, due: Due) -> None:
        entry = (at_us, next(self._order), due)
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self.has_earlier = True

    def set_back(self, by_us: int) -> None:
        """The clock was set back: what is due after a while comes that much earlier by it.  Delayed messages name a time."""
        self._heap = [(at if isinstance(due, Delayed) else at - by_us, order, due) for at, order, due in self._heap]
        heapq.heapify(self._heap)
        self.has_earlier = True

    def remove(self, invocation: str) -> None:
        """Forget a delayed invocation; one that is not there is passed over."""
        self._heap = [
            entry
            for entry in self._heap
            if not (isinstance(entry[2], Delayed) and entry[2].invocation.id == invocation)
        ]
        heapq.heapify(self._heap)

    def next_us(self) -> int | None:
        """When the next thing is due; None for never."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_us: int) -> tuple[int, Due] | None:
        """The oldest thing due by now, with its time."""
        if self._heap and self._heap[0][0] <= now_us:
            at_us, _, due = heapq.heappop(self._heap)
            return at_us, due
        return None
