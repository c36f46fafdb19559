"""What travels between the parts: plain, frozen records.

They are `msgspec.Struct`s: frozen and slotted like a dataclass of that kind, but made and encoded in C, which is what lets
the record of a turn cost under a microsecond.  Those without the means to form a cycle are left out of garbage collection.
Records that are stored are array-like; their fields may only be added at the end, with a default, so that every later version
reads every earlier file (docs/journal.md, "What a turn keeps").

Times are microseconds since the epoch (`_us`).  Encoded values are opaque here: the engine never looks into them.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from runtime.ids import ActorId, InvocationId

JSON = "json"
"""`Encoded.type` of a JSON value.  Anything else is a protobuf type URL."""

NOOP = "noop"
"""`Encoded.type` of nothing, said explicitly: Spawn's protocol tells it apart from a payload that is not there."""

NOTHING = frozenset({NOOP, "", "type.googleapis.com/google.protobuf.Empty", "type.googleapis.com/spawn.Noop"})
"""Types of values that mean nothing to their reader (docs/protocols.md, "Nothing")."""

IMPLICIT_READS = ("get", "Get", "get_state", "getState", "GetState")
"""Actions that answer the state without calling the host (docs/protocols.md, "Implicit reads")."""

CONFIRM_DROPPED = "spawn.confirm_dropped"
"""The runtime's own action: forget the values of fields that redeploys dropped.  No method can have this name."""

RESTORE = "spawn.restore"
"""The runtime's own action: continue from the state that is the payload, as a new revision."""

CURSOR_TAG = "spawn.source"
"""The tag in which a projection keeps the last source turn that it has processed; the runtime's own."""

SOURCE_METADATA = "spawn.source"
"""Metadata of an event for a projection: the sequence of the turn it comes from."""

INIT_NAMES = ("init", "Init", "setup", "Setup")
"""Action names that run once per activation before any message (docs/protocols.md, "Init names")."""


