"""A connection to a node: calls and streams of `workbench.v1`, and what their failures mean."""

from __future__ import annotations

import asyncio
import getpass
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import grpc
from google.protobuf import message_factory
from google.rpc import status_pb2

from runtime.drivers.event_loops import grpc_loop
from runtime.errors import BadPayload, HostFailed, NotAllowed, NotCapable, SpawnError, Unreachable
from runtime.wire.node.headers import ADMITTED, CLIENT
from runtime.wire.node.records import error_of, get_failure
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

T = TypeVar("T")

MESSAGE_BYTES = 65 * 1024 * 1024
_SLICE_S = 0.1
_HEADERS_BYTES = 64 * 1024
_ADMITTED_S = 0.5
"""How long a stream waits to be let in by an older node, which does not say so."""
_Code = grpc.StatusCode


def title() -> str:
    """What this process calls itself: its notebook or script, process and user."""
    name = os.environ.get("JPY_SESSION_NAME") or (sys.argv[0] if sys.argv else "")
    return f"{Path(name).name or 'python'} (process {os.getpid()}) of {_user()}@{platform.node()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


class Target(NamedTuple):
    """Where a node is, and how it knows us."""

    url: str
    """As the user wrote it."""
    place: str
    """`host:port`."""
    token: str = ""
    credentials: grpc.ChannelCredentials | None = None
    """For TLS; None for an unencrypted connection."""


