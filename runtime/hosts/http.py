"""Actors whose code is in another process that speaks Spawn's protocol: an SDK in any language that registered with us.

A call that may have arrived is never sent again: there is no way to know whether its action ran.  Only when no connection
could be made does another host of the same actor get the call.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Generic, TypeVar
from urllib.parse import unquote

import msgspec
from google.protobuf.message import DecodeError

from runtime.authoring.context import Calls
from runtime.authoring.definition import ActorDefinition
from runtime.background import Backoff
from runtime.errors import ActionFailed, BadSetting, HostFailed, SpawnError, Unreachable
from runtime.ids import ActorId
from runtime.records import CONFIRM_DROPPED, JSON, Encoded, Failure, Outcome, State, Work
from runtime.wire.http_client import AddressPool, Answer, ClientLimits, Ended, Exchange, NotSent
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocationResponse
from runtime.wire.spawn import statuses
from runtime.wire.spawn.host_calls import get_outcome, make_call
from runtime.wire.spawn.messages import Dialect, spoken_dialect
from runtime.wire.spawn.registration import Registered, Registration

REPLY_S = 60.0
"""How long a host may take for an answer; Spawn's own limit."""

_SHOWN = 300
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_log = logging.getLogger("runtime.hosts")
_NOTHING_ASIDE = Outcome(response=Encoded(JSON, b"[]"))

W = TypeVar("W", bound=Work)
Observe = Callable[[Work, Outcome, float], None]


class HttpHost:
    """Runs actions by calling their host over HTTP.  Safe from every thread; connections live on the loop given."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, timeout_s: float = REPLY_S, limits: ClientLimits | None = None
    ) -> None:
        self._loop, self._timeout_s, self._limits = loop, timeout_s, limits
        self._definitions: dict[str, ActorDefinition] = {}
        self._initial: dict[str, State] = {}
        self.targets = Targets()
        self.observe: Observe | None = None
        """Told how each call ended, and how many seconds it took; on the loop."""

    def register(self, address: HostAddress, registration: Registration) -> None:
        """Send calls of these actors to that address too.  The definitions still have to be deployed.  On the loop."""
        target = self.targets.all.get(address)
        if target is None:
            pool = AddressPool(self._loop, address.host, address.port, limits=self._limits)
            target = self.targets.all[address] = Target(address, pool)
        target.take(registration)
        for actor in registration.actors:
            self.keep_initial(actor)

    def keep_initial(self, actor: Registered) -> None:
        """Note the state of an actor that has none yet.  Any thread."""
        if actor.initial is not None:
            self._initial[actor.definition.hash] = State(actor.initial)

    def close(self) -> None:
        """Drop all connections; calls under way fail.  On the loop."""
        for target in self.targets.all.values():
            target.pool.close()

    # -- Host ----------------------------------------------------------------------------------------------------------

    def prepare(self, definition: ActorDefinition) -> None:
        self._definitions[definition.hash] = definition

    def initial(self, definition: str) -> State | None:
        return self._initial.get(definition)

    def is_async(self, work: Work) -> bool:
        return True

    def run(self, work: Work, calls: Calls) -> Outcome:
        raise NotImplementedError("A foreign action runs on the loop: use `arun`.")

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        call = HostCall(self, work, lambda _, outcome: _settle_from(loop, future, outcome))
        try:
            self._loop.call_soon_threadsafe(call.start)
        except RuntimeError:
            return _failure(_unreachable(work, "the server that it registered with was stopped"))
        try:
            return await future
        except asyncio.CancelledError:
            self._loop.call_soon_threadsafe(call.abandon)
            raise

    def forget(self, actor: ActorId) -> None:
        """Nothing is cached: the state travels with each call."""

    def migrated(self, definition: str, state: State) -> State:
        """What a foreign state means is its host's business."""
        return state

    # -- calls ---------------------------------------------------------------------------------------------------------

    def is_signal(self, work: Work) -> bool:
        """The runtime's own call, which has no payload."""
        if work.invocation.caller != work.invocation.actor:
            return False
        definition = self._definitions.get(work.definition)
        spec = definition.actions.get(work.invocation.action) if definition is not None else None
        return spec is not None and spec.role != "action"

    def send(self, target: Target, work: Work, done: Callable[[Ended], None]) -> Exchange:
        initial = None if work.state is not None else self.initial(work.definition)
        call = make_call(work, initial, target.dialect, is_signal=self.is_signal(work))
        return target.pool.send(target.request(call.SerializeToString()), done, self._timeout_s)


