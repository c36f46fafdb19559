"""An actor system in this process: `embedded()` makes one, `EmbeddedSystem` is its `SystemApi`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Collection, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, Unpack

import msgspec

from runtime.api import ActorInfo, Backlog, CallOptions, Capability, DeployReport, Subscription, SystemStatus, Waiting
from runtime.authoring.context import current_turn
from runtime.authoring.definition import ActorDefinition, define
from runtime.authoring.settings import Kind
from runtime.clock import Clock, SystemClock
from runtime.config import Durability, RuntimeConfig, as_durability
from runtime.drivers.action_calls import ThreadCalls
from runtime.drivers.replies import BlockingWaiter, LoopPort, Waiter
from runtime.drivers.runaway import give_up, runaways
from runtime.drivers.thread_driver import ThreadDriver
from runtime.errors import (
    BadSetting,
    DefinitionError,
    StoreUnavailable,
    SystemStopped,
    UnknownActor,
    UnknownLetter,
    UnknownRevision,
    shown,
)
from runtime.fields import as_flag, as_names, as_number, as_text, as_timeout_s
from runtime.hosts.base import Host
from runtime.hosts.capsules import Capsule
from runtime.hosts.in_process import InProcessHost
from runtime.ids import ActorId, RandomIds
from runtime.invocations import actor_name, build_invocation, due_us, send_within, wait_s
from runtime.records import (
    CONFIRM_DROPPED,
    RESTORE,
    DeadLetter,
    Encoded,
    Invocation,
    Left,
    Lifecycle,
    RetentionMark,
    State,
    StoredDefinition,
    Turn,
)
from runtime.stores.base import StateStore
from runtime.system import inspection
from runtime.system.guest_acts import GuestActs
from runtime.system.preview import previewed
from runtime.system.redeploy import check_state, compare, stored
from runtime.wire.codecs.values import decode_answer

if TYPE_CHECKING:
    from runtime.hosts.task_host import TaskHost
    from runtime.system.debugger import Debugger


class EmbeddedSystem:
    """An actor system whose engine, host and store are in this process.

    Safe from every thread.  Threads start at the first deploy or call, not when the object is made.  See `SystemApi` for what each
    method gives; what only reads wakes no actor and changes nothing.
    """

    capabilities = frozenset(Capability)

    def __init__(self, config: RuntimeConfig, store: StateStore, *, clock: Clock | None = None) -> None:
        self.name = config.system
        self.config = config
        self.store = store
        self._ids = RandomIds()
        self.host = InProcessHost()
        self._tasks: TaskHost | None = None
        self.driver = ThreadDriver(config, store, clock or SystemClock(), self._ids)
        self.driver.calls = ThreadCalls(self.driver, self._ids)
        self.guest_acts = GuestActs()
        """What other processes did to this system."""
        self._ports: dict[asyncio.AbstractEventLoop, LoopPort] = {}
        self._starting = threading.Lock()
        self._is_started = False
        self._is_closed = False
        self._deploying = threading.Lock()

    def status(self) -> SystemStatus:
        running = self._is_started and not self._is_closed
        base = SystemStatus(
            system=self.name, store=self.store.url, running=running, durability=str(self.config.durability)
        )
        guests = tuple(map(str, self.guest_acts.running.values()))
        return msgspec.structs.replace(inspection.status(self.driver, base), guests=guests)

    def flush(self, timeout: float = 10.0) -> int:
        timeout = as_timeout_s(timeout)
        return self.driver.flush(timeout) if self._is_started else self.store.head()

    def close(self, *, drain: float | None = None) -> None:
        """Process what was accepted, let turns end, write everything, release the store.

        Messages from outside are refused.  Those that wait and that no one waits for are processed for some seconds; then what
        is left is kept in the store as dead letters, durable ones are processed after the next start (`left` counts both).
        Safe to call twice, from any thread but an action's.

        Args:
            drain: for how many seconds; the configuration's `drain_s` if not given, 0 for not at all.

        Raises:
            StoreUnavailable: something could not be written; the message says how much is lost.  All else is done.
        """
        with self._starting:
            if self._is_closed:
                return
            self._is_closed = True
        self.guest_acts.calls.stop()
        is_written = not self._is_started or self.driver.stop(10.0, self.config.drain_s if drain is None else drain)
        if self._tasks is not None:
            self._tasks.close()
        self.store.close()
        if not is_written:
            engine = self.driver.engine
            raise StoreUnavailable(
                f"{engine.journal.unwritten} answered turns of {self.name} could not be written and are lost.\n"
                f"{engine.store_error.partition(chr(10))[0]}"
            )

    @property
    def waiting_at_close(self) -> dict[str, int] | None:
        """While `close` processes messages: how many wait, by actor; else None."""
        return self.driver.remainder.waiting

    def cut_short(self) -> None:
        """Have a `close` in another thread leave what still waits, at once."""
        self.driver.remainder.cut_short()

    @property
    def left(self) -> Left:
        """What `close` did not get to."""
        return self.driver.remainder.left

    def start(self) -> None:
        """Start the threads now, not at the first deploy or call: for servers, which hand messages to the driver itself."""
        self._ensure_started()

    def _ensure_started(self) -> None:
        with self._starting:
            if self._is_closed:
                raise SystemStopped(self.name)
            if not self._is_started:
                self._is_started = True
                self.driver.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what is there ------------------------------------------------------------------------------------------------------

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        prefix = as_text(prefix, "prefix", "it is text.")
        return inspection.actors(
            self.driver, prefix=prefix, passive=as_flag(passive, "passive"), limit=as_number(limit, "limit")
        )

    def info(self, actor: str) -> ActorInfo:
        return inspection.info(self.driver, self._identity(actor))

    def actions(self, actor: str) -> dict[str, str]:
        return inspection.actions(self.driver, self._identity(actor))

    def state(self, actor: str, revision: int | None = None) -> Any:
        return decode_answer(self.encoded_state(actor, revision))

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        """`state`, not decoded: for servers that pass it on."""
        identity = self._identity(actor)
        state = self._state_now(identity) if revision is None else self._state_then(identity, revision)
        return state.value if state is not None else None

    def _state_now(self, actor: ActorId) -> State | None:
        template = inspection.template(self.driver, actor)
        snapshot = inspection.snapshot(self.driver, actor)
        if snapshot is None and template is None:
            raise UnknownActor(actor.name, inspection.names(self.driver))
        if snapshot is None or snapshot.state is None:
            return template.initial if template is not None else None
        if template is not None and snapshot.definition != template.definition.hash:
            return template.host.migrated(template.definition.hash, snapshot.state)
        return snapshot.state

    def _identity(self, actor: str) -> ActorId:
        """Raises BadSetting: the name is no text, or has a NUL or a lone surrogate."""
        return ActorId(self.name, actor_name(actor))

    def _state_then(self, actor: ActorId, revision: int) -> State | None:
        revision = as_number(revision, "revision")
        self.flush()
        snapshot = self.store.state_at(actor, revision)
        if snapshot is None:
            now = self.store.load(actor)
            if now is None:
                raise UnknownActor(actor.name, inspection.names(self.driver))
            raise UnknownRevision(actor.name, revision, now=now.revision, oldest=self.store.oldest_revision(actor))
        return snapshot.state

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        return inspection.mailbox(self.driver, self._identity(actor), as_number(limit, "limit"))

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        return self.store.turns(after=as_number(after, "after"), actor=None if actor is None else self._identity(actor))

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        return self.store.history_batches(
            after=as_number(after, "after"),
            until=None if until is None else as_number(until, "until"),
            columns=None if columns is None else as_names(columns, "columns"),
        )

    def retention_mark(self) -> RetentionMark:
        return self.store.retention_mark()

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        return self.store.lifecycle(after=as_number(after, "after"))

    def definitions(self) -> list[StoredDefinition]:
        return self.store.definitions()

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        return self.driver.look(lambda engine, _: engine.feed.join(limit))

    def pending(self, correlations: Collection[str]) -> list[Invocation]:
        """Messages of these chains that wait or are being processed."""
        return inspection.pending(self.driver, correlations)

    @property
    def debugger(self) -> Debugger:
        """Breakpoints and faults."""
        from runtime.system.debugger import Debugger

        return Debugger(self.driver)

    def backlog(self) -> Backlog:
        """What an earlier stop or a kill has left."""
        letters, waiting = self.driver.look(
            lambda engine, _: (len(engine.feed.kept_letters), engine.waiting_for_code())
        )
        return Backlog(dead_letters=letters, waiting_for_code=waiting)

    def held_actors(self) -> list[str]:
        """Names of all actors that are held at a message."""
        return self.driver.look(lambda engine, _: [actor.name for actor in engine.breakpoints.actors])

    def initial_state(self, definition: str) -> State:
        """The state with which a new actor of this definition, named by its hash, begins."""
        return self.host.initial(definition)

    def capsules(self) -> list[Capsule]:
        """The last turns that failed in this process, oldest first, with message, state before and live frames."""
        return self.host.capsules.all()

    def dead_letters(self) -> list[DeadLetter]:
        """The last messages that could not be delivered and that no one waited for, oldest first."""
        return self.driver.look(lambda engine, _: engine.feed.undelivered_letters())

    def retry_letter(self, invocation: str, timeout: float | None = None) -> Any:
        timeout = None if timeout is None else as_timeout_s(timeout)
        again = self.letter_to_send(invocation)
        waiter = BlockingWaiter(self.driver.callers)
        self.driver.submit(again, waiter)
        return waiter.wait(again, self.config.timeout_s if timeout is None else timeout)

    def letter_to_send(self, invocation: str) -> Invocation:
        """A dead letter as the message that `submit` takes, so that it leaves the list with its turn.

        Raises:
            UnknownLetter: none has that id.
        """
        invocation = as_text(invocation, "invocation", "give the id of a dead letter.")
        self._ensure_started()
        letter = self.driver.look(lambda engine, _: engine.feed.letter(invocation))
        if letter is None:
            raise UnknownLetter(invocation)
        # Due in the past, as a message that the store has: its turn settles it.
        return msgspec.structs.replace(
            letter.invocation, path=(), hops=(), asynchronous=False, durable=False, scheduled_to_us=1
        )

    def discard_letters(self, invocations: Collection[str]) -> int:
        if isinstance(invocations, str) or not isinstance(invocations, Collection):
            raise BadSetting(f"invocations is {shown(invocations)}; give a list of ids of dead letters.")
        wanted = [as_text(each, "invocations", "give ids of dead letters.") for each in invocations]
        self._ensure_started()
        found: list[DeadLetter] = []
        self.driver.call(lambda engine, _: found.extend(engine.discard_letters(wanted)))
        if any(letter.kept for letter in found):
            self.flush()
        return len(found)

    # -- code ---------------------------------------------------------------------------------------------------------------

    def deploy(self, actor: type | ActorDefinition, *, host: Host | None = None) -> DeployReport:
        """See `SystemApi.deploy`.  Atomic: on any error the earlier definition runs on, unchanged.

        Args:
            host: runs the definition's actions; None for this process, or for a task its worker processes.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        host = host or self._host_for(definition.settings.kind)
        if definition.settings.sourceable and self._durability(definition) is Durability.SNAPSHOT:
            raise DefinitionError(
                f"Cannot deploy {definition.name}: projections read the journal, and at durability='snapshot' there is none.\n"
                "Leave sourceable out, or choose durability='journal' or 'commit'."
            )
        self._ensure_started()
        with self._deploying:
            previous = self.driver.engine.directory.templates.get(definition.name)
            report = compare(definition, previous.definition if previous is not None else self._last_stored(definition))
            if previous is not None and previous.definition.hash == definition.hash and previous.host is host:
                self._renew(previous.definition, definition, host)
                return self._reported(report, definition)
            host.prepare(definition)
            current = inspection.snapshot(self.driver, ActorId(self.name, definition.name))
            aside = check_state(host, definition, current)
            initial = host.initial(definition.hash)
            self.store.save_definition(stored(definition, self.driver.now_us()))
            self.driver.housekeeping.deployed()
            self.driver.call(lambda engine, now: engine.deploy(definition, host, initial, now))
            self.guest_acts.replaced(definition.name)
            if definition.settings.kind is Kind.PROJECTION:
                self.driver.serve_projections(self._ids).follow(definition.settings)
            revision = current.revision if current is not None else 0
            return self._reported(msgspec.structs.replace(report, revision=revision), definition, aside)

    def preview(self, actor: type | ActorDefinition) -> DeployReport:
        """What `deploy` would change and what would go wrong.  Nothing is deployed, stored or executed, except `@migrate`.

        Raises:
            DefinitionError: as `deploy`.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        host = InProcessHost()
        host.prepare(definition)
        identity = ActorId(self.name, definition.name)
        previous = self.driver.engine.directory.templates.get(definition.name)
        report = compare(definition, previous.definition if previous is not None else self._last_stored(definition))
        current = inspection.snapshot(self.driver, identity)
        aside = check_state(host, definition, current)
        report = msgspec.structs.replace(report, revision=current.revision if current is not None else 0)
        notes = previewed(self.driver, host, definition, report) if previous is not None else ()
        return msgspec.structs.replace(self._reported(report, definition, aside), notes=(*report.notes, *notes))

    def loaded(self) -> list[ActorDefinition]:
        """The definitions that are deployed now."""
        return self.driver.look(lambda engine, _: [each.definition for each in engine.directory.templates.values()])

    def remembered(self, definition: str) -> ActorDefinition | None:
        """A definition that was deployed in this process, perhaps replaced since, by its hash."""
        return self.host.definition(definition)

    def _renew(self, before: ActorDefinition, definition: ActorDefinition, host: Host) -> None:
        """Equal code in other objects: these run from the next turn on, so that nothing rests on the hash alone."""
        if before is not definition:
            host.prepare(definition)
            self.driver.call(lambda engine, _: engine.renew(definition))

    def _host_for(self, kind: Kind) -> Host:
        if kind is not Kind.TASK:
            return self.host
        with self._starting:
            if self._tasks is None:
                from runtime.hosts.task_host import TaskHost, limits_of

                self._tasks = TaskHost(limits_of(self.config))
            return self._tasks

    def _durability(self, definition: ActorDefinition) -> Durability:
        return definition.settings.durability or self.config.durability

    def _last_stored(self, definition: ActorDefinition) -> StoredDefinition | None:
        return next((d for d in reversed(self.store.definitions()) if d.name == definition.name), None)

    def _reported(self, report: DeployReport, definition: ActorDefinition, aside: tuple[str, ...] = ()) -> DeployReport:
        return inspection.with_counts(self.driver, report, ActorId(self.name, definition.name), aside)

    def undeploy(self, actor: str) -> None:
        self.driver.call(lambda engine, now: engine.undeploy(actor, now))
        if self.driver.projections is not None:
            self.driver.projections.leave(actor)

    def deployed(self, actor: str) -> ActorDefinition | None:
        """The code behind an actor, to be run elsewhere: in a check, a replay.  None if it is not loaded."""
        template = inspection.template(self.driver, self._identity(actor))
        return template.definition if template is not None else None

    # -- calls --------------------------------------------------------------------------------------------------------------

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Any:
        turn = current_turn.get()
        if turn is not None:
            return send_within(turn, turn.call, actor, action, payload, options)
        if not self._is_started:
            self._ensure_started()
        invocation = build_invocation(self._ids(), self.name, actor, action, payload, options)
        limit_s = wait_s(options, self.config.timeout_s) if options else self.config.timeout_s
        if invocation.asynchronous and self.driver.post(invocation):
            return None
        waiter = BlockingWaiter(self.driver.callers)
        self.driver.submit(invocation, waiter)
        return waiter.wait(invocation, limit_s)

    def ainvoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Awaitable[Any]:
        turn = current_turn.get()
        if turn is not None:
            return send_within(turn, turn.invoke, actor, action, payload, options) or asyncio.sleep(0)
        if not self._is_started:
            self._ensure_started()
        invocation = build_invocation(self._ids(), self.name, actor, action, payload, options)
        loop, default_s = asyncio.get_running_loop(), self.config.timeout_s
        port = self._ports.get(loop)
        if port is None:
            self._ports = {known: p for known, p in self._ports.items() if not known.is_closed()}
            port = self._ports[loop] = LoopPort(loop)
        waiter = port.waiter(invocation, wait_s(options, default_s) if options else default_s, default_s=default_s)
        self.driver.submit(invocation, waiter)
        return waiter.future

    def resend(self, invocation: Invocation, timeout: float | None = None) -> Any:
        """Send a message again as it was, under an id of its own, and wait for its answer.  Errors as `invoke`."""
        self._ensure_started()
        again = msgspec.structs.replace(invocation, id=self._ids())
        waiter = BlockingWaiter(self.driver.callers)
        self.driver.submit(again, waiter)
        return waiter.wait(again, self.config.timeout_s if timeout is None else timeout)

    def submit(self, invocation: Invocation, waiter: Waiter) -> None:
        """Take a message that arrived from outside, as it is; the waiter gets its answer from some thread."""
        self._ensure_started()
        self.driver.submit(invocation, waiter)

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._ensure_started()
        return tuple(self.invoke(actor, CONFIRM_DROPPED) or ())

    def restore(self, actor: str, revision: int) -> int:
        identity = self._identity(actor)
        state = self._state_then(identity, revision)
        template = inspection.template(self.driver, identity)
        if state is not None and template is not None:
            # As the present code reads it; an invocation carries the value, not the dropped fields.
            state = template.host.migrated(template.definition.hash, state)
        waiter = BlockingWaiter()
        invocation = Invocation(
            id=self._ids(), actor=identity, action=RESTORE, payload=None if state is None else state.value
        )
        self.driver.submit(invocation, waiter)
        waiter.wait(invocation, self.config.timeout_s)
        return inspection.info(self.driver, identity).revision

    def abandon(self, actor: str) -> bool:
        """Give up the turn that an actor is in: its caller gets an error, the state stays, the next message runs.

        The action itself is ended by an exception in the middle of its code, `async` or not, also in an endless loop.  This is
        tried for 2 seconds, of which the call waits for half of one.  An action that sits in code outside Python (`time.sleep`, a
        driver) ends when that returns; `status().problems` names it.  What it still does is ignored.  False if there is no turn.
        """
        identity = self._identity(actor)
        activation = self.driver.look(lambda engine, _: engine.directory.active.get(identity))
        run = activation.running if activation is not None else None
        if run is None:
            return False
        give_up(self.driver, run, f"The running turn of {actor} was given up. Its state is as it was before.")
        return True

    def runaways(self) -> list[str]:
        """Actions that go on although their turns were given up (`abandon`, a limit), as `actor.action`."""
        return runaways(self.driver)

    def replay_projection(self, name: str, since: datetime) -> None:
        """Deliver the events of a projection again, from a time on; it keeps its state, and its order stays strict.

        Raises:
            UnknownActor: no projection of that name is deployed.
        """
        try:
            self.driver.serve_projections(self._ids).replay(name, due_us(None, since))
        except KeyError as error:
            raise UnknownActor(name, self.driver.engine.directory.templates) from error

    def join(self, other: EmbeddedSystem) -> None:
        """Let two systems of this process call each other, explicitly: `invoke(…, system=NAME)`, `ctx.invoke(…, system=NAME)`.

        Nothing else is shared: names, stores, channels and policies stay apart.  A circle of waiting actors that spans systems
        is not seen; its calls end by their time-outs.

        Raises:
            BadSetting: both have the same name.
        """
        if other.name == self.name:
            raise BadSetting(f"Two actor systems in one runtime need two names; both are {self.name!r}.")
        self.driver.peers[other.name] = other.driver
        other.driver.peers[self.name] = self.driver
        self._ensure_started()
        other._ensure_started()


def embedded(
    *,
    system: str = "spawn-system",
    store: str = "memory://",
    durability: Durability | str = Durability.JOURNAL,
    key: bytes | None = None,
    **options: Any,
) -> EmbeddedSystem:
    """An actor system in this process; use it as a context manager, or call `close`.

        with runtime.embedded(store="sqlite:///counter.db") as system:
            system.deploy(Counter)
            system.invoke("counter", "add", {"value": 5})

    Args:
        store: `memory://` or `sqlite:///PATH`; opened now, created if it is not there.
        durability: for actors whose class does not say: `snapshot`, `journal` or `commit`.
        key: 32 bytes that encrypt the store; None for `SPAWN_STATESTORE_KEY`, else one made for the store.
        options: further fields of `RuntimeConfig`.

    Raises:
        BadSetting: there is no such durability.
        StoreInUse, WrongKey, StoreDamaged, StoreTooNew, StoreUnavailable: the store cannot be opened.
    """
    from runtime.stores.registry import open_store

    config = RuntimeConfig(system=system, store_url=store, durability=as_durability(durability), **options)
    return EmbeddedSystem(config, open_store(store, key=key))
