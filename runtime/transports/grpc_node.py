"""`NodeClient`: an actor system on another node, through `workbench.v1`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import grpc

from runtime.api import ActorInfo, Capability, DeployReport, SystemApi, SystemStatus, Waiting
from runtime.codecs.values import decode_value
from runtime.context import current_turn
from runtime.definition import ActorDefinition, define
from runtime.drivers.waiters import BlockingWaiter, LoopPort
from runtime.errors import BadSetting
from runtime.fields import as_timeout_s
from runtime.hosts.capsules import Capsule
from runtime.ids import ActorId, InvocationId
from runtime.records import DeadLetter, Encoded, Invocation, Kept, Lifecycle, StoredDefinition, Turn
from runtime.transports.node_connection import NodeConnection, Target
from runtime.transports.node_invocations import Invocations
from runtime.transports.node_offers import NodeOffers
from runtime.transports.node_requests import call_message
from runtime.transports.node_target import read_target
from runtime.transports.node_watch import NodeSubscription
from runtime.wire.node_letters import get_letter
from runtime.wire.node_records import get_info, get_status, get_stored, get_waiting
from runtime.wire.node_values import get_value
from runtime.wire.workbench.v1 import node_pb2 as pb

_CONNECT_S = 5.0
_READ_S = 60.0


class NodeClient:
    """The system of another node.  Safe from every thread.

    Every call says so when the node cannot be reached; the connection is made again by itself.  Code never crosses: `deploy`
    makes this process run the actor's actions for the node, as long as it is connected.
    """

    def __init__(
        self,
        target: Target,
        *,
        timeout_s: float = 60.0,
        notify: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Connects.

        Args:
            timeout_s: how long a call waits for its answer when it does not say.
            notify: gets a line when the connection is lost and when it is back, from a thread of its own.

        Raises:
            Unreachable: nobody answers there.
            NotAllowed: the token is missing or wrong.
        """
        self._timeout_s = timeout_s
        self.connection = NodeConnection(target, notify)
        self.connection.open()
        try:
            status = self.connection.call("GetStatus", pb.GetStatusRequest(), _CONNECT_S)
        except BaseException:
            self.connection.close()
            raise
        self.name: str = status.system
        known = set(Capability)
        self.capabilities = frozenset(Capability(name) for name in status.capabilities if name in known)
        self._invocations = Invocations(self.connection)
        self._offers: NodeOffers | None = None
        self._ports: dict[asyncio.AbstractEventLoop, LoopPort] = {}
        self._lock = threading.Lock()

    def capsules(self) -> list[Capsule]:
        """The last turns that failed in this process, oldest first, with message, state before and live frames."""
        return self._offers.capsules if self._offers is not None else []

    def loaded(self) -> list[ActorDefinition]:
        """The definitions that this process runs for the node."""
        return self._offers.loaded if self._offers is not None else []

    def remembered(self, definition: str) -> ActorDefinition | None:
        """A definition that this process has run for the node, perhaps replaced since, by its hash."""
        return self._offers.remembered(definition) if self._offers is not None else None

    # -- definitions ---------------------------------------------------------------------------------------------------

    def deploy(self, actor: type | ActorDefinition) -> DeployReport:
        """See `SystemApi.deploy`.  The code stays in this process, which runs the actor's actions from now on."""
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        with self._lock:
            if self._offers is None:
                self._offers = NodeOffers(self.connection)
        return self._offers.deploy(definition)

    def undeploy(self, actor: str) -> None:
        self.connection.call("Undeploy", pb.UndeployRequest(actor=actor))
        if self._offers is not None:
            self._offers.withdrawn(actor)

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        return tuple(self.connection.call("ConfirmDropped", pb.ConfirmDroppedRequest(actor=actor), _READ_S).fields)

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
        durable: bool = False,
    ) -> Any:
        turn = current_turn.get()
        if turn is not None:
            options = _given(parent=parent, system=system, metadata=metadata, timeout=timeout, key=key)
            return turn.call(actor, action, payload, **options)
        limit_s = self._timeout_s if timeout is None else as_timeout_s(timeout)
        call, size = call_message(
            actor, action, payload, parent, system, asynchronous, delay, scheduled_to, metadata, key, durable
        )
        waiter = BlockingWaiter()
        self._invocations.submit(call, size, waiter)
        return waiter.wait(self._named(call), limit_s)

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
        durable: bool = False,
    ) -> Awaitable[Any]:
        turn = current_turn.get()
        if turn is not None:
            options = _given(parent=parent, system=system, metadata=metadata, timeout=timeout, key=key)
            return turn.invoke(actor, action, payload, **options)
        limit_s = self._timeout_s if timeout is None else as_timeout_s(timeout)
        call, size = call_message(
            actor, action, payload, parent, system, asynchronous, delay, scheduled_to, metadata, key, durable
        )
        waiter = self._port().waiter(self._named(call), limit_s, default_s=self._timeout_s)
        self._invocations.submit(call, size, waiter)
        return waiter.future

    def _named(self, call: pb.Call) -> Invocation:
        """What errors say of the call."""
        return Invocation(id=InvocationId(""), actor=ActorId(self.name, call.actor), action=call.action)

    def _port(self) -> LoopPort:
        loop = asyncio.get_running_loop()
        port = self._ports.get(loop)
        if port is None:
            self._ports = {known: each for known, each in self._ports.items() if not known.is_closed()}
            port = self._ports[loop] = LoopPort(loop)
        return port

    # -- looking -------------------------------------------------------------------------------------------------------

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        request = pb.ListActorsRequest(prefix=prefix, passive=passive, limit=limit)
        return [get_info(each) for each in self.connection.call("ListActors", request, _READ_S).actors]

    def info(self, actor: str) -> ActorInfo:
        return get_info(self.connection.call("GetActor", pb.GetActorRequest(actor=actor)))

    def actions(self, actor: str) -> dict[str, str]:
        return dict(self.connection.call("ListActions", pb.GetActorRequest(actor=actor)).signatures)

    def state(self, actor: str, revision: int | None = None) -> Any:
        return decode_value(self.encoded_state(actor, revision))

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        request = pb.GetStateRequest(actor=actor, revision=revision)
        return get_value(self.connection.call("GetState", request, _READ_S).state)

    def restore(self, actor: str, revision: int) -> int:
        request = pb.RestoreRequest(actor=actor, revision=revision)
        restored: int = self.connection.call("Restore", request, self._timeout_s + _CONNECT_S).revision
        return restored

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        request = pb.GetMailboxRequest(actor=actor, limit=limit)
        return [get_waiting(each) for each in self.connection.call("GetMailbox", request, _READ_S).waiting]

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        from runtime.wire.node_history import turns_of_ipc

        request = pb.ReadTurnsRequest(after=after, actor=actor or "")
        return map(turns_of_ipc, self._batches("ReadTurns", request))

    def history_batches(self, *, after: int = 0) -> Iterator[Any]:
        from runtime.wire.node_history import columns_of_ipc

        return map(columns_of_ipc, self._batches("ReadColumns", pb.ReadColumnsRequest(after=after)))

    def kept(self) -> Kept:
        found = self.connection.call("GetKept", pb.GetKeptRequest())
        return Kept(found.gone, found.changes)

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        from runtime.wire.node_history import lifecycle_of_ipc

        batches = self._batches("ReadLifecycle", pb.ReadLifecycleRequest(after=after))
        return chain.from_iterable(map(lifecycle_of_ipc, batches))

    def _batches(self, method: str, request: Any) -> Iterator[bytes]:
        """Messages of a stream, each asked for when it is wanted: the node waits for whoever reads."""
        connection = self.connection
        stream = connection.run(_begun(connection, method, request), _READ_S)
        try:
            while (batch := connection.run(_next(connection, stream), _READ_S)) is not None:
                yield batch
        finally:
            if connection.is_open:
                connection.loop.call_soon_threadsafe(stream.cancel)

    def definitions(self) -> list[StoredDefinition]:
        found = self.connection.call("ListDefinitions", pb.ListDefinitionsRequest(), _READ_S)
        return [get_stored(each) for each in found.definitions]

    def dead_letters(self) -> list[DeadLetter]:
        found = self.connection.call("ListDeadLetters", pb.ListDeadLettersRequest(), _READ_S)
        return [get_letter(each) for each in found.letters]

    def subscribe(self, *, limit: int = 10_000) -> NodeSubscription:
        return NodeSubscription(self.connection, limit)

    def status(self) -> SystemStatus:
        return get_status(self.connection.call("GetStatus", pb.GetStatusRequest()))

    def flush(self, timeout: float = 10.0) -> int:
        committed: int = self.connection.call(
            "Flush", pb.FlushRequest(timeout_s=timeout), timeout + _CONNECT_S
        ).committed
        return committed

    # -- life ----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the node, which runs on.  What this process offered gives way there to what ran before."""
        if self._offers is not None:
            self._offers.close()
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


if TYPE_CHECKING:

    def _is_a_system(client: NodeClient) -> SystemApi:
        return client


def connect(
    url: str, *, timeout: float = 60.0, notify: Callable[[str], object] = lambda _: None, **options: Any
) -> NodeClient:
    """The system of the node at `url`; `options` are those of `node_target.read_target`.

    Raises:
        BadSetting: the URL or a file is not usable.
        Unreachable, NotAllowed: see `NodeClient`.
    """
    try:
        target = read_target(url, **options)
    except TypeError as error:
        raise BadSetting(f"Cannot connect to {url}: {error}.") from None
    return NodeClient(target, timeout_s=timeout, notify=notify)


async def _begun(connection: NodeConnection, method: str, request: Any) -> Any:
    return connection.stream(method, request)


async def _next(connection: NodeConnection, stream: Any) -> bytes | None:
    """The next batch; None at the end."""
    try:
        message = await stream.read()
    except grpc.aio.AioRpcError as error:
        raise connection.meaning(error) from None
    return None if message is grpc.aio.EOF else message.ipc


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
