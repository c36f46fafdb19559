"""An actor in memory: its committed state, its mail, and the turn that is going on.

The life of an activation as a table.

Everything that changes an activation's phase goes through `after`, and nothing else does.  This module knows no actor, no
mailbox and no time.  A step that the table does not have is a defect and changes nothing.

             LOAD     LOADED   START    END      STOP      WAKE     DROP
    NEW      LOADING  ·        ·        ·        ·         ·        GONE
    LOADING  ·        READY    ·        ·        ·         ·        GONE
    READY    ·        ·        RUNNING  ·        STOPPING  ·        ·
    RUNNING  ·        ·        ·        READY    ·         ·        ·
    STOPPING ·        ·        ·        ·        ·         READY    GONE
    GONE     ·        ·        ·        ·        ·         ·        ·

STOPPING is the time between the decision to deactivate and the commit of the last state; a message that arrives then wakes
the actor, so at most one activation of an actor exists and none is lost between two.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import msgspec

from runtime.engine.supervision import Suspension
from runtime.errors import InternalError
from runtime.ids import ActorId
from runtime.records import Invocation, Phase, Snapshot, State, Turn

if TYPE_CHECKING:
    from runtime.engine.commands import Run


# --- The life of an activation as a table -----------------------------------------------------------------------------


class Signal(IntEnum):
    """What happens to an activation."""

    LOAD = 0
    LOADED = 1
    START = 2
    END = 3
    STOP = 4
    WAKE = 5
    DROP = 6


_N = None
TABLE: tuple[tuple[Phase | None, ...], ...] = (
    (Phase.LOADING, _N, _N, _N, _N, _N, Phase.GONE),
    (_N, Phase.READY, _N, _N, _N, _N, Phase.GONE),
    (_N, _N, Phase.RUNNING, _N, Phase.STOPPING, _N, _N),
    (_N, _N, _N, Phase.READY, _N, _N, _N),
    (_N, _N, _N, _N, _N, Phase.READY, Phase.GONE),
    (_N, _N, _N, _N, _N, _N, _N),
)


def after(phase: Phase, signal: Signal) -> Phase:
    """The phase that follows.

    Raises:
        InternalError: the table has no such step.
    """
    following = TABLE[phase][signal]
    if following is None:
        raise InternalError(f"An activation that is {phase.name} got {signal.name}, which is not possible.")
    return following


# --- Activation -------------------------------------------------------------------------------------------------------

_START, _END = Signal.START, Signal.END
_READY, _RUNNING = Phase.READY, Phase.RUNNING
_NO_TAGS: dict[str, str] = {}
"""Shared: tags are replaced, never changed in place."""


class Activation:
    """At most one exists for an actor (`directory.py`).  Only the engine changes it."""

    __slots__ = (
        "asking",
        "failures",
        "id",
        "is_queued",
        "keys",
        "last_active_us",
        "last_sequence",
        "mailbox",
        "needs_init",
        "outside",
        "parent",
        "phase",
        "revision",
        "running",
        "snapshot_due_us",
        "started_us",
        "state",
        "state_definition",
        "suspended",
        "tags",
        "turn",
        "turns",
        "unsaved",
    )

    def __init__(self, actor: ActorId, parent: str, now_us: int) -> None:
        self.id = actor
        self.parent = parent
        """The template; empty until the store was asked, for a name that no one declared."""
        self.phase = Phase.NEW
        self.mailbox: Mailbox | None = None
        self.outside: Mailbox | None = None
        """Messages that wait to be let into a full mailbox (`MailboxPolicy.WAIT`)."""
        self.needs_init = False
        """Its `@init` failed, and it has not left memory yet: a message that arrives meanwhile comes after another try."""
        self.suspended: Suspension | None = None
        """How its failures are counted, once there are any (`supervision`)."""
        self.state: State | None = None
        self.state_definition = ""
        self.tags = _NO_TAGS
        self.revision = 0
        self.turn = 0
        """Counts turns; a result of another turn than this one is fenced off."""
        self.running: Run | None = None
        self.started_us = 0
        self.last_active_us = now_us
        self.last_sequence = 0
        """The journal must hold this turn before the actor may leave memory."""
        self.is_queued = False
        """In the ready queue; an activation is there at most once."""
        self.unsaved = False
        """Has changes that neither journal nor snapshot holds; only at `durability="snapshot"`."""
        self.snapshot_due_us = 0
        """When the next snapshot is written; 0 for none that is due."""
        self.asking: dict[str, ActorId] | None = None
        """Questions of the running turn without an answer yet: invocation to actor (see `call_graph`)."""
        self.keys: dict[str, Turn] | None = None
        self.turns = 0
        self.failures = 0

    def signal(self, signal: Signal) -> None:
        """Take one step of the life-cycle table.

        Raises:
            InternalError: the table has no such step; the phase is unchanged.
        """
        following = TABLE[self.phase][signal]
        self.phase = following if following is not None else after(self.phase, signal)

    def begin(self, now_us: int) -> Envelope:
        """A turn of the first message starts: take it out of the mailbox."""
        self.phase = _RUNNING if self.phase is _READY else after(self.phase, _START)
        self.turn += 1
        self.started_us = now_us
        return self.pop()

    def end(self) -> None:
        """The turn has ended."""
        self.phase = _READY if self.phase is _RUNNING else after(self.phase, _END)
        self.running = self.asking = None

    @property
    def waiting(self) -> int:
        inside = len(self.mailbox) if self.mailbox is not None else 0
        return inside + (len(self.outside) if self.outside is not None else 0)

    def push_first(self, envelope: Envelope) -> None:
        if self.mailbox is None:
            self.mailbox = deque()
        self.mailbox.appendleft(envelope)

    def pop(self) -> Envelope:
        assert self.mailbox is not None
        envelope = self.mailbox.popleft()
        if not self.mailbox:
            self.mailbox = None
        return envelope

    def restore(self, snapshot: Snapshot) -> None:
        self.parent = snapshot.parent
        self.state, self.state_definition = snapshot.state, snapshot.definition
        self.tags, self.revision = dict(snapshot.tags) or _NO_TAGS, snapshot.revision

    def snapshot(self, at_us: int, status: str) -> Snapshot:
        return Snapshot(
            actor=self.id,
            parent=self.parent,
            revision=self.revision,
            state=self.state,
            tags=self.tags,
            definition=self.state_definition,
            at_us=at_us,
            status=status,
        )


# --- Messages that wait for one actor, in the order in which they arrived ---------------------------------------------


class Envelope(msgspec.Struct, gc=False):
    """An invocation on its way, with the place where its reply goes.  Nothing that it holds leads back to it."""

    invocation: Invocation
    waiter: Any
    """Opaque to the engine; None when no one waits."""
    enqueued_us: int
    key_checked: bool = True
    """It has no idempotency key, or the key is known to be new."""
    is_init: bool = False


Mailbox = deque[Envelope]
"""First in, first out.  An actor without mail has none, which keeps 100,000 idle actors small."""
