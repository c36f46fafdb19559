"""An actor system in this process: `embedded()` makes one, `EmbeddedSystem` is its `SystemApi`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import msgspec

from runtime import inspection
from runtime.api import ActorInfo, Capability, DeployReport, Subscription, SystemStatus, Waiting
from runtime.client import build_invocation, due_us, wait_s
from runtime.clock import Clock, SystemClock
from runtime.codecs.values import decode_value
from runtime.config import Durability, RuntimeConfig
from runtime.context import current_turn
from runtime.definition import ActorDefinition, define
from runtime.drivers.calls import ThreadedCalls
from runtime.drivers.threaded import ThreadedDriver
from runtime.drivers.waiters import BlockingWaiter, LoopPort, Waiter
from runtime.errors import (
    BadSetting,
    DefinitionError,
    InvocationAbandoned,
    StoreUnavailable,
    SystemStopped,
    UnknownActor,
    UnknownRevision,
)
from runtime.hosts.base import Host
from runtime.hosts.capsules import Capsule
from runtime.hosts.inprocess import InProcessHost
from runtime.ids import ActorId, RandomIds
from runtime.previewing import previewed
from runtime.records import (
    CONFIRM_DROPPED,
    RESTORE,
    DeadLetter,
    Encoded,
    Invocation,
    Kept,
    Lifecycle,
    State,
    StoredDefinition,
    Turn,
)
from runtime.redeploy import check_state, compare, stored
from runtime.settings import Kind
from runtime.statestores.base import StateStore

if TYPE_CHECKING:
    from runtime.hosts.task import TaskHost

ALL = frozenset(Capability)
_KINDS = (Kind.NAMED, Kind.UNNAMED, Kind.POOLED, Kind.TASK, Kind.PROJECTION)


class EmbeddedSystem:
    """An actor system whose engine, host and store are in this process.

    Safe from every thread.  Threads start at the first deploy or call, not when the object is made.
    """

    capabilities = ALL

    def __init__(self, config: RuntimeConfig, store: StateStore, *, clock: Clock | None = None) -> None:
        self.name = config.system
        self.config = config
        self.store = store
        self._ids = RandomIds()
        self.host = InProcessHost()
        self._tasks: TaskHost | None = None
        self.driver = ThreadedDriver(config, store, clock or SystemClock(), self._ids)
        self.driver.calls = ThreadedCalls(self.driver, self._ids)
        self._ports: dict[asyncio.AbstractEventLoop, LoopPort] = {}
        self._starting = threading.Lock()
        self._is_started = False
        self._is_closed = False
        self._deploying = threading.Lock()

    # -- definitions ---------------------------------------------------------------------------------------------------

    def deploy(self, actor: type | ActorDefinition, *, host: Host | None = None) -> DeployReport:
        """See `SystemApi.deploy`.  Atomic: on any error the earlier definition runs on, unchanged.

        Args:
            host: runs the definition's actions; None for this process, or for a task its worker processes.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        host = host or self._host_for(definition.settings.kind)
        if definition.settings.kind not in _KINDS:
            raise DefinitionError(
                f"Cannot deploy {definition.name}: kind={definition.settings.kind!r} is not available here yet."
            )
        self._ensure_started()
        with self._deploying:
            previous = self.driver.engine.directory.templates.get(definition.name)
            report = compare(definition, previous.definition if previous is not None else self._last_stored(definition))
            if previous is not None and previous.definition.hash == definition.hash and previous.host is host:
                return self._reported(report, definition)
            host.prepare(definition)
            current = inspection.snapshot(self.driver, ActorId(self.name, definition.name))
            aside = check_state(host, definition, current)
            initial = host.initial(definition.hash)
            self.store.save_definition(stored(definition, self.driver.now_us()))
            self.driver.call(lambda engine, now: engine.deploy(definition, host, initial, now))
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
        return msgspec.structs.replace(self._reported(report, definition, aside), notes=notes)

    def loaded(self) -> list[ActorDefinition]:
        """The definitions that are deployed now."""
        return self.driver.look(lambda engine, _: [each.definition for each in engine.directory.templates.values()])

    def remembered(self, definition: str) -> ActorDefinition | None:
        """A definition that was deployed in this process, perhaps replaced since, by its hash."""
        return self.host.definition(definition)

    def _host_for(self, kind: Kind) -> Host:
        if kind is not Kind.TASK:
            return self.host
        with self._starting:
            if self._tasks is None:
                from runtime.hosts.task import TaskHost, limits_of

                self._tasks = TaskHost(limits_of(self.config))
            return self._tasks

    def _last_stored(self, definition: ActorDefinition) -> StoredDefinition | None:
        return next((d for d in reversed(self.store.definitions()) if d.name == definition.name), None)

    def _reported(self, report: DeployReport, definition: ActorDefinition, aside: tuple[str, ...] = ()) -> DeployReport:
        return inspection.with_counts(self.driver, report, ActorId(self.name, definition.name), aside)

    def undeploy(self, actor: str) -> None:
        self.driver.call(lambda engine, now: engine.undeploy(actor, now))

    def deployed(self, actor: str) -> ActorDefinition | None:
        """The code behind an actor, to be run elsewhere: in a check, a replay.  None if it is not loaded."""
        template = inspection.template(self.driver, ActorId(self.name, actor))
        return template.definition if template is not None else None

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._ensure_started()
        return tuple(self.invoke(actor, CONFIRM_DROPPED) or ())

    def abandon(self, actor: str) -> bool:
        """Give up the turn that an actor is in: its caller gets an error, the state stays, the next message runs.

        What the action still does is fenced off: its result is ignored when it ends, if it ever does.  False if there is no turn.
        """
        identity = ActorId(self.name, actor)
        running = self.driver.look(lambda engine, _: engine.directory.active.get(identity))
        if running is None or running.running is None:
            return False
        error = InvocationAbandoned(f"The running turn of {actor} was given up. Its state is as it was before.")
        self.driver.call(lambda engine, now: engine.abandon(identity, error, now))
        return True

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

    # -- calls ---------------------------------------------------------------------------------------------------------

    def invoke(
        self,
        actor: str,
        action: str,
        payload: Any = None,
        *,
        parent: str | None = None,
        system: str | None = None,
        asynchronous: bool = False,
        delay: float | str | None = None,
        scheduled_to: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        timeout: float | None = None,
        key: str | None = None,
    ) -> Any:
        turn = current_turn.get()
        if turn is not None:
            options = _given(parent=parent, system=system, metadata=metadata, key=key)
            if asynchronous or delay is not None:
                return turn.tell(actor, action, payload, **options, **_given(delay=delay))
            return turn.call(actor, action, payload, **options, **_given(timeout=timeout))
        if not self._is_started:
            self._ensure_started()
        invocation = build_invocation(
            self._ids(),
            ActorId(system or self.name, actor),
            action,
            payload,
            parent=parent,
            asynchronous=asynchronous,
            delay=delay,
            scheduled_to=scheduled_to,
            metadata=metadata,
            key=key,
        )
        waiter = BlockingWaiter(self.driver.callers)
        self.driver.submit(invocation, waiter)
        return waiter.wait(invocation, wait_s(timeout, metadata, self.config.timeout_s))

    def ainvoke(
        self,
        actor: str,
        action: str,
        payload: Any = None,
        *,
        parent: str | None = None,
        system: str | None = None,
        asynchronous: bool = False,
        delay: float | str | None = None,
        scheduled_to: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        timeout: float | None = None,
        key: str | None = None,
    ) -> Awaitable[Any]:
        turn = current_turn.get()
        if turn is not None:
            options = _given(parent=parent, system=system, metadata=metadata, key=key)
            if asynchronous or delay is not None:
                turn.tell(actor, action, payload, **options, **_given(delay=delay))
                return asyncio.sleep(0)
            return turn.invoke(actor, action, payload, **options, **_given(timeout=timeout))
        if not self._is_started:
            self._ensure_started()
        invocation = build_invocation(
            self._ids(),
            ActorId(system or self.name, actor),
            action,
            payload,
            parent=parent,
            asynchronous=asynchronous,
            delay=delay,
            scheduled_to=scheduled_to,
            metadata=metadata,
            key=key,
        )
        loop = asyncio.get_running_loop()
        port = self._ports.get(loop)
        if port is None:
            self._ports = {known: p for known, p in self._ports.items() if not known.is_closed()}
            port = self._ports[loop] = LoopPort(loop)
        default_s = self.config.timeout_s
        waiter = port.waiter(invocation, wait_s(timeout, metadata, default_s), default_s=default_s)
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

    # -- looking -------------------------------------------------------------------------------------------------------

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        return inspection.actors(self.driver, prefix=prefix, passive=passive, limit=limit)

    def info(self, actor: str) -> ActorInfo:
        return inspection.info(self.driver, ActorId(self.name, actor))

    def actions(self, actor: str) -> dict[str, str]:
        return inspection.actions(self.driver, ActorId(self.name, actor))

    def state(self, actor: str, revision: int | None = None) -> Any:
        return decode_value(self.encoded_state(actor, revision))

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        """`state`, not decoded: for servers that pass it on."""
        identity = ActorId(self.name, actor)
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

    def _state_then(self, actor: ActorId, revision: int) -> State | None:
        self.flush()
        snapshot = self.store.state_at(actor, revision)
        if snapshot is None:
            now = self.store.load(actor)
            if now is None:
                raise UnknownActor(actor.name, inspection.names(self.driver))
            raise UnknownRevision(actor.name, revision, now=now.revision, oldest=self.store.oldest_revision(actor))
        return snapshot.state

    def restore(self, actor: str, revision: int) -> int:
        identity = ActorId(self.name, actor)
        state = self._state_then(identity, revision)
        template = inspection.template(self.driver, identity)
        if state is not None and template is not None:
            # As the present code reads it; an invocation carries the value, not what is kept aside.
            state = template.host.migrated(template.definition.hash, state)
        waiter = BlockingWaiter()
        invocation = Invocation(
            id=self._ids(), actor=identity, action=RESTORE, payload=None if state is None else state.value
        )
        self.driver.submit(invocation, waiter)
        waiter.wait(invocation, self.config.timeout_s)
        return inspection.info(self.driver, identity).revision

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        return inspection.mailbox(self.driver, ActorId(self.name, actor), limit)

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        return self.store.turns(after=after, actor=None if actor is None else ActorId(self.name, actor))

    def history_batches(self, *, after: int = 0) -> Iterator[Any]:
        return self.store.history_batches(after=after)

    def kept(self) -> Kept:
        return self.store.kept()

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        return self.store.lifecycle(after=after)

    def definitions(self) -> list[StoredDefinition]:
        return self.store.definitions()

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        return self.driver.look(lambda engine, _: engine.feed.join(limit))

    def pending(self, correlations: Collection[str]) -> list[Invocation]:
        """Messages of these chains that wait or are being processed."""
        return inspection.pending(self.driver, correlations)

    def capsules(self) -> list[Capsule]:
        """The last turns that failed in this process, oldest first, with message, state before and live frames."""
        return self.host.capsules.all()

    def dead_letters(self) -> list[DeadLetter]:
        """The last messages that could not be delivered and that nobody waited for, oldest first."""
        return self.driver.look(lambda engine, _: list(engine.feed.dead_letters))

    def status(self) -> SystemStatus:
        running = self._is_started and not self._is_closed
        base = SystemStatus(
            system=self.name, store=self.store.url, running=running, durability=str(self.config.durability)
        )
        return inspection.status(self.driver, base)

    def flush(self, timeout: float = 10.0) -> int:
        return self.driver.flush(timeout) if self._is_started else self.store.head()

    # -- life ----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let turns end, write everything, release the store.  Safe to call twice, from any thread but an action's.

        Raises:
            StoreUnavailable: something could not be written; the message says how much is lost.  All else is done.
        """
        with self._starting:
            if self._is_closed:
                return
            self._is_closed = True
        is_written = not self._is_started or self.driver.stop(timeout_s=10.0)
        if self._tasks is not None:
            self._tasks.close()
        self.store.close()
        if not is_written:
            engine = self.driver.engine
            raise StoreUnavailable(
                f"{engine.journal.unwritten} answered turns of {self.name} could not be written and are lost.\n"
                f"{engine.store_error.partition(chr(10))[0]}"
            )

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
        StoreInUse, WrongKey, StoreDamaged, StoreTooNew, StoreUnavailable: the store cannot be opened.
    """
    from runtime.statestores.registry import open_store

    config = RuntimeConfig(system=system, store_url=store, durability=Durability(durability), **options)
    return EmbeddedSystem(config, open_store(store, key=key))


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
