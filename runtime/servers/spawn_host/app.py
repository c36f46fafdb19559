"""The host's endpoint, where a proxy calls the actors of this process; repeated calls are recognised as far as that is safe."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable

import msgspec
from google.protobuf.message import DecodeError

from runtime.errors import NotDeployed, Overloaded, SpawnError, UnknownAction
from runtime.ids import ActorId
from runtime.security.crypto import Role
from runtime.servers.http.guard import PROTOBUF
from runtime.servers.http.messages import PLAIN_TEXT, Access, HttpLimits, Reply, Request, Response
from runtime.servers.security import Rate
from runtime.servers.spawn_host.turns import HostTurns, failed, is_own_call
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocation, ActorInvocationResponse
from runtime.wire.spawn import statuses
from runtime.wire.spawn.messages import get_id
from runtime.wire.spawn.statuses import http_status

CALL_PATH = "/api/v1/actors/actions"
_CALLS, _TELLS = Access(Role.ACT, PROTOBUF), Access(Role.LOOK, PROTOBUF)
_BURST, _WINDOW_S, _LONGEST_HOLD_S = 3, 5.5, 50.0
_MOST_TOLD = 1_000
_log = logging.getLogger("runtime.servers")


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


class Strays:
    """Calls of what this process does not run: an earlier host registered it, and a real proxy forgets nothing until it is
    restarted.

    They are answered at once, and apart from the failures that `CrashBudget` spreads.  What the proxy itself calls, a timer or
    an init, gets an answer that changes nothing: a failure would crash the actor there, time and again, and its neighbours
    with it.  What someone waits for gets the failure.  Belongs to the server's loop.
    """

    def __init__(self, proxy: str, notify: Callable[[str], object]) -> None:
        """`notify` is told of each actor once."""
        self._proxy, self._notify = proxy, notify
        self._told: set[tuple[str, str]] = set()

    def answer(self, call: ActorInvocation, error: NotDeployed | UnknownAction) -> Response:
        name = call.actor.parent or call.actor.name
        missing = name if isinstance(error, NotDeployed) else f"{name}.{call.action_name}"
        self._tell(name, call.action_name, missing)
        if not is_own_call(call):
            return failed(http_status(error.code), str(error), error.code)
        unchanged = ActorInvocationResponse(actor_name=call.actor.name, actor_system=call.actor.system)
        unchanged.updated_context.SetInParent()  # without it the proxy calls again
        unchanged.updated_context.tags.update(call.current_context.tags)  # without them it would have none
        return Response(http_status(error.code), unchanged.SerializeToString())  # a real proxy ignores the status

    def _tell(self, name: str, action: str, missing: str) -> None:
        if (name, missing) in self._told or len(self._told) >= _MOST_TOLD:
            return
        self._told.add((name, missing))
        self._notify(
            f"The proxy at {self._proxy} still believes in {missing}, which this process does not run: it called "
            f"{name}.{action}.\nAn earlier host registered it. Such calls change nothing; the proxy forgets it when it is "
            f"restarted. To run it here, deploy {name}."
        )


class HostApp:
    """See `messages.App`.  Belongs to the server's loop."""

    def __init__(self, turns: HostTurns, loop: asyncio.AbstractEventLoop, identity: str) -> None:
        self._turns, self._loop, self._identity = turns, loop, identity
        self._rate = Rate(HttpLimits().requests_per_second)
        self.retries = Retries(self._run, self._ended)
        self.budget: CrashBudget | None = None
        """As `strays` and `retries.failures`, set when the proxy is Spawn's own."""
        self.strays: Strays | None = None

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
            call = ActorInvocation.FromString(body)
        except DecodeError as error:
            reply(failed(400, f"The body is no ActorInvocation: {error}"))
            return
        actor = get_id(call.actor)
        try:
            role = self._turns.spec(call).role
        except (NotDeployed, UnknownAction) as error:
            if self.strays is not None:
                reply(self.strays.answer(call, error))
                return
            role = "action"
        if role == "init" and is_own_call(call):
            self.retries.initialise(actor, body, reply)
        else:
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
#
# With one exception.  A real proxy whose call activates an actor makes it a second time, within some 40 ms, when it
# fails.  So a failure that such a call got is remembered for a quarter of a second, and answers one call of the same
# bytes, which is logged.  A call that fails later, or does not activate its actor, runs again whenever it comes.

_MOST_KEPT = 10_000
_MOST_BYTES = 64 * 1024 * 1024
_REMEMBERED_S = 0.25