class HostCall(Generic[W]):
    """One turn on its way to a host and back.  Belongs to the host's loop; `done` gets turn and outcome there, once."""

    __slots__ = ("_began_s", "_done", "_exchange", "_host", "_target", "_tried", "_work")

    def __init__(self, host: HttpHost, work: W, done: Callable[[W, Outcome], None]) -> None:
        self._host, self._work, self._done = host, work, done
        self._tried: tuple[Target, ...] = ()
        self._target: Target | None = None
        self._exchange: Exchange | None = None
        self._began_s = 0.0

    def start(self) -> None:
        """Choose a host and send."""
        self._began_s = time.monotonic()
        if self._work.invocation.action == CONFIRM_DROPPED:
            self._end(_NOTHING_ASIDE)
            return
        self._send("no process that runs it has registered since this runtime was started")

    def abandon(self) -> None:
        """No one wants the outcome any more."""
        if self._exchange is not None and self._target is not None:
            self._target.pool.abandon(self._exchange)

    def _send(self, otherwise: str) -> None:
        work = self._work
        target = self._target = self._host.targets.choose(work.parent, work.invocation.action, self._tried)
        if target is None:
            self._end(_failure(_unreachable(work, otherwise)))
            return
        try:
            self._exchange = self._host.send(target, work, self._ended)
        except ValueError as error:  # a text that UTF-8 cannot hold
            self._end(_failure(HostFailed(f"Cannot send {_name(work)} to its host at {target}: {error}.")))

    def _ended(self, how: Ended) -> None:
        target = self._target
        assert target is not None
        if isinstance(how, NotSent):
            target.is_unwell()
            self._tried = (*self._tried, target)
            self._send(f"its host at {target} cannot be reached: {how}")
            return
        if isinstance(how, Answer):
            target.is_well()
            self._end(self._outcome(how, target))
            return
        target.is_unwell()  # it is silent, or ended in its answer: while another host is up, that one is asked
        self._end(_failure(_lost(self._work, target, how)))

    def _outcome(self, answer: Answer, target: Target) -> Outcome:
        work = self._work
        if not 200 <= answer.status < 300:
            return _refused(work, answer)
        if not answer.body:
            return _failure(_unusable(work, target, "nothing: its body is empty"))
        try:
            response = ActorInvocationResponse.FromString(answer.body)
        except DecodeError:
            return _failure(_unusable(work, target, f"{_excerpt(answer)}, which is no ActorInvocationResponse"))
        self._learn(target, response)
        if not response.HasField("updated_context") and response.WhichOneof("payload") is None:
            said = "an answer with neither context nor payload, which is how Spawn's Go SDK says that an action failed"
            return _failure(_unusable(work, target, said))
        initial = self._host.initial(work.definition)
        try:
            return get_outcome(response, work, initial, may_clear_tags=target.sends_tags)
        except BadSetting as error:
            return _failure(_unusable(work, target, f"what cannot be recorded: {error}"))

    def _learn(self, target: Target, response: ActorInvocationResponse) -> None:
        """What an answer shows of its host: dialect, whether it sends tags, and whether it forgets the context."""
        context = response.updated_context
        target.dialect = spoken_dialect(context.state, response.value) or target.dialect
        if context.tags:
            target.sends_tags = True
        if not response.HasField("updated_context") and self._work.parent not in target.warned:
            target.warned.add(self._work.parent)
            _log.warning(
                "%s: its host at %s answered without updated_context. State and tags stay as they are; a real Spawn proxy "
                "would run the action again and again.",
                _name(self._work),
                target,
            )

    def _end(self, outcome: Outcome) -> None:
        if self._host.observe is not None:
            self._host.observe(self._work, outcome, time.monotonic() - self._began_s)
        self._done(self._work, outcome)