class NodeConnection:
    """One channel.  It connects again by itself; `notify` is told when the connection is lost and when it is back.

    Public methods may be called by any thread but the connection's own loop, where the coroutines run.
    """

    def __init__(self, target: Target, notify: Callable[[str], object]) -> None:
        self.target, self._notify = target, notify
        self.is_up = False
        self.advice = ""
        """What to do when the node cannot be reached, if someone knows better than to look whether it runs."""
        self._thread = grpc_loop.acquire()
        self._channel: Any = None
        self._watching: asyncio.Task[None] | None = None
        named = ((CLIENT, quote(title(), safe=" ()@,.:")),)
        self._headers = (("authorization", f"Bearer {target.token}"), *named) if target.token else named
        self._methods: dict[str, Any] = {}
        self._kept: set[Future[None]] = set()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._thread.loop

    def open(self) -> None:
        """Begin to connect."""
        self.run(self._open(), 5.0)

    def close(self) -> None:
        """End every call.  Safe to call twice."""
        if self._channel is None:
            return
        channel, self._channel = self._channel, None
        for each in tuple(self._kept):  # now, since a loop that has ended can cancel nothing
            each.cancel()
        self.run(self._close(channel), 5.0)
        grpc_loop.release(self._thread)

    @property
    def is_open(self) -> bool:
        return self._channel is not None

    def call(self, method: str, request: Any, timeout_s: float = 10.0) -> Any:
        """The answer to a unary call.

        Raises:
            SpawnError: what the node says, or `Unreachable`.
        """
        if self._channel is None:
            raise Unreachable(f"The connection to {self.target.url} is closed. {self.advice or 'Attach again.'}")
        return self.run(self.acall(method, request, timeout_s), timeout_s + 1.0)

    async def acall(self, method: str, request: Any, timeout_s: float = 10.0) -> Any:
        try:
            return await self._methods[method](request, timeout=timeout_s, metadata=self._headers)
        except grpc.aio.AioRpcError as error:
            raise self.meaning(error) from None

    def stream(self, method: str, request: Any = None) -> Any:
        """A streaming call, begun.  Called on the loop."""
        if self._channel is None:
            raise Unreachable(f"The connection to {self.target.url} is closed. {self.advice or 'Attach again.'}")
        arguments = () if request is None else (request,)
        return self._methods[method](*arguments, metadata=self._headers)

    def keep(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        """Begin a coroutine that runs until it is cancelled, at the latest when the connection is closed."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        self._kept.add(future)
        future.add_done_callback(self._kept.discard)
        return future

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """The result of a coroutine of the loop.  An interrupt ends the wait, within 0.1 s, and cancels the coroutine."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        deadline_s = time.monotonic() + timeout_s
        try:
            while True:
                try:
                    return future.result(min(_SLICE_S, max(0.0, deadline_s - time.monotonic())))
                except FutureTimeout:
                    if future.done() or time.monotonic() >= deadline_s:
                        raise
        except FutureTimeout:
            raise Unreachable(f"{self.target.url} did not answer within {timeout_s:g} s.") from None
        finally:
            future.cancel()

    def meaning(self, error: grpc.aio.AioRpcError) -> SpawnError:
        """A status as the error that the node meant, or as what can be told from the status alone."""
        for name, value in (error.trailing_metadata() or ()) if error.code() is not _Code.UNAUTHENTICATED else ():
            if name == "grpc-status-details-bin" and isinstance(value, bytes):
                found = _failure_in(value)
                if found is not None:
                    return error_of(get_failure(found))
        return self._from_code(error.code(), error.details() or "")

    def _from_code(self, code: grpc.StatusCode, text: str) -> SpawnError:
        url = self.target.url
        if code is _Code.UNAUTHENTICATED:
            return NotAllowed(f"{url} does not admit us: {text}")
        if code is _Code.RESOURCE_EXHAUSTED:
            return BadPayload(f"{url} does not take a message of this size: {text}")
        if code is _Code.UNIMPLEMENTED:
            return NotCapable("do this", url, f"it is no workbench node, or an older one ({text}).")
        if code is _Code.INTERNAL:  # gRPC's own: a node says what failed there
            return Unreachable(f"The connection to {url} broke: {text}")
        if code in (_Code.UNAVAILABLE, _Code.CANCELLED):
            advice = self.advice or "Is it running, and is the port right?"
            return Unreachable(f"Cannot reach {url}: {text or 'the connection was closed'}.\n{advice}")
        if code is _Code.DEADLINE_EXCEEDED:
            return Unreachable(f"{url} did not answer in time.")
        return HostFailed(f"{url} failed with {code.name}: {text}")

    async def _open(self) -> None:
        options = [
            ("grpc.max_receive_message_length", 4 * MESSAGE_BYTES),  # a turn has three values
            ("grpc.max_send_message_length", MESSAGE_BYTES),
            ("grpc.max_metadata_size", _HEADERS_BYTES),
            ("grpc.keepalive_time_ms", 20_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.enable_retries", 0),
            ("grpc.max_reconnect_backoff_ms", 5_000),
            ("grpc.initial_reconnect_backoff_ms", 200),
        ]
        place, credentials = self.target.place, self.target.credentials
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(place, options)
        else:
            self._channel = grpc.aio.secure_channel(place, credentials, options)
        self._methods = _methods(self._channel)
        self._watching = asyncio.create_task(self._watch(self._channel))

    async def _watch(self, channel: Any) -> None:
        """Keep the connection up, and say when it is lost and when it is back."""
        was_up = False
        state = channel.get_state(try_to_connect=True)
        while state is not grpc.ChannelConnectivity.SHUTDOWN:
            self.is_up = state is grpc.ChannelConnectivity.READY
            if was_up and state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                was_up = False
                self._notify(f"The connection to {self.target.url} is lost; it is being tried again.")
            elif self.is_up and not was_up:
                if self._has_been_up:
                    self._notify(f"The connection to {self.target.url} is back.")
                was_up = self._has_been_up = True
            await channel.wait_for_state_change(state)
            state = channel.get_state(try_to_connect=True)

    _has_been_up = False

    async def _close(self, channel: Any) -> None:
        if self._watching is not None:
            self._watching.cancel()
        await channel.close()


async def admitted(stream: Any) -> None:
    """Come back once the node has let a stream in.  To be awaited before the first message is written.

    A message that is being written when a refusal arrives fails for a reason of gRPC's own, which then takes the place of the
    node's: the caller would hear of a broken stream, and not why it is refused.

    Raises:
        grpc.aio.AioRpcError: it was refused, or has ended.
        Unreachable: it has ended without a reason.
    """
    await stream.wait_for_connection()
    headers = await _within(stream.initial_metadata(), _ADMITTED_S)
    if headers is None or ADMITTED not in tuple(headers):  # refused, as its end is about to say, or of an older node
        await _within(stream.code(), _ADMITTED_S)
    if stream.done():
        await stream.read()
        raise Unreachable("The node ended the connection before anything was sent.")


async def _within(answer: Coroutine[Any, Any, T], timeout_s: float) -> T | None:
    """The answer; None if there is none in time.  It is not waited for any more then, and the stream goes on."""
    asking = asyncio.ensure_future(answer)
    done, _ = await asyncio.wait({asking}, timeout=timeout_s)
    if not done:
        asking.cancel()
        return None
    return asking.result()


async def messages(stream: Any) -> AsyncIterator[Any]:
    """What a stream brings from here on; a stream of which one message was read cannot be iterated otherwise.

    Raises:
        grpc.aio.AioRpcError: it ended with a failure.
    """
    while (message := await stream.read()) is not grpc.aio.EOF:
        yield message


def _methods(channel: Any) -> dict[str, Any]:
    makers = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    found = {}
    service = pb.DESCRIPTOR.services_by_name["Node"]
    for method in service.methods:
        found[method.name] = makers[method.client_streaming, method.server_streaming](
            f"/{service.full_name}/{method.name}",
            request_serializer=message_factory.GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
    return found


def _failure_in(details: bytes) -> pb.Failure | None:
    failure = pb.Failure()
    try:
        status = status_pb2.Status.FromString(details)
        if any(each.Unpack(failure) for each in status.details):
            return failure
    except ValueError:  # not what it is said to be
        pass
    return None
