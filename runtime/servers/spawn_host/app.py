"""The host's endpoint, where a proxy calls the actors of this process; a call that the proxy repeats is answered once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable

import msgspec
from google.protobuf.message import DecodeError

from runtime.crypto import Role
from runtime.errors import Overloaded, SpawnError
from runtime.ids import ActorId
from runtime.servers.http.guard import PROTOBUF
from runtime.servers.http.messages import PLAIN_TEXT, Access, HttpLimits, Reply, Request, Response
from runtime.servers.security import Rate
from runtime.servers.spawn_host.turns import HostTurns, failed
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocation
from runtime.wire.spawn import statuses
from runtime.wire.spawn.messages import get_id

CALL_PATH = "/api/v1/actors/actions"
_CALLS, _TELLS = Access(Role.ACT, PROTOBUF), Access(Role.LOOK, PROTOBUF)
_BURST, _WINDOW_S, _LONGEST_HOLD_S = 3, 5.5, 50.0


class CrashBudget:
    """How long a failure has to wait before it is told to a real proxy.

    There every failure crashes its actor, and the fourth crash within five seconds takes down the actors beside it, which
    lose their state if they are stateless (docs/protocols.md, "A host's answer").  So there are at most three in that time,
    the others wait.
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
    """See `messages.App`.  Belongs to the server's loop."""

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
        elif request.path == statuses.IDENTITY:
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


# --- Retries ----------------------------------------------------------------------------------------------------------
# Calls that a proxy makes again because it did not get the answer: recognised, and answered from what was done.
#
# A proxy calls one actor strictly one at a time, and a call has no id.  So this is how a repetition is known: the same
# bytes for the same actor, while the first is still running or after its answer found no one.  An answer that was taken
# is forgotten: the same bytes after that are a new call.

_MOST_KEPT = 10_000
_MOST_BYTES = 64 * 1024 * 1024


class _Running(msgspec.Struct):
    """A call whose action runs, and who waits for its answer: the first, and each that asked again."""

    body: bytes
    replies: list[Reply]
    queue: list[tuple[bytes, Reply]]
    """Other calls of the actor that came meanwhile: the proxy has given this one up."""


class Retries:
    """Belongs to the server's loop."""

    def __init__(self, run: Callable[[ActorId, bytes], None]) -> None:
        """`run` begins an action; `finished` is called when it has ended."""
        self._run = run
        self._running: dict[ActorId, _Running] = {}
        self._untaken: OrderedDict[ActorId, tuple[bytes, Response]] = OrderedDict()
        self._bytes = 0
        self.recognised = 0
        """How many calls were answered without running their action again."""

    def take(self, actor: ActorId, body: bytes, reply: Reply) -> None:
        """A call has arrived: run it, or let it have the answer of the one that it repeats."""
        running = self._running.get(actor)
        if running is not None:
            if running.body == body:
                self.recognised += 1
                running.replies.append(reply)
            else:
                running.queue.append((body, reply))
            return
        former = self._forget(actor)
        if former is not None and former[0] == body:
            self.recognised += 1
            self._deliver(actor, body, former[1], [reply])
            return
        self._running[actor] = _Running(body, [reply], [])
        self._run(actor, body)

    def finished(self, actor: ActorId, response: Response) -> None:
        """The action has ended."""
        running = self._running.pop(actor)
        self._deliver(actor, running.body, response, running.replies)
        for body, reply in running.queue:
            self.take(actor, body, reply)

    def _deliver(self, actor: ActorId, body: bytes, response: Response, replies: list[Reply]) -> None:
        """Answer the last who asked; the ones before have given up.  Keep the answer if no one was there."""
        taken = [reply(response) for reply in replies]
        if not taken[-1]:
            self._keep(actor, body, response)

    def _keep(self, actor: ActorId, body: bytes, response: Response) -> None:
        self._untaken[actor] = body, response
        self._bytes += len(body) + len(response.body)
        while len(self._untaken) > _MOST_KEPT or (self._bytes > _MOST_BYTES and len(self._untaken) > 1):
            self._forget(next(iter(self._untaken)))

    def _forget(self, actor: ActorId) -> tuple[bytes, Response] | None:
        former = self._untaken.pop(actor, None)
        if former is not None:
            self._bytes -= len(former[0]) + len(former[1].body)
        return former
