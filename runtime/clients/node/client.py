"""`NodeClient`: an actor system on another node, through `workbench.v1`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack
from urllib.parse import urlsplit

import grpc

from runtime.api import LOCAL, ActorInfo, CallOptions, Capability, DeployReport, SystemApi, SystemStatus, Waiting
from runtime.authoring.context import current_turn
from runtime.authoring.definition import ActorDefinition, define
from runtime.clients.node.connection import NodeConnection, Target
from runtime.clients.node.offers import NodeOffers
from runtime.clients.node.streams import Invocations, NodeSubscription
from runtime.drivers.replies import BlockingWaiter, LoopPort
from runtime.errors import BadSetting, NotCapable
from runtime.fields import as_timeout_s
from runtime.hosts.capsules import Capsule
from runtime.ids import ActorId, InvocationId
from runtime.invocations import action_name, actor_name, due_us, message_fields, send_within, system_name, wait_s
from runtime.records import DeadLetter, Encoded, Invocation, Lifecycle, RetentionMark, StoredDefinition, Turn
from runtime.security.crypto import Role, TokenFiles, read_token
from runtime.wire.codecs.values import decode_answer, encode_value
from runtime.wire.node.records import get_info, get_letter, get_status, get_stored, get_value, get_waiting, put_value
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

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
            Unreachable: no one answers there.
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
        known = set(Capability) - LOCAL
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

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Any:
        turn = current_turn.get()
        if turn is not None:
            return send_within(turn, turn.call, actor, action, payload, options)
        limit_s = wait_s(options, self._timeout_s)
        call, size = call_message(actor, action, payload, options)
        waiter = BlockingWaiter()
        self._invocations.submit(call, size, waiter)
        return waiter.wait(self._named(call), limit_s)

    def ainvoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Awaitable[Any]:
        turn = current_turn.get()
        if turn is not None:
            return send_within(turn, turn.invoke, actor, action, payload, options) or asyncio.sleep(0)
        limit_s = wait_s(options, self._timeout_s)
        call, size = call_message(actor, action, payload, options)
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
        return decode_answer(self.encoded_state(actor, revision))

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
        from runtime.wire.node.history import turns_of_ipc

        request = pb.ReadTurnsRequest(after=after, actor=actor or "")
        return map(turns_of_ipc, self._batches("ReadTurns", request))

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        from runtime.stores.journal.columns.batches import up_to
        from runtime.wire.node.history import columns_of_ipc

        batches = map(columns_of_ipc, self._batches("ReadColumns", pb.ReadColumnsRequest(after=after)))
        return batches if until is None else up_to(batches, until)

    def retention_mark(self) -> RetentionMark:
        found = self.connection.call("GetRetention", pb.GetRetentionRequest())
        return RetentionMark(found.gone, found.changes)

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        from runtime.wire.node.history import lifecycle_of_ipc

        batches = self._batches("ReadLifecycle", pb.ReadLifecycleRequest(after=after))
        return chain.from_iterable(map(lifecycle_of_ipc, batches))

    def _batches(self, method: str, request: Any) -> Iterator[bytes]:
        """Messages of a stream, each asked for when it is wanted: the node waits for the reader."""
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

    def retry_letter(self, invocation: str, timeout: float | None = None) -> Any:
        self._need_letters("send a dead letter again as it was")
        limit_s = self._timeout_s if timeout is None else as_timeout_s(timeout)
        request = pb.RetryDeadLetterRequest(invocation=invocation, timeout_s=limit_s)
        answer = self.connection.call("RetryDeadLetter", request, limit_s + _CONNECT_S)
        return decode_answer(get_value(answer.response))

    def discard_letters(self, invocations: Collection[str]) -> int:
        self._need_letters("discard dead letters")
        request = pb.DiscardDeadLettersRequest(invocations=invocations)
        discarded: int = self.connection.call("DiscardDeadLetters", request, _READ_S).discarded
        return discarded

    def _need_letters(self, what: str) -> None:
        if Capability.LETTERS not in self.capabilities:
            raise NotCapable(what, self.name, f"the node at {self.connection.target.url} is of an older version.")

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
    """The system of the node at `url`; `options` are those of `read_target`.

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


