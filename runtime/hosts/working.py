"""The decoded states of actors that had a turn lately.

Decoded, a state takes several times the memory of its encoded form, so only the last few thousand are kept: an actor that
has been idle for longer is decoded again at its next turn.
"""

from __future__ import annotations

from typing import Any

from runtime.hosts.program import Program
from runtime.ids import ActorId
from runtime.records import State

KEPT = 4_096
"""At least so many are kept, at most twice as many."""

Copy = tuple[State | None, Program, dict[str, Any]]
"""The state it was made from, the program that decoded it, and its fields."""


class WorkingCopies:
    """By actor.  Two generations: when the young one is full it becomes the old one, and what was old is forgotten.

    Any thread, as long as one actor is used by one thread at a time.
    """

    __slots__ = ("_kept", "_old", "_young")

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._young: dict[ActorId, Copy] = {}
        self._old: dict[ActorId, Copy] = {}

    def take(self, actor: ActorId) -> Copy | None:
        """The actor's copy, which is then nobody else's."""
        return self._young.pop(actor, None) or self._old.pop(actor, None)

    def put(self, actor: ActorId, copy: Copy) -> None:
        young = self._young
        if len(young) >= self._kept:
            self._old, self._young = young, (young := {})
        young[actor] = copy

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
