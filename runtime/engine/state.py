"""What all parts of an engine share: its state, and the few things that several of them do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice

import msgspec

from runtime.config import Durability
from runtime.engine import call_graph
from runtime.engine.activation import Activation, Envelope, Signal
from runtime.engine.commands import Answer, Command, Forget
from runtime.engine.directory import Directory
from runtime.engine.due_queue import Delayed, DueQueue
from runtime.engine.feed import Feed
from runtime.engine.journal import Journal
from runtime.engine.ready import ReadyQueue
from runtime.engine.supervision import Intensity
from runtime.errors import (
    ActorSuspended,
    MailboxFull,
    NotDeployed,
    SpawnError,
    StoreUnavailable,
    SystemStopped,
    UnknownActor,
)
from runtime.ids import ActorId, IdSource, InvocationId
from runtime.records import DeadLetter, Event, EventKind, Failure, Invocation, Lifecycle, Phase, Reply
from runtime.security.access_policies import AccessRules

NOTHING: list[Command] = []
"""The usual result of an event; shared, so never changed."""

_MOST_PROBLEMS = 20
AGAIN_US = 1_000_000
"""A scheduled invocation that could not be taken is tried again so much later."""


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine needs to know beforehand."""

    system: str
    durability: Durability = Durability.JOURNAL
    mailbox_limit: int = 100_000
    intensity: Intensity = Intensity()
    rules: AccessRules | None = None
    """Who may call what; None allows everything."""
    unwritten_limit: int = 100_000
    """Finished turns that may wait for the store before no further turn is started."""


class Core:
    """The state of one engine."""

    __slots__ = (
        "_last_moment_us",
        "accepted_before",
        "breakpoints",
        "directory",
        "due_queue",
        "feed",
        "ids",
        "is_closed",
        "is_draining",
        "is_held",
        "is_stopped",
        "journal",
        "letters_left",
        "options",
        "problems",
        "ready",
        "seed",
        "store_error",
        "unclaimed",
    )

    def __init__(
        self, options: EngineOptions, *, head: int, ids: IdSource, seed: Callable[[], int], ready: ReadyQueue
    ) -> None:
        self.options = options
        self.directory = Directory()
        self.journal = Journal(head)
        self.feed = Feed()
        self.due_queue = DueQueue()
        self.ready = ready
        self.breakpoints: dict[ActorId, Breakpoint] = {}
        """Actors that stop at messages, by hand (`breakpoints.py`)."""
        self.ids = ids
        self.seed = seed
        self.is_stopped = False
        self.store_error = ""
        self.problems: deque[str] = deque(maxlen=_MOST_PROBLEMS)
        """What was not written as it should have been, in words; the newest last."""
        self.accepted_before: set[InvocationId] = set()
        """Durable messages that the store had when it was opened: whatever they were for was known then."""
        self.unclaimed: list[Invocation] = []
        """Scheduled invocations that were due before the code of their actor was deployed."""
        self.is_closed = False
        """Stopped, or the store fails: no message is taken.  One flag, because every message looks at it."""
        self.letters_left: dict[str, int] = {}
        """Messages that a stop has left as dead letters, by actor."""
        self.is_draining = False
        """What waits may be processed before the stop: closed, but for messages that turns send."""
        self._last_moment_us = 0
        self.is_held = False
        """The store fails or is too far behind: no turn is started."""

    def backlog(self) -> int:
        """How many actors could run a turn now."""
        return 0 if self.is_held else len(self.ready)

    def hold_or_go_on(self) -> None:
        """See whether turns may be started, now that something was recorded, written or not written."""
        self.is_held = bool(self.store_error) or self.journal.unwritten > self.options.unwritten_limit

    def why_closed(self) -> SpawnError:
        """The error for a message that is not taken."""
        if self.is_stopped or self.is_draining:
            return SystemStopped(self.options.system)
        return StoreUnavailable(
            f"{self.store_error}\nNo turns are run until it can be written again, which is retried; "
            f"{self.journal.unwritten_text} not on disk yet."
        )

    def refuse(self, invocation: Invocation, waiter: object, error: SpawnError, now_us: int) -> list[Command]:
        """Answer with an error, or tell the feed if no one waits.

        A message of the store is not given up for what passes: it waits for its code, or is tried again; after a stop, by the
        next process that opens the store.  For what does not pass, such as an action that its actor does not have, it stays
        in the store as a dead letter.
        """
        if invocation.scheduled_to_us and waiter is None:
            if isinstance(error, NotDeployed) or (isinstance(error, UnknownActor) and self._may_come(invocation)):
                self.unclaimed.append(invocation)
                return NOTHING
            if isinstance(error, (StoreUnavailable, MailboxFull, ActorSuspended)):
                self.due_queue.add(now_us + AGAIN_US, Delayed(invocation))
                return NOTHING
            if isinstance(error, SystemStopped):
                return NOTHING
        if invocation.path:
            call_graph.answered(self.directory, invocation)
        if waiter is not None:
            if invocation.durable and invocation.scheduled_to_us and not isinstance(error, SystemStopped):
                self._disown(invocation)
            return [Answer(waiter, failed(invocation.id, error))]
        if isinstance(error, SystemStopped):
            return self._keep_unprocessed(invocation, now_us)
        if invocation.scheduled_to_us:
            self._keep_letter(invocation, error.code, str(error), now_us)
            return NOTHING
        self.feed.undelivered(DeadLetter(at_us=now_us, invocation=invocation, code=error.code, why=str(error)))
        return NOTHING

    def _may_come(self, invocation: Invocation) -> bool:
        """Whether the code of an actor that no one knows is waited for.

        It is for a schedule, for what an earlier run has accepted, and for what was deployed then.  A durable message to any
        other name is as undeliverable as one that is not durable.
        """
        name = invocation.parent or invocation.actor.name
        return (
            not invocation.durable
            or invocation.id in self.accepted_before
            or name in self.directory.deployed_before
            or any(each.actor == invocation.actor for each in self.unclaimed)  # one before it may name the template
        )

    def settle(self, invocation: Invocation) -> None:
        """A message of the store was executed, or is given up; written together with its turn."""
        self.journal.settle(invocation)
        self.feed.forget_letter(invocation.id)

    def _disown(self, invocation: Invocation) -> None:
        """The one who waits for it hears that it was refused: it is not executed later.  A dead letter stays one."""
        if invocation.id not in self.feed.kept_letters:
            self.journal.settle(invocation)

    def next_moment(self, now_us: int) -> int:
        """When a durable message is accepted; each one later than those before, so that the store keeps their order."""
        self._last_moment_us = max(now_us, self._last_moment_us + 1)
        return self._last_moment_us

    def saw_moment(self, at_us: int) -> None:
        """A durable message of an earlier run was accepted then."""
        self._last_moment_us = max(at_us, self._last_moment_us)

    def _keep_letter(self, invocation: Invocation, code: str, why: str, now_us: int) -> None:
        """Write a message as a dead letter, in the place of the message where the store has that already."""
        kept = msgspec.structs.replace(
            invocation, undelivered=why, undelivered_code=code, scheduled_to_us=self.next_moment(now_us), path=()
        )
        self.journal.schedule(kept)
        self.feed.undelivered(dead_letter(kept))

    def _keep_unprocessed(self, invocation: Invocation, now_us: int) -> list[Command]:
        """Keep a message that was accepted, and that a stop leaves."""
        if invocation.caller is not None and not invocation.cause:
            return NOTHING  # a timer's call: the timer comes back with its code
        why = f"{self.options.system} was stopped before {invocation.actor.name} could process it."
        self._keep_letter(invocation, SystemStopped.code, why, now_us)
        self.letters_left[invocation.actor.name] = self.letters_left.get(invocation.actor.name, 0) + 1
        return NOTHING

    def restore_letter(self, kept: Invocation) -> None:
        """List a dead letter of the store again."""
        self.saw_moment(kept.scheduled_to_us)
        self.feed.kept_letters[kept.id] = dead_letter(kept)

    def answer(self, envelope: Envelope, reply: Reply, *, after_commit: bool = False) -> list[Command]:
        """Answer now, or when everything recorded so far is on disk."""
        waiter = envelope.waiter
        if envelope.invocation.path:
            call_graph.answered(self.directory, envelope.invocation)
        if waiter is None:
            return NOTHING
        answer = Answer(waiter, reply)
        return NOTHING if after_commit and self.journal.hold(answer) else [answer]

    def let_go(self, activation: Activation, now_us: int) -> list[Command]:
        """Remove an activation whose last state is on disk."""
        activation.signal(Signal.DROP)
        self.directory.drop(activation)
        self.mark(activation.id, "deactivated", now_us, activation.revision, activation.state_definition)
        template = self.directory.templates.get(activation.parent)
        return [Forget(activation.id, template.host)] if template is not None else NOTHING

    def mark(self, actor: ActorId, event: str, now_us: int, revision: int = 0, definition: str = "") -> None:
        """Note a life-cycle event in the journal and the feed."""
        self.journal.mark(Lifecycle(now_us, actor, event, revision, definition))
        if self.feed.is_watched:
            self.feed.publish(Event(EventKind(event), now_us, actor, text=definition))