def _settle_from(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    def settle() -> None:
        if not future.done():
            future.set_result(outcome)

    with suppress(RuntimeError):  # the runtime was stopped: no one waits any more
        loop.call_soon_threadsafe(settle)


def _name(work: Work) -> str:
    return f"{work.invocation.actor.name}.{work.invocation.action}"


def _failure(error: SpawnError) -> Outcome:
    return Outcome(failure=Failure(error.code, str(error)), error=error)


def _unreachable(work: Work, why: str) -> Unreachable:
    return Unreachable(
        f"Cannot run {_name(work)}: {why}.\nThe action did not run. Start its host, or call again later."
    )


def _lost(work: Work, target: Target, how: Exception) -> Unreachable:
    return Unreachable(
        f"{_name(work)} has no outcome: its host at {target} {how}.\n"
        "The action may have run there; it is not sent again, and the state is as it was."
    )


def _unusable(work: Work, target: Target, what: str) -> HostFailed:
    return HostFailed(
        f"{_name(work)} has no outcome: its host at {target} answered {what}.\n"
        "The action may have run there; it is not sent again, and the state is as it was."
    )


def _refused(work: Work, answer: Answer) -> Outcome:
    """The host says that the action failed; there is no other way to say so in this protocol.

    A host of ours adds which error it was.
    """
    code = answer.notes.get(statuses.CODE, "")
    if code:
        message = answer.body.decode("utf-8", "replace").lstrip("\x07")
        kind = unquote(answer.notes.get(statuses.TYPE, ""))
        said = message.partition(f"failed with {kind}: ")[2].partition("\n")[0] if kind else ""
        return Outcome(failure=Failure(code, message, kind, said))
    kind, text = f"HTTP {answer.status}", _excerpt(answer)
    message = (
        f"{_name(work)} failed with {kind}: {text}\nThe state of {work.invocation.actor.name} is as it was before."
    )
    return Outcome(failure=Failure(ActionFailed.code, message, kind, text))


def _excerpt(answer: Answer) -> str:
    """The beginning of an answer, as text if it is text."""
    if not answer.body:
        return "nothing"
    text = answer.body[: _SHOWN * 40].decode("utf-8", "replace")
    if "\ufffd" in text or not any(letter.isprintable() for letter in text):
        return f"{len(answer.body):,} bytes of {answer.content_type or 'unknown type'}"
    words = " ".join(_MARKUP.sub(" ", text).split())
    words = "".join(letter for letter in words if letter.isprintable())
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"


# --- Targets ----------------------------------------------------------------------------------------------------------
# The processes that run foreign actors: which there are, which of them answers, which gets the next call.

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_PATH = "/api/v1/actors/actions"


class HostAddress(msgspec.Struct, frozen=True):
    """Where a host listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if ":" not in self.host else f"[{self.host}]:{self.port}"


class Target:
    """One host process."""

    def __init__(self, address: HostAddress, pool: AddressPool) -> None:
        self.address, self.pool = address, pool
        self.service = ""
        self.dialect = Dialect.OLD
        self.sends_tags = False
        """It has sent tags with an answer, so an answer without any means that it wants none."""
        self.warned: set[str] = set()
        self._actions: dict[str, frozenset[str]] = {}
        self._backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        self._down_until = 0.0
        self._head = (
            f"POST {_PATH} HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive\r\n"
            "content-type: application/octet-stream\r\ncontent-length: "
        ).encode()

    def take(self, registration: Registration) -> None:
        """Note what it registered; a host that was down is up again."""
        self.service, self.dialect = registration.service, registration.dialect
        for actor in registration.actors:
            self._actions[actor.definition.name] = frozenset(actor.definition.actions)
        self.is_well()

    def runs(self, actor: str, action: str) -> bool:
        return action in self._actions.get(actor, ())

    @property
    def actors(self) -> Mapping[str, Collection[str]]:
        """Actor to actions."""
        return self._actions

    def is_down(self, now: float) -> bool:
        """It did not take a connection, and it is too early to try again."""
        return now < self._down_until

    def is_unwell(self) -> None:
        self._down_until = time.monotonic() + self._backoff.next_s()

    def is_well(self) -> None:
        if self._down_until:
            self._backoff.reset()
            self._down_until = 0.0

    def request(self, body: bytes) -> bytes:
        """The whole call as bytes."""
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)

    def __str__(self) -> str:
        return f"{self.address} ({self.service})"


class Targets:
    """All host processes of one actor system, by address."""

    def __init__(self) -> None:
        self.all: dict[HostAddress, Target] = {}
        self._turn = 0

    def choose(self, actor: str, action: str, tried: Collection[Target]) -> Target | None:
        """The least busy one that runs the action, in turn among equals; None if there is none that was not tried.

        One that is down is left out while another is up.  If all are down the next in turn gets the call: trying is
        how one finds out.
        """
        able = [each for each in self.all.values() if each.runs(actor, action) and each not in tried]
        if len(able) <= 1:
            return able[0] if able else None
        self._turn += 1
        now = time.monotonic()
        up = [each for each in able if not each.is_down(now)] or able
        start = self._turn % len(up)
        return min(up[start:] + up[:start], key=lambda each: each.pool.in_flight)