# --- From the arguments of a call to the message that carries it to a node --------------------------------------------


def call_message(actor: str, action: str, payload: Any, options: CallOptions) -> tuple[pb.Call, int]:
    """The message, and the bytes of its payload.

    Raises:
        BadPayload, BadSetting: nothing can be sent.
    """
    call = pb.Call(
        actor=actor_name(actor),
        action=action_name(action),
        system=system_name(options.get("system")),
        **message_fields(options),
    )
    delay, scheduled_to = options.get("delay"), options.get("scheduled_to")
    if scheduled_to is not None:
        call.scheduled_to_us = due_us(delay, scheduled_to)
    elif delay is not None:
        # The node's clock says when: only the difference travels.
        call.delay_us = max(0, due_us(delay, None) - time.time_ns() // 1_000)
    encoded = None if payload is None else encode_value(payload, what=f"the payload of {actor}.{action}")
    if encoded is not None:
        put_value(call.payload, encoded)
    return call, 0 if encoded is None else len(encoded.data)


# --- From a URL and what the user has at hand to a node's address and our right to be there ---------------------------

TOKEN_VARIABLE = "SPAWN_NODE_TOKEN"  # noqa: S105 - a name, not a secret
DEFAULT_PORT = 9980

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def read_target(
    url: str,
    *,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    environ: Mapping[str, str] = os.environ,
    token_files: TokenFiles | None = None,
    role: Role = Role.ACT,
) -> Target:
    """Where `grpc://HOST:PORT` or `grpcs://HOST:PORT` is.

    Args:
        token: else the one in `token_file`, in `SPAWN_NODE_TOKEN`, or, on this machine, what the node left for its user.
        role: which of the node's tokens is taken where it left them; one to look may be missing, then it is that to act.
        authority: PEM file of who signed the node's certificate; the machine's own authorities if not given.
        certificate, key: PEM files by which the node knows us, where it wants that.

    Raises:
        BadSetting: the URL or a file is not usable.
    """
    scheme, host, port = _parts(url)
    is_encrypted = scheme == "grpcs"
    if not is_encrypted and (authority or certificate or key):
        raise BadSetting(f"Certificates are for encrypted connections: write grpcs:// instead of grpc:// in {url}.")
    if not is_encrypted and host not in _LOOPBACK:
        raise BadSetting(
            f"{url} would send the token and every state over the network in the clear. Use grpcs://, or a tunnel to {host}."
        )
    given = token or (read_token(Path(token_file)) if token_file else "") or environ.get(TOKEN_VARIABLE, "")
    if not given and host in _LOOPBACK:
        files = token_files or TokenFiles(environ=environ)
        given = (files.read(port, Role.LOOK) if role is Role.LOOK else "") or files.read(port)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Target(url, place, given, _credentials(authority, certificate, key) if is_encrypted else None)


def _parts(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        host, port = None, 0
    if parts.scheme not in ("grpc", "grpcs") or not host or parts.path not in ("", "/") or parts.query:
        raise BadSetting(f"{url!r} is not the address of a node. Write grpc://127.0.0.1:PORT, as the node shows it.")
    if parts.username or parts.password:
        raise BadSetting("Do not write a token into the URL, where it would be shown and saved; give token= instead.")
    return parts.scheme, host, port


def _credentials(
    authority: str | Path | None, certificate: str | Path | None, key: str | Path | None
) -> grpc.ChannelCredentials:
    if bool(certificate) != bool(key):
        raise BadSetting("A client certificate needs its key, and a key its certificate; only one of them was given.")
    return grpc.ssl_channel_credentials(
        root_certificates=_content(authority), private_key=_content(key), certificate_chain=_content(certificate)
    )


def _content(path: str | Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadSetting(f"Cannot read {path}: {error.strerror}.") from None
