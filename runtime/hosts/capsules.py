"""Failed turns, kept as they were: the message, the state before it, and the exception with its live frames.

Only the last few, and in memory only: frames keep alive whatever their variables point to.  The text of every failure is in the
journal.
"""

from __future__ import annotations

from collections import deque
from types import TracebackType

import msgspec

from runtime.hosts.tracebacks import users_frames
from runtime.records import Failure, Outcome, Sent, Work

KEPT = 20


class Capsule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One failed turn of this process."""

    work: Work
    """All that the action was given: message, state before, tags, clock reading and seed."""
    failure: Failure
    error: BaseException
    """The action's own exception, or why the result was refused.  Raised again elsewhere, it gets other frames."""
    trace: TracebackType | None = None
    """The user's frames of the turn; None if there is none."""
    sent: tuple[Sent, ...] = ()
    """What the action had asked of others, with the answers."""


class Capsules:
    """The last failed turns of one host.  May be used by any thread."""

    __slots__ = ("_kept",)

    def __init__(self, limit: int = KEPT) -> None:
        self._kept: deque[Capsule] = deque(maxlen=limit)

    def keep(self, work: Work, outcome: Outcome) -> Outcome:
        """Note a failed turn; the outcome as it is, so that a host can return it in one go."""
        if outcome.failure is not None and outcome.error is not None:
            plain = Work(**{name: getattr(work, name) for name in Work.__struct_fields__})
            error = outcome.error
            trace = users_frames(error)
            self._kept.append(Capsule(work=plain, failure=outcome.failure, error=error, trace=trace, sent=outcome.sent))
        return outcome

    def all(self) -> list[Capsule]:
        """Oldest first."""
        return list(self._kept)

    def clear(self) -> None:
        """Let go of the frames, and of everything that they keep alive."""
        self._kept.clear()
