"""`SystemApi`: the one seam between the workbench and whatever runs actors (docs/architecture.md, "Two roles and one seam").

The embedded system, another node and a real Spawn proxy implement it.  They differ in what they can do, so each says which
`Capability`s it has, and everything else is refused with a `NotCapable` that names the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeGuard, Unpack

import msgspec

from runtime.ids import ActorId
from runtime.records import (
    DeadLetter,
    Encoded,
    Event,
    Invocation,
    Left,
    Lifecycle,
    RetentionMark,
    State,
    StoredDefinition,
    Turn,
)

if TYPE_CHECKING:
    from runtime.authoring.definition import ActorDefinition
    from runtime.hosts.capsules import Capsule
    from runtime.system.debugger import Debugger
    from runtime.system.guest_acts import GuestActs


class Capability(StrEnum):
    """Something a system may or may not be able to do."""

    INVOKE = "invoke"
    DEPLOY = "deploy"
    """Actors can be defined here; their code runs in this process."""
    LIST = "list"
    STATE = "state"
    MAILBOX = "mailbox"
    HISTORY = "history"
    """Committed turns can be read."""
    WATCH = "watch"
    """Events arrive as they happen."""
    HOLD = "hold"
    """Actors can be held at a message, and messages dropped, doubled and moved."""
    FAULTS = "faults"
    """Delays, failures and crashes can be injected."""
    PENDING = "pending"
    """It says which messages of a chain are still on their way."""
    CAPSULES = "capsules"
    """Failed turns keep their frames; what failed can be sent again as the very message that it was."""
    LETTERS = "letters"
    """Messages that could not be delivered can be sent again, and discarded."""


LOCAL = frozenset({Capability.HOLD, Capability.FAULTS, Capability.PENDING, Capability.CAPSULES})
"""What only the process that runs the actors can offer; no connection passes it on."""


class CallOptions(TypedDict, total=False):
    """How a call is made: the keywords of `SystemApi.invoke`, passed on as they are.  None is the same as leaving one out."""

    parent: str | None
    """The template to make the actor from at its first call."""
    system: str | None
    """Another actor system of this runtime."""
    asynchronous: bool
    """None at once, when the message is accepted.  That means memory: a kill loses what was accepted and not processed, unless
    the call or the actor is durable."""
    delay: float | str | None
    """Seconds, or text such as `"10s"`; asynchronous."""
    scheduled_to: datetime | None
    """An aware datetime; asynchronous."""
    metadata: Mapping[str, str] | None
    """Text by name, which the action sees as `ctx.metadata`."""
    timeout: float | None
    """Seconds to wait; the runtime's default is 60."""
    key: str | None
    """Idempotency key: on one actor, executed once; later calls get the recorded response."""
    durable: bool
    """For asynchronous calls: accepted means on disk.  The message is executed at least once, also after a kill, in order for each
    actor; with a key exactly once.  `Actor(…, durable_mailbox=True)` says so for all of an actor."""


class FieldChange(msgspec.Struct, frozen=True):
    """How one state field fares under a redeploy."""

    name: str
    change: str
    """`kept`, `added`, `dropped` or `retyped`."""
    detail: str = ""


class DeployReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a deploy changed.  Empty tuples mean no change of that sort."""

    actor: str
    definition: str
    previous: str = ""
    """Hash of the definition that was replaced; empty for a first deploy."""
    changed: bool = True
    """False when the same definition was deployed again: nothing happened."""
    added_actions: tuple[str, ...] = ()
    removed_actions: tuple[str, ...] = ()
    changed_actions: tuple[str, ...] = ()
    """`name(old) -> name(new)` for each signature that differs, `name (body)` where only the code does."""
    changed_settings: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    dropped_fields: tuple[str, ...] = ()
    """Fields whose stored values are kept beside the state until `confirm_dropped`."""
    children: int = 0
    """Active actors that run the new code from their next turn."""
    revision: int = 0
    """The named actor's revision, which a redeploy does not change."""
    waiting: int = 0
    """Messages in the mailboxes, all kept."""
    notes: tuple[str, ...] = ()
    """What else the user should know, as sentences: behind a real proxy not everything holds at once."""


class ActorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `%actors`."""

    id: ActorId
    parent: str
    kind: str
    phase: str
    """`passive` (only in the store), `loading`, `ready`, `running`, `held`, `suspended`, `stopping` or `template`."""
    revision: int = 0
    waiting: int = 0
    definition: str = ""
    deployed: bool = False
    """Its code is loaded here."""
    turns: int = 0
    """Turns since the system began; kept, beyond those in memory, of the 10,000 actors that left it last."""
    failures: int = 0
    """Failed ones among them."""
    last_turn_us: int = 0
    oldest_waiting_us: int = 0
    action: str = ""
    """The action that is running; empty for none."""
    action_started_us: int = 0
    durability: str = ""
    """`snapshot`, `journal` or `commit`; empty where it is not known."""
    state_bytes: int = 0
    """Size of the committed state as it is encoded; 0 for none."""
    stored_revision: int = 0
    """The revision that the store has.  Less than `revision`: a kill now goes back to it.  Of an active actor only `info` says
    it, and only where the store can be read; a list leaves it and the next three out."""
    stored_us: int = 0
    """When that was written; 0 for never, or not known."""
    stored_bytes: int = 0
    stored_status: str = ""
    """The row's word for it, as Spawn writes it: `ACTIVATED` or `DEACTIVATED`."""
    snapshot_due_us: int = 0
    """When the next snapshot is written; 0 for none that is due, as with a journal."""
    deactivation_due_us: int = 0
    """When the actor leaves memory unless something calls it until then; 0 for one that is not in memory, or stays."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One invocation in a mailbox."""

    invocation: str
    action: str
    caller: str
    enqueued_us: int
    running: bool = False
    payload: Encoded | None = None
    started_us: int = 0
    """When its turn began; 0 while it waits."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier stop or a kill has left in a store."""

    dead_letters: int = 0
    """Messages that are kept to be looked at or sent again."""
    waiting_for_code: dict[str, int] = {}
    """How many accepted messages wait until their actor is deployed, by actor."""


class SystemStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a system is doing."""

    system: str
    store: str
    """The store's URL, without secrets."""
    running: bool
    actors: int = 0
    waiting: int = 0
    turns: int = 0
    sequence: int = 0
    """Last finished turn."""
    committed: int = 0
    """Last turn on disk."""
    store_error: str = ""
    dropped_events: int = 0
    durability: str = ""
    """That of actors whose class does not say; empty where it is not known."""
    loop_blocked_by: str = ""
    """The coroutine action that keeps all others waiting, since when and where; empty for none."""
    guests: tuple[str, ...] = ()
    """Whose code runs where it is that of another process, one sentence for each such actor; only the owner knows it."""
    problems: tuple[str, ...] = ()
    """In words: what could not be written whole, what cannot be read, and what went wrong in the runtime's own threads."""
    told: str = ""
    """What a proxy of Spawn's own tells of itself, in words: it does not tell the numbers here."""


class Subscription(Protocol):
    """A bounded view of the feed.  Never slows a turn down: what does not fit is dropped, oldest first, and counted."""

    dropped: int

    def drain(self) -> list[Event]:
        """All events since the last call, oldest first; never blocks."""
        ...

    def close(self) -> None: ...


class SystemApi(Protocol):
    """An actor system that one can use: invoke, deploy to, look into."""

    name: str
    capabilities: frozenset[Capability]

    def deploy(self, actor: type) -> DeployReport:
        """Make an actor class this system's definition of its name, keeping state and mailboxes.

        Raises:
            DefinitionError: the class cannot be an actor; the earlier definition, if any, still runs.
        """
        ...

    def undeploy(self, actor: str) -> None:
        """Forget an actor's code.  Its state and history stay in the store."""
        ...

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        """Delete the values of fields that redeploys of this actor dropped; their names."""
        ...

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Any:
        """Call an action and wait for its response, decoded; None at once for `asynchronous` and delayed calls.

        Args:
            payload: a mapping of parameter names to values, a protobuf message, or None.
            options: see `CallOptions`.

        Raises:
            UnknownActor, UnknownAction, BadPayload, NotDeployed: nothing was run.
            ActionFailed: the action raised; its exception is the `__cause__` where it ran in this process.
            BadSetting: an option that is unknown, or whose value cannot be recorded; nothing was sent.
            InvocationTimeout: no answer in time.
            WouldBlock: called where waiting would block an event loop; the message shows the call to use.
        """
        ...

    def ainvoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Awaitable[Any]:
        """`invoke` for coroutines, with the same arguments."""
        ...

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        """Actors by name: templates, active ones and, with `passive`, those only in the store.

        With `prefix`, only names that start with it; so an actor among a million passive ones can be found.
        """
        ...

    def info(self, actor: str) -> ActorInfo:
        """The line of one actor in `actors`, at the cost of a look-up: widgets ask for it 10 times a second.

        Raises:
            UnknownActor: nothing is known under that name.
        """
        ...

    def actions(self, actor: str) -> dict[str, str]:
        """Action names to signatures, for an actor that is deployed here."""
        ...

    def state(self, actor: str, revision: int | None = None) -> Any:
        """The committed state, decoded, now or at a past revision.  Never wakes the actor; None if it has none.

        Raises:
            UnknownActor: nothing is known under that name.
            UnknownRevision: not that revision; the message names the oldest that is kept.
        """
        ...

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        """`state`, not decoded: for a caller that passes it on."""
        ...

    def restore(self, actor: str, revision: int) -> int:
        """Continue an actor from the state of a past revision; the number of the new revision that has it.

        The past is not pinned: the state is copied into the next revision, in mailbox order, and history goes on from there.

        Raises:
            UnknownActor: the actor, or that revision of it, is not known.
            NotDeployed, BadState: its code is not loaded, or the old state does not fit it.
        """
        ...

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        """The invocation being processed, then those that wait, in order: the first `limit` of them."""
        ...

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        """Committed turns, oldest first, in batches (see `StateStore.turns`)."""
        ...

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        """The same turns as columns, for SQL over very many (see `StateStore.history_batches`)."""
        ...

    def retention_mark(self) -> RetentionMark:
        """How much of the past was removed."""
        ...

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        """Life-cycle marks, oldest first, without the first `after`."""
        ...

    def definitions(self) -> list[StoredDefinition]: ...

    def dead_letters(self) -> list[DeadLetter]:
        """The last messages that could not be delivered and for whose answer no one waited, oldest first."""
        ...

    def retry_letter(self, invocation: str, timeout: float | None = None) -> Any:
        """Send a dead letter again as it was, and wait for its answer.  Errors as `invoke`.

        It keeps its id, and leaves the list with the turn that processes it, whatever comes of that; refused again, it stays.

        Raises:
            UnknownLetter: none has that id.
            NotCapable: the system is a proxy, or an older node.
        """
        ...

    def discard_letters(self, invocations: Collection[str]) -> int:
        """Give these dead letters up for good, over a restart too; how many there were.

        Raises:
            StoreUnavailable: that could not be written yet.
            NotCapable: the system is a proxy, or an older node.
        """
        ...

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        """Events from now on; at most `limit` undrained."""
        ...

    def flush(self, timeout: float = 10.0) -> int:
        """Wait until everything that was answered is on disk; the last committed sequence.

        Raises:
            StoreUnavailable: not within `timeout` seconds; the message says how many turns are not yet written.
        """
        ...

    def status(self) -> SystemStatus: ...

    def close(self) -> None:
        """Finish turns in progress, write everything, stop.  Safe to call twice."""
        ...


