"""A node: `workbench.v1` over gRPC for one actor system, with health and reflection.

with NodeServer(system) as server:
    print(server.address, server.token_file)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from runtime.api import LOCAL
from runtime.drivers.event_loops import LoopThread, grpc_loop, run
from runtime.errors import BadSetting
from runtime.records import StoredDefinition
from runtime.security.crypto import Role, TokenFiles, new_token
from runtime.servers.grpc_node.callers import caller
from runtime.servers.grpc_node.calls import NodeCalls, NodeFeeds
from runtime.servers.grpc_node.errors import answering
from runtime.servers.grpc_node.reflection import Health, Reflection, Services, acting
from runtime.servers.grpc_node.remote_hosts import NodeHosting
from runtime.servers.security import LOOPBACK, Limits, Rate, Security, check_listener
from runtime.system.embedded import EmbeddedSystem
from runtime.system.guest_acts import GuestAct
from runtime.wire.node.records import put_info, put_letter, put_status, put_stored, put_value, put_waiting
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_START_S = 10.0
READS = frozenset(
    {
        "GetActor", "GetRetention", "GetMailbox", "GetState", "GetStatus", "ListActions", "ListActors", "ListDeadLetters",
        "ListDefinitions", "ReadColumns", "ReadLifecycle", "ReadTurns", "Watch",
    }
)  # fmt: skip
"""What changes nothing.  `Flush` is not among them: it has the system write."""
_NODE: ServiceDescriptor = pb.DESCRIPTOR.services_by_name["Node"]


class NodeServer:
    """Serves one system.  `start`, `stop` and `add_service` may be called by any thread; the system outlives the server."""

    def __init__(
        self,
        system: EmbeddedSystem,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        security: Security | None = None,
        limits: Limits | None = None,
        token_files: TokenFiles | None = None,
        host_patience_s: float = 10.0,
    ) -> None:
        """Nothing listens yet.

        Args:
            port: 0 for a free one.
            security: by default a new token for each role, which other processes of this user find by the port.
            host_patience_s: how long a process that offers actors may be away before its actors are undeployed.

        Raises:
            BadSetting: the listener would be open to strangers.
        """
        self.security, self.limits = security or Security(look_token=new_token()), limits or Limits()
        check_listener(host, self.security)
        self.system, self.host, self.port = system, host, port
        self.token_file: Path | None = None
        """Where other processes of this user find the token to act."""
        self.look_token_file: Path | None = None
        """Where the token is with which one can only look."""
        self._token_files, self._patience_s = token_files or TokenFiles(), host_patience_s
        self._threads = ThreadPoolExecutor(4, "wb-node")
        self._rate = Rate(self.limits.calls_per_second)
        self.services = Services(self.security, self._rate)
        self._reflection, self._health = Reflection(), Health()
        self._server: Any = None
        self._loop: LoopThread | None = None
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """What `runtime.connect` takes."""
        scheme = "grpcs" if self.security.is_encrypted else "grpc"
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        return f"{scheme}://{host}:{self.port}"

    def start(self) -> Self:
        """Listen.

        Raises:
            BadSetting: the port is taken, or the certificate is not usable.
        """
        with self._lock:
            if self._server is None:
                self._loop = grpc_loop.acquire()
                try:
                    run(self._loop, self._start())
                except BaseException:
                    grpc_loop.release(self._loop)
                    raise
                if self.security.token:
                    self.token_file = self._token_files.create(self.port, self.security.token)
                if self.security.look_token:
                    self.look_token_file = self._token_files.create(self.port, self.security.look_token, Role.LOOK)
        return self

    def stop(self, grace_s: float = 1.0) -> None:
        """Take no more calls, give those under way `grace_s`, and release the port.  Safe to call twice."""
        with self._lock:
            server, loop = self._server, self._loop
            if server is None or loop is None:
                return
            self._server = self._loop = None
            run(loop, self._stop(server, grace_s), grace_s + _START_S)
            grpc_loop.release(loop)
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._token_files.remove(self.port, self.security.token)
            self._token_files.remove(self.port, self.security.look_token, Role.LOOK)

    def add_service(
        self,
        service: ServiceDescriptor,
        implementation: Callable[[MethodDescriptor], Callable[..., Awaitable[Any]]],
        reads: Collection[str] = (),
    ) -> None:
        """Serve one more service, also while the server runs; reflection and health tell of it.

        `reads` are the methods that change nothing, which clients may call that may only look.
        """

        def function(method: MethodDescriptor) -> Callable[..., Awaitable[Any]]:
            found = implementation(method)
            if self.security.has_certified_clients and method.name not in reads:
                found = acting(method.name, found)
            return answering(found)

        self.services.add(service, function, reads)
        self._reflection.add(service)
        if self._server is not None and self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._health.serving(service.full_name), self._loop.loop)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- on the loop ---------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self.limits.message_bytes),
                # A turn has a payload, a response and a state.
                ("grpc.max_send_message_length", 4 * self.limits.message_bytes),
                ("grpc.max_concurrent_streams", self.limits.calls),
                ("grpc.so_reuseport", 0),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
            ],
            maximum_concurrent_rpcs=self.limits.calls,
        )
        self._add_own_services()
        for name in self._reflection.names:
            await self._health.serving(name)
        server.add_generic_rpc_handlers((self.services,))
        try:
            self.port = self._listen(server)
            await server.start()
        except RuntimeError as error:
            raise BadSetting(f"Cannot listen on {self.host}:{self.port}: {error}") from error
        self._server = server

    def _listen(self, server: Any) -> int:
        security, place = self.security, f"{self.host}:{self.port}"
        if not security.is_encrypted:
            port: int = server.add_insecure_port(place)
            return port
        credentials = grpc.ssl_server_credentials(
            [(security.key, security.certificate)],
            root_certificates=security.client_authority or None,
            require_client_auth=bool(security.client_authority),
        )
        encrypted: int = server.add_secure_port(place, credentials)
        return encrypted

    def _add_own_services(self) -> None:
        looking = NodeLooking(self.system, self._threads, _version())
        calls = NodeCalls(self.system, self.limits, self._rate)
        feeds = NodeFeeds(self.system, self.limits)
        hosting = NodeHosting(self.system, self._threads, self.limits, patience_s=self._patience_s)
        functions: dict[str, Callable[..., Awaitable[Any]]] = {
            "GetStatus": looking.get_status,
            "ListActors": looking.list_actors,
            "GetActor": looking.get_actor,
            "ListActions": looking.list_actions,
            "GetState": looking.get_state,
            "GetMailbox": looking.get_mailbox,
            "ListDefinitions": looking.list_definitions,
            "ListDeadLetters": looking.list_dead_letters,
            "Flush": looking.flush,
            "GetRetention": looking.get_retention,
            "Restore": looking.restore,
            "Undeploy": looking.undeploy,
            "ConfirmDropped": looking.confirm_dropped,
            "Watch": feeds.watch,
            "ReadTurns": feeds.read_turns,
            "ReadColumns": feeds.read_columns,
            "ReadLifecycle": feeds.read_lifecycle,
            "Invoke": calls.invoke,
            "InvokeMany": calls.invoke_many,
            "RetryDeadLetter": calls.retry_letter,
            "DiscardDeadLetters": looking.discard_letters,
            "Host": hosting.host,
        }
        self.add_service(_NODE, lambda method: functions[method.name], READS)
        self._health.install(self.services)
        self._reflection.install(self.services)

    async def _stop(self, server: Any, grace_s: float) -> None:
        await self._health.stopping()
        await server.stop(grace_s)


def _version() -> str:
    try:
        return version("spawn-workbench")
    except PackageNotFoundError:
        return ""


# --- What a node shows of its system: the unary reads, and what changes it without running an action ------------------

T = TypeVar("T")

_MOST_ROWS = 100_000
_DEFAULT_ROWS = 1_000
_LONGEST_FLUSH_S = 60.0


class NodeLooking:
    """Each method answers one rpc.  Reads run on threads: a store may take its time, and other calls go on."""

    def __init__(self, system: EmbeddedSystem, threads: Executor, version: str) -> None:
        self._system, self._threads, self._version = system, threads, version

    async def get_status(self, _: pb.GetStatusRequest, __: Any) -> pb.SystemStatus:
        reply = pb.SystemStatus(capabilities=sorted(self._system.capabilities - LOCAL), version=self._version)
        put_status(reply, await self._threaded(self._system.status))
        return reply

    async def list_actors(self, request: pb.ListActorsRequest, _: Any) -> pb.ListActorsReply:
        limit = _bounded(request.limit)
        rows = await self._threaded(
            lambda: self._system.actors(prefix=request.prefix, passive=request.passive, limit=limit)
        )
        reply = pb.ListActorsReply()
        for row in rows:
            put_info(reply.actors.add(), row)
        return reply

    async def get_actor(self, request: pb.GetActorRequest, _: Any) -> pb.ActorInfo:
        reply = pb.ActorInfo()
        put_info(reply, await self._threaded(lambda: self._system.info(request.actor)))
        return reply

    async def list_actions(self, request: pb.GetActorRequest, _: Any) -> pb.ListActionsReply:
        return pb.ListActionsReply(signatures=await self._threaded(lambda: self._system.actions(request.actor)))

    async def get_state(self, request: pb.GetStateRequest, _: Any) -> pb.GetStateReply:
        revision = request.revision if request.HasField("revision") else None
        reply = pb.GetStateReply()
        put_value(reply.state, await self._threaded(lambda: self._system.encoded_state(request.actor, revision)))
        return reply

    async def get_mailbox(self, request: pb.GetMailboxRequest, _: Any) -> pb.GetMailboxReply:
        rows = await self._threaded(lambda: self._system.mailbox(request.actor, limit=_bounded(request.limit)))
        reply = pb.GetMailboxReply()
        for row in rows:
            put_waiting(reply.waiting.add(), row)
        return reply

    async def list_definitions(self, _: pb.ListDefinitionsRequest, __: Any) -> pb.ListDefinitionsReply:
        reply = pb.ListDefinitionsReply()
        found: list[StoredDefinition] = await self._threaded(self._system.definitions)
        for each in found:
            put_stored(reply.definitions.add(), each)
        return reply

    async def list_dead_letters(self, _: pb.ListDeadLettersRequest, __: Any) -> pb.ListDeadLettersReply:
        reply = pb.ListDeadLettersReply()
        for each in await self._threaded(self._system.dead_letters):
            put_letter(reply.letters.add(), each)
        return reply

    async def discard_letters(self, request: pb.DiscardDeadLettersRequest, context: Any) -> pb.DiscardDeadLettersReply:
        wanted = set(request.invocations)
        letters = [each for each in await self._threaded(self._system.dead_letters) if each.invocation.id in wanted]
        discarded = await self._threaded(lambda: self._system.discard_letters(wanted))
        for each in letters:
            self._note(context, "discard", each.invocation.actor.name, each.invocation.id)
        return pb.DiscardDeadLettersReply(discarded=discarded)

    async def get_retention(self, _: pb.GetRetentionRequest, __: Any) -> pb.RetentionMark:
        kept = await self._threaded(self._system.retention_mark)
        return pb.RetentionMark(gone=kept.gone, changes=kept.changes)

    async def flush(self, request: pb.FlushRequest, _: Any) -> pb.FlushReply:
        timeout_s = min(request.timeout_s, _LONGEST_FLUSH_S)
        return pb.FlushReply(committed=await self._threaded(lambda: self._system.flush(timeout_s)))

    async def undeploy(self, request: pb.UndeployRequest, context: Any) -> pb.UndeployReply:
        await self._threaded(lambda: self._system.undeploy(request.actor))
        self._note(context, "undeploy", request.actor)
        return pb.UndeployReply()

    async def restore(self, request: pb.RestoreRequest, context: Any) -> pb.RestoreReply:
        revision = await self._threaded(lambda: self._system.restore(request.actor, request.revision))
        self._note(context, "restore", request.actor, str(request.revision))
        return pb.RestoreReply(revision=revision)

    async def confirm_dropped(self, request: pb.ConfirmDroppedRequest, context: Any) -> pb.ConfirmDroppedReply:
        fields = await self._threaded(lambda: self._system.confirm_dropped(request.actor))
        self._note(context, "confirm_dropped", request.actor)
        return pb.ConfirmDroppedReply(fields=fields)

    def _note(self, context: Any, act: str, actor: str, detail: str = "") -> None:
        now_us = self._system.driver.now_us()
        self._system.guest_acts.note(GuestAct(now_us, caller(context), act, actor, detail))

    async def _threaded(self, look: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, look)


def _bounded(limit: int) -> int:
    return min(limit, _MOST_ROWS) if limit > 0 else _DEFAULT_ROWS
