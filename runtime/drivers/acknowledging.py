"""Which of the events that a projection was sent it has processed: a window between sending and the answer."""

from __future__ import annotations

import threading

import msgspec

from runtime import errors
from runtime.records import Reply

MOST_WAITING = 1_000
"""Events sent ahead of the one that is processed."""

_NOT_RUN = frozenset(
    error.code
    for error in (
        errors.ActorSuspended,
        errors.MailboxFull,
        errors.NotDeployed,
        errors.StoreUnavailable,
        errors.SystemStopped,
        errors.UnknownActor,
    )
)
"""Refusals that pass: the action did not run, and the event has to be sent again."""


class Window:
    """Events sent in order to one actor.  One thread sends; answers may come from any.

    It opens with the first answer: until then the actor may have to be brought into memory, which can fail, and whatever was sent
    behind it would be refused, and overtake it when sent again.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        """`most` is how many may be without an answer, 1 or more."""
        self._most = most
        self._changed = threading.Condition()
        self._unanswered = 0
        self._is_open = False
        self._is_closed = False
        self._refused: int | None = None

    def room(self) -> bool:
        """Wait until another event may be sent; False when one was refused, or nothing is to be sent any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stuck or self._unanswered < (self._most if self._is_open else 1))
            return not self._is_stuck

    def sending(self, sequence: int) -> Acknowledgement:
        """Where the answer of the event with that sequence goes."""
        with self._changed:
            self._unanswered += 1
        return Acknowledgement(self, sequence)

    def answered(self, sequence: int, reply: Reply) -> None:
        """An event was processed, or refused."""
        with self._changed:
            self._unanswered -= 1
            self._is_open = True
            if reply.failure is not None and reply.failure.code in _NOT_RUN:
                self._refused = sequence if self._refused is None else min(self._refused, sequence)
            self._changed.notify_all()

    def drained(self) -> int | None:
        """Wait until everything is answered; the first event that was refused, which closes the window, or None."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._unanswered == 0)
            refused, self._refused, self._is_open = self._refused, None, False
            return refused

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def _is_stuck(self) -> bool:
        return self._is_closed or self._refused is not None


class Acknowledgement(msgspec.Struct, eq=False):
    """A waiter (`waiters.Waiter`) for the answer to one event."""

    window: Window
    sequence: int

    def deliver(self, reply: Reply) -> None:
        """Called once, by any thread."""
        self.window.answered(self.sequence, reply)