class Encoded(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value as bytes, with what is needed to decode it.

    For `JSON`, `data` is JSON text in UTF-8; else the serialised protobuf message of that type URL.
    """

    type: str
    data: bytes


class Invocation(msgspec.Struct, frozen=True, gc=False):
    """One call of one action."""

    id: InvocationId
    actor: ActorId
    action: str
    payload: Encoded | None = None
    parent: str = ""
    """The template to make the actor from if it does not exist yet (Spawn's `register_ref`)."""
    caller: ActorId | None = None
    cause: str = ""
    """The invocation during which this one was sent; empty from outside."""
    correlation: str = ""
    """The first invocation of the chain; its own id from outside."""
    key: str = ""
    """Idempotency key; empty for none."""
    metadata: dict[str, str] = {}
    asynchronous: bool = False
    scheduled_to_us: int = 0
    """Run not before this time; 0 for at once."""
    path: tuple[ActorId, ...] = ()
    """The actors that wait, each for the next, for this call; how a cycle is seen."""
    hops: tuple[str, ...] = ()
    """`actor.action` of the pipes and forwards that led here; how an endless route is seen."""
    after_commit: bool = False
    """Answer when everything so far is on disk: a turn that handed its caller on promised that."""
    durable: bool = False
    """Accepted means on disk: the message is in the store until a turn of it is, and is executed after a restart, too."""
    undelivered: str = ""
    """Why it was not delivered, for a message that the store keeps as a dead letter; empty for every other."""
    undelivered_code: str = ""
    """Of the error that kept it from being delivered; empty for a stop of its system."""


class State(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The committed state of an actor."""

    value: Encoded
    dropped_fields: bytes = b""
    """JSON of fields that a redeploy dropped, kept until confirmed; empty for none."""


class Failure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why a turn failed, as text that crosses processes."""

    code: str
    """`SpawnError.code` of the class."""
    message: str
    type_name: str = ""
    """The user's exception class, for `action_failed`."""
    text: str = ""
    trace: str = ""
    """Traceback text of the user's frames only."""

    @property
    def headline(self) -> str:
        """Class and text of what went wrong: the first line."""
        text = (self.text if self.type_name else self.message).strip().partition("\n")[0]
        return f"{self.type_name}: {text}" if self.type_name and text else self.type_name or text


class Sent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message that an action sent during its turn, and the reply it got if it asked."""

    actor: ActorId
    action: str
    payload: Encoded | None
    invocation: InvocationId
    asked: bool
    """False for `ctx.tell`."""
    reply: Encoded | None = None
    failure: Failure | None = None


class Route(msgspec.Struct, frozen=True, array_like=True):
    """Where a pipe or a forward goes."""

    actor: str
    action: str
    parent: str = ""


class Effect(msgspec.Struct, frozen=True, array_like=True):
    """An invocation to start after the turn, its result unused."""

    actor: str
    action: str
    payload: Encoded | None = None
    parent: str = ""
    delay_ms: int = 0
    scheduled_to_us: int = 0
    metadata: dict[str, str] = {}
    caller: ActorId | None = None
    """Who is said to have sent it; None for the actor that had the turn."""
    system: str = ""
    """Another actor system; empty for the actor's own."""


class Publication(msgspec.Struct, frozen=True, array_like=True):
    """A message to everyone who subscribed to a channel."""

    channel: str
    payload: Encoded | None = None
    action: str = ""
    """What the receivers are to do, as SDKs of Spawn's old dialect say it; empty for what each subscription names."""


class Workflow(msgspec.Struct, frozen=True, array_like=True):
    """What happens after a successful turn, in this order (docs/protocols.md, "Workflow order")."""

    effects: tuple[Effect, ...] = ()
    broadcast: Publication | None = None
    pipe: Route | None = None
    forward: Route | None = None


class Work(msgspec.Struct):
    """One turn for a host to run: everything that the action may see."""

    activation: ActorId
    """The instance that takes the turn: the actor itself, or a member of a pool."""
    turn: int
    """Fences the result: a host's answer is adopted only while this turn is the actor's current one."""
    invocation: Invocation
    parent: str
    """The definition's name; equals the actor's own name for a named actor."""
    definition: str
    """Hash of the definition to run."""
    state: State | None
    """None before the first commit."""
    state_definition: str
    """The definition that wrote the state; another than `definition` after a redeploy."""
    tags: dict[str, str]
    revision: int
    now_us: int
    """The clock reading given to the action, `ctx.now()`."""
    seed: int
    """64 bits for `ctx.random` and `ctx.uuid()`."""
    is_init: bool = False


class Outcome(msgspec.Struct):
    """What a host gives back for a `Work`.  `state` None means unchanged."""

    response: Encoded | None = None
    state: State | None = None
    tags: dict[str, str] | None = None
    workflow: Workflow | None = None
    checkpoint: bool = False
    failure: Failure | None = None
    error: BaseException | None = None
    """The exception itself where the action ran in this process; never recorded."""
    sent: tuple[Sent, ...] = ()
    """What the action asked of others, in order."""
    told: tuple[Invocation, ...] = ()
    """What goes out now that the turn has succeeded, in order."""

    @property
    def messages(self) -> tuple[Sent, ...]:
        """What the record of the turn keeps: what was asked, then, after a success, what was told."""
        told = self.told if self.failure is None else ()
        return (*self.sent, *(Sent(each.actor, each.action, each.payload, each.id, False) for each in told))


class Turn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The record of one finished turn: a row of the journal.  Add fields at the end only, with a default."""

    sequence: int
    """Position in the journal's total order; starts at 1, without gaps."""
    invocation: InvocationId
    actor: ActorId
    parent: str
    """The template: equals the name for a named actor."""
    action: str
    correlation: str
    cause: str
    caller: ActorId | None
    key: str
    payload: Encoded | None
    metadata: dict[str, str]
    enqueued_us: int
    started_us: int
    finished_us: int
    now_us: int
    seed: int
    sent: tuple[Sent, ...]
    tags_before: dict[str, str]
    tags_after: dict[str, str] | None
    """None when the turn left them as they were."""
    failure: Failure | None
    response: Encoded | None
    revision_before: int
    revision: int
    """`revision_before`, or one more when the state changed."""
    state: State | None
    """The new state; None when it did not change, or when it is stored as a delta."""
    definition: str
    workflow: Workflow | None = None
    delta: tuple[tuple[int, int, bytes], ...] | None = None
    """A large state as the store keeps it: runs of (offset, length) copied from the previous state, each followed by new
    bytes.  Only inside a store: writers and readers of turns see `state`, whole."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An actor's state as a checkpoint; how a store gives an actor back."""

    actor: ActorId
    parent: str
    revision: int
    state: State | None
    tags: dict[str, str]
    definition: str
    at_us: int
    status: str = "ACTIVATED"
    """`ACTIVATED` or `DEACTIVATED`, as Spawn writes it."""


class StoredDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an actor's code as the store keeps it: shown, compared, never executed."""

    hash: str
    name: str
    source: str
    settings: dict[str, object]
    fields: dict[str, str]
    """State field name to the text of its type."""
    actions: dict[str, str]
    """Action name to its signature as text."""
    deployed_us: int
    classes: dict[str, str] = {}
    """Name of an enumeration or a record among the types of the fields to JSON of what it holds."""


class Reply(msgspec.Struct, frozen=True):
    """How an invocation ended, for the caller."""

    invocation: InvocationId
    response: Encoded | None = None
    failure: Failure | None = None
    error: BaseException | None = None
    repeated: bool = False
    """True when an idempotency key answered from the record."""


class Phase(IntEnum):
    """Where an activation is in its life (the table stands in `engine/activation.py`)."""

    NEW = 0
    LOADING = 1
    READY = 2
    RUNNING = 3
    STOPPING = 4
    GONE = 5


class EventKind(StrEnum):
    """What a feed event tells."""

    TURN = "turn"
    ENQUEUED = "enqueued"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    DEPLOYED = "deployed"
    UNDEPLOYED = "undeployed"
    STORE_FAILED = "store_failed"
    STORE_RECOVERED = "store_recovered"
    UNDELIVERED = "undelivered"
    """A message without a waiting caller could not be delivered; `text` says why."""
    QUARANTINED = "quarantined"
    """Part of a turn's record could not be written; `turn` is what was recorded, `text` says what is missing."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened, for subscribers of the feed."""

    kind: EventKind
    at_us: int
    actor: ActorId | None = None
    turn: Turn | None = None
    text: str = ""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be delivered, and for whose answer no one waited."""

    at_us: int
    invocation: Invocation
    code: str
    """Of the error."""
    why: str
    kept: bool = False
    """It is in the store, until it is sent again; the others are remembered by the process only."""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """Something recorded that is not whole, because part of it could not be written or cannot be read."""

    what: str
    """`turn`, `state` (an actor's row), `schedule` or `definition`."""
    why: str
    sequence: int = 0
    """Of a turn; else 0."""
    actor: ActorId | None = None
    """None where it cannot be told."""
    id: str = ""
    """Of a schedule or a definition."""

    def __str__(self) -> str:
        which = f" {self.sequence}" if self.what == "turn" else f" {self.id}" if self.id else ""
        whose = f" of {self.actor.name}" if self.actor is not None else ""
        return f"{self.what}{which}{whose}: {self.why}"


class RetentionMark(msgspec.Struct, frozen=True, gc=False):
    """What retention has left of a past, for a reader that has seen more."""

    gone: int = 0
    """Every turn up to this sequence was removed; 0 while nothing was."""
    changes: int = 0
    """How often others were removed too: another number than before means to read anew."""


class Lifecycle(msgspec.Struct, frozen=True, array_like=True):
    """An activation, deactivation or deployment, for the `lifecycle` table."""

    at_us: int
    actor: ActorId
    event: str
    """`activated`, `deactivated`, `deployed` or `undeployed`."""
    revision: int = 0
    definition: str = ""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted messages that a stop did not get to."""

    letters: dict[str, int] = {}
    """How many are kept as dead letters, by the actor that they were for."""
    durable: int = 0
    """How many are durable: they are processed after the next start."""
    given_up: tuple[str, ...] = ()
    """A sentence for each action that had to be ended, or could not be."""
