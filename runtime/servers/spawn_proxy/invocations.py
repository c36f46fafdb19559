"""Invocations that arrive over HTTP: into the engine, and its replies back as `InvocationResponse`s."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

from google.protobuf.message import DecodeError

from runtime.drivers.replies import ReplyPort
from runtime.errors import BadPayload, InvocationTimeout, NotCapable, SpawnError, UnknownAction, UnknownActor
from runtime.ids import ActorId, RandomIds
from runtime.invocations import wait_s
from runtime.records import IMPLICIT_READS, Failure, Invocation, Reply
from runtime.servers.http.messages import Reply as Send
from runtime.servers.http.messages import Response
from runtime.servers.spawn_proxy.inline_turns import InlineTurns
from runtime.servers.spawn_proxy.metrics import Metrics
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.pb.spawn.actors.protocol_pb2 import OK, InvocationRequest, InvocationResponse, RequestStatus
from runtime.wire.spawn.messages import Dialect, get_invocation, set_payload, spoken_dialect
from runtime.wire.spawn.registration import OWN_ACTIONS
from runtime.wire.spawn.statuses import error_status, failure_notes, http_status, request_status

_OK = RequestStatus(status=OK)


class InvocationHandler:
    """Belongs to the server's loop."""

    def __init__(
        self,
        system: EmbeddedSystem,
        loop: asyncio.AbstractEventLoop,
        metrics: Metrics,
        in_thread: Callable[[Callable[[], Response], Send], None],
        turns: InlineTurns,
    ) -> None:
        """`in_thread` runs what may block."""
        self._system, self._metrics, self._in_thread = system, metrics, in_thread
        self._turns = turns
        self._ids = RandomIds()
        self._loop = loop
        self.port = ReplyPort(loop)
        loop.call_soon_threadsafe(self.port.here)

    def invoke(self, body: bytes, send: Send, presumed: Callable[[], Dialect]) -> None:
        """Take an invocation; the answer is sent when the engine has one.

        Args:
            presumed: says what the client speaks if it does not show it.
        """
        try:
            request = InvocationRequest.FromString(body)
        except DecodeError as error:
            self._refuse(BadPayload(f"The body is no InvocationRequest: {error}"), send)
            return
        try:
            invocation = self._read(request)
            limit_s = wait_s({"metadata": invocation.metadata}, 0.0) if invocation.metadata else 0.0
        except SpawnError as error:
            self._refuse(error, send)
            return
        call = ClientCall(self, request, invocation, send, spoken_dialect(request.value) or presumed())
        self._metrics.inflight += 1
        if invocation.scheduled_to_us:
            # Whether a scheduled call's actor exists is only seen when it is due, and no one would be told then.
            self._in_thread(lambda: self._scheduled(invocation, request), call.send_directly)
            return
        if limit_s:
            self._loop.call_later(limit_s, call.expire, limit_s)
        self._turns.submit(invocation, call)

    def _read(self, request: InvocationRequest) -> Invocation:
        invocation = get_invocation(request, self._ids(), "")
        actor, action = invocation.actor, invocation.action
        if not (actor.system and actor.name and action):
            missing = "system.name" if not actor.system else "actor.id.name" if not actor.name else "action_name"
            raise BadPayload(f"The InvocationRequest has no {missing}.")
        if actor.system != self._system.name and actor.system not in self._system.driver.peers:
            known = ", ".join([self._system.name, *self._system.driver.peers])
            raise NotCapable(f"invoke {actor.name}", actor.system, f"this proxy serves the actor system {known}.")
        if action.startswith(OWN_ACTIONS):
            raise UnknownAction(actor.name, action, ())
        return invocation

    def _scheduled(self, invocation: Invocation, request: InvocationRequest) -> Response:
        try:
            self._system.info(invocation.parent or invocation.actor.name)
        except UnknownActor as error:
            return self._error(error)
        self._system.submit(invocation, cast(Any, _Nobody()))
        return self.answer(request, Reply(invocation.id), Dialect.NEW)

    def _refuse(self, error: SpawnError, send: Send) -> None:
        self._metrics.invoked("", "", error.code, 0.0)
        send(self._error(error))

    def _error(self, error: SpawnError) -> Response:
        body = InvocationResponse(status=error_status(error, self._system.name)).SerializeToString()
        return Response(http_status(error.code), body, headers=failure_notes(error.code))

    # -- replies -------------------------------------------------------------------------------------------------------

    def answer(self, request: InvocationRequest, reply: Reply, dialect: Dialect) -> Response:
        """The reply as the client reads it: on success with system, actor and payload, on failure with the status only."""
        failure = reply.failure
        if failure is not None:
            status = request_status(failure, reply.error, request.system.name)
            body = InvocationResponse(status=status).SerializeToString()
            return Response(http_status(failure.code), body, headers=failure_notes(failure.code, failure.type_name))
        response = InvocationResponse(status=_OK, system=request.system, actor=request.actor)
        set_payload(response, reply.response, dialect)
        return Response(200, response.SerializeToString())

    def answered(self, invocation: Invocation, outcome: str, seconds: float) -> None:
        self._metrics.inflight -= 1
        actor, action = self._labels(invocation)
        self._metrics.invoked(actor, action, outcome, seconds)

    def _labels(self, invocation: Invocation) -> tuple[str, str]:
        """Template and action, empty where they are not known: clients cannot make up labels."""
        directory = self._system.driver.engine.directory
        name = invocation.parent or invocation.actor.name
        template = directory.templates.get(name)
        if template is None:
            active = directory.active.get(ActorId(self._system.name, invocation.actor.name))
            template = directory.templates.get(active.parent) if active is not None else None
        if template is None:
            return "", ""
        action = invocation.action
        is_known = action in template.definition.actions or action in IMPLICIT_READS
        return template.definition.name, action if is_known else ""


class ClientCall:
    """One client that waits: a `Waiter` whose reply goes out over HTTP."""

    __slots__ = ("_began_s", "_dialect", "_door", "_invocation", "_is_over", "_request", "_send")

    def __init__(
        self, door: InvocationHandler, request: InvocationRequest, invocation: Invocation, send: Send, dialect: Dialect
    ) -> None:
        self._door, self._request, self._invocation, self._send = door, request, invocation, send
        self._dialect = dialect
        self._began_s = time.monotonic()
        self._is_over = False

    def deliver(self, reply: Reply) -> ReplyPort | None:
        """Called by any thread."""
        return self._door.port.put(self, reply)

    def settle(self, reply: Reply) -> None:
        """Called on the loop."""
        if self._is_over:
            return
        door = self._door
        self._end("ok" if reply.failure is None else reply.failure.code)
        self._send(door.answer(self._request, reply, self._dialect))

    def expire(self, limit_s: float) -> None:
        """The client does not want to wait longer; its call goes on."""
        invocation = self._invocation
        error = InvocationTimeout(invocation.actor.name, invocation.action, limit_s)
        self.settle(Reply(invocation.id, None, Failure(error.code, str(error)), error))

    def send_directly(self, response: Response) -> bool:
        """The answer of a scheduled call, which no reply brings."""
        self._end("ok" if response.status == 200 else UnknownActor.code)
        return self._send(response)

    def _end(self, outcome: str) -> None:
        self._is_over = True
        self._door.answered(self._invocation, outcome, time.monotonic() - self._began_s)


class _Nobody:
    """Takes the reply of a scheduled call, which its client has had already."""

    __slots__ = ()

    def deliver(self, reply: Reply) -> None:
        return