class _Running(msgspec.Struct):
    """A call whose action runs, and who waits for its answer: the first, and each that asked again."""

    body: bytes
    replies: list[Reply]
    queue: list[tuple[bytes, Reply]]
    """Other calls of the actor that came meanwhile: the proxy has given this one up."""
    may_activate: bool = False
    """A real proxy may have activated the actor for it."""


class FirstFailures:
    """Failures of calls that activated their actor, each kept for a quarter of a second.

    When a real proxy activates an actor, it does not tell.  It calls `init` then, where there is one; else the first call that
    this host gets may have done it, and each after the time for which an actor stays active.  Belongs to the server's loop.
    """

    def __init__(self, stays_s: Callable[[ActorId], float], clock: Callable[[], float] = time.monotonic) -> None:
        """`stays_s`: seconds from its activation on for which an actor surely is active."""
        self._stays_s, self._clock = stays_s, clock
        self._active_until: OrderedDict[ActorId, float] = OrderedDict()
        self._failed: OrderedDict[ActorId, tuple[float, bytes, Response]] = OrderedDict()

    def begins(self, actor: ActorId) -> bool:
        """A call begins: whether the actor may have been activated for it.  It counts as active from now on."""
        now = self._clock()
        until = self._active_until.get(actor)
        if until is not None and now < until:
            return False
        self._activated(actor, now)
        return True

    def initialises(self, actor: ActorId) -> None:
        """The proxy calls `init`: the next call may be what the actor was activated for.

        Not so after a failure, which crashed it: then it was activated for no one.
        """
        if actor not in self._failed or self._clock() >= self._failed[actor][0]:
            self._active_until.pop(actor, None)

    def failed(self, actor: ActorId, body: bytes, response: Response) -> None:
        """The call that activated the actor has failed; the proxy activates it once more, by itself."""
        now = self._clock()
        self._activated(actor, now)
        self._failed[actor] = now + _REMEMBERED_S, body, response
        while len(self._failed) > _MOST_KEPT:
            self._failed.popitem(last=False)

    def repeated(self, actor: ActorId, body: bytes) -> Response | None:
        """The failure that a call repeats; it is forgotten with that, or because another call has come."""
        if not self._failed:
            return None
        until, former, response = self._failed.pop(actor, (0.0, b"", None))
        return response if former == body and self._clock() < until else None

    def _activated(self, actor: ActorId, now: float) -> None:
        self._active_until[actor] = now + self._stays_s(actor)
        self._active_until.move_to_end(actor)
        while len(self._active_until) > _MOST_KEPT:
            self._active_until.popitem(last=False)


class Retries:
    """Belongs to the server's loop."""

    def __init__(
        self, run: Callable[[ActorId, bytes], None], answer_again: Callable[[ActorId, Response], None] | None = None
    ) -> None:
        """`run` begins an action; `finished` is called when it has ended.

        Args:
            answer_again: what calls `finished` with the answer of a failed call that is repeated, now or later.
        """
        self._run, self._answer_again = run, answer_again or self.finished
        self.failures: FirstFailures | None = None
        """Set when the proxy is Spawn's own, which repeats a failed call that activated its actor."""
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
        self._begin(actor, body, reply)

    def _begin(self, actor: ActorId, body: bytes, reply: Reply) -> None:
        running = self._running[actor] = _Running(body, [reply], [])
        if self.failures is not None:
            failed = self.failures.repeated(actor, body)
            if failed is not None:
                self.recognised += 1
                _log.warning(
                    "A call of %s that had just failed came again within %g s, as a real proxy repeats the call that activates "
                    "an actor: it was answered with the same failure, its action was not run again.",
                    actor.name,
                    _REMEMBERED_S,
                )
                self._answer_again(actor, failed)
                return
            running.may_activate = self.failures.begins(actor)
        self._run(actor, body)

    def initialise(self, actor: ActorId, body: bytes, reply: Reply) -> None:
        """A call of an actor's `init` has arrived, with which each activation begins."""
        if self.failures is None or actor in self._running:
            self.take(actor, body, reply)
            return
        self.failures.initialises(actor)
        self._forget(actor)
        self._running[actor] = _Running(body, [reply], [])
        self._run(actor, body)

    def finished(self, actor: ActorId, response: Response) -> None:
        """The action has ended."""
        running = self._running.pop(actor)
        if running.may_activate and response.status != 200 and self.failures is not None:
            self.failures.failed(actor, running.body, response)
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