class LocalSystem(SystemApi, Protocol):
    """What the system of this process offers beyond `SystemApi`: see `offers`, `is_local`."""

    def pending(self, correlations: Collection[str]) -> list[Invocation]:
        """Messages of these chains that wait or are being processed."""
        ...

    def initial_state(self, definition: str) -> State:
        """The state with which a new actor of this definition, named by its hash, begins."""
        ...

    def resend(self, invocation: Invocation, timeout: float | None = None) -> Any:
        """Send a message again as it was and wait for its answer.  Errors as `invoke`."""
        ...

    def deployed(self, actor: str) -> ActorDefinition | None:
        """The definition that is deployed under this name."""
        ...

    def preview(self, actor: type | ActorDefinition) -> DeployReport:
        """What a deploy would change; nothing is deployed.

        Raises:
            DefinitionError: the class cannot be deployed.
        """
        ...

    def held_actors(self) -> list[str]:
        """Names of all actors that are held at a message."""
        ...

    def abandon(self, actor: str) -> bool:
        """Give up the turn that an actor is in: its caller gets an error, the state stays; False if there is none."""
        ...

    def capsules(self) -> list[Capsule]:
        """The last turns that failed in this process, oldest first, with message, state before and live frames."""
        ...

    def loaded(self) -> list[ActorDefinition]:
        """The definitions that are deployed now."""
        ...

    def remembered(self, definition: str) -> ActorDefinition | None:
        """A definition that was deployed in this process, perhaps replaced since, by its hash."""
        ...

    def backlog(self) -> Backlog:
        """What an earlier stop or a kill has left."""
        ...

    @property
    def debugger(self) -> Debugger:
        """Breakpoints and faults."""
        ...

    @property
    def guest_acts(self) -> GuestActs:
        """What other processes did to this system."""
        ...

    @property
    def waiting_at_close(self) -> dict[str, int] | None:
        """While `close` processes messages: how many wait, by actor; else None."""
        ...

    def close(self, *, drain: float | None = None) -> None:
        """`SystemApi.close`; accepted messages for whose answer no one waits are processed for at most `drain` seconds."""
        ...

    def cut_short(self) -> None:
        """Have a `close` in another thread leave what still waits, at once."""
        ...

    @property
    def left(self) -> Left:
        """What `close` did not get to."""
        ...


def offers(system: SystemApi, capability: Capability) -> TypeGuard[LocalSystem]:
    """Tell whether a system has one of the `LOCAL` capabilities, and with it the methods of `LocalSystem`."""
    return capability in LOCAL & system.capabilities


def is_local(system: SystemApi) -> TypeGuard[LocalSystem]:
    """Tell whether a system runs its actors in this process."""
    return system.capabilities >= LOCAL