def dead_letter(kept: Invocation) -> DeadLetter:
    """A dead letter from how the store keeps it."""
    return DeadLetter(
        at_us=kept.scheduled_to_us,
        invocation=msgspec.structs.replace(kept, undelivered="", undelivered_code="", scheduled_to_us=0),
        code=kept.undelivered_code or SystemStopped.code,
        why=kept.undelivered,
        kept=True,
    )


# --- A hold on one actor: where its messages stop, and the one that may pass all the same -----------------------------

Condition = Callable[[Invocation], bool]

_LOOKED_AT = 256


class Breakpoint(msgspec.Struct, eq=False):
    """Kept by actor, not by activation: it outlives a deactivation, and also holds an actor that is not in memory yet."""

    actor: ActorId
    when: Condition | None
    """The message at which the actor stops; None stops it at every one."""
    is_stopped: bool
    """Nothing runs but what is let through by hand; else messages run until one meets the condition."""
    passing: str = ""
    """The first message's id, when it may run: it was let through, or does not meet the condition."""
    trouble: str = ""
    """What the condition raised; a message that it cannot judge stops."""


def pinned(activation: Activation) -> int:
    """How many of the first messages cannot be touched: `init`, and the one that the store or a condition is asked about."""
    first = sum(1 for envelope in activation.mailbox or () if envelope.is_init)
    is_asking = activation.phase is Phase.RUNNING and activation.running is None
    return max(first, int(is_asking))


def has_own_call(activation: Activation, action: str) -> bool:
    """Whether the actor's call of its own action (a timer's) waits already, among the last that came."""
    return any(
        each.invocation.action == action and each.invocation.caller == activation.id
        for each in islice(reversed(activation.mailbox or ()), _LOOKED_AT)
    )


# --- Replies from errors ----------------------------------------------------------------------------------------------


def failed(invocation: InvocationId, error: SpawnError) -> Reply:
    """The reply of an invocation that was refused."""
    return Reply(invocation, None, Failure(error.code, str(error)), error)
