"""The host's endpoint: where a proxy calls the actors of this process."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from google.protobuf.message import DecodeError

from runtime.crypto.tokens import Role
from runtime.errors import Overloaded, SpawnError
from runtime.ids import ActorId
from runtime.servers.host_retries import Retries
from runtime.servers.host_turns import HostTurns, failed
from runtime.servers.http_guard import PROTOBUF
from runtime.servers.http_messages import PLAIN_TEXT, Access, HttpLimits, Reply, Request, Response
from runtime.servers.rates import Rate
from runtime.wire import notes
from runtime.wire.messages import get_id
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocation

CALL_PATH = "/api/v1/actors/actions"
_CALLS, _TELLS = Access(Role.ACT, PROTOBUF), Access(Role.LOOK, PROTOBUF)
_BURST, _WINDOW_S, _LONGEST_HOLD_S = 3, 5.5, 50.0


class CrashBudget:
    """How long a failure has to wait before it is told to a real proxy.

    There every failure crashes its actor, and the fourth crash within five seconds takes down the actors beside it, which
    lose their state if they are stateless (ground truth §3).  So there are at most three in that time, the others wait.
    """

    def __init__(self) -> None:
        self._told = deque[float](maxlen=_BURST)

    def wait_s(self, now: float) -> float:
        """Seconds until the next failure may be told, which counts from then on."""
        earliest = self._told[0] + _WINDOW_S if len(self._told) == _BURST else now
        at = min(max(now, earliest), now + _LONGEST_HOLD_S)
        self._told.append(at)
        return at - now


class HostApp:
    """See `http_messages.App`.  Belongs to the server's loop."""

    def __init__(self, turns: HostTurns, loop: asyncio.AbstractEventLoop, identity: str) -> None:
        self._turns, self._loop, self._identity = turns, loop, identity
        self._rate = Rate(HttpLimits().requests_per_second)
        self.retries = Retries(self._run)
        self.budget: CrashBudget | None = None
        """Set when the proxy is Spawn's own."""

    def access(self, method: str, path: str) -> Access:
        return _CALLS if path == CALL_PATH else _TELLS

    def refused(self, path: str, status: int, error: SpawnError) -> Response:
        return failed(status, str(error), error.code)

    def handle(self, request: Request, reply: Reply) -> None:
        if not self._rate.take():
            reply(failed(429, "Too many calls a second; nothing was run.", Overloaded.code))
        elif request.path == CALL_PATH and request.method == "POST":
            self._call(request.body, reply)
        elif request.path == notes.IDENTITY:
            reply(Response(200, self._identity.encode(), PLAIN_TEXT))
        elif request.path.startswith("/health"):
            reply(Response(200, b"up\n", PLAIN_TEXT))
        else:
            reply(Response(404, b"Not found!", PLAIN_TEXT))

    def _call(self, body: bytes, reply: Reply) -> None:
        try:
            actor: ActorId = get_id(ActorInvocation.FromString(body).actor)
        except DecodeError as error:
            reply(failed(400, f"The body is no ActorInvocation: {error}"))
            return
        self.retries.take(actor, body, reply)

    def _run(self, actor: ActorId, body: bytes) -> None:
        self._turns.start(body, lambda response: self._loop.call_soon_threadsafe(self._ended, actor, response))

    def _ended(self, actor: ActorId, response: Response) -> None:
        wait_s = self.budget.wait_s(time.monotonic()) if self.budget is not None and response.status != 200 else 0.0
        if wait_s:
            self._loop.call_later(wait_s, self.retries.finished, actor, response)
        else:
            self.retries.finished(actor, response)
