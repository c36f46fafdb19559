"""Running one turn for a proxy: from the bytes of its call to those of the answer."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from google.protobuf.message import DecodeError

from runtime.admission import admitted
from runtime.authoring.context import Calls, Context
from runtime.authoring.definition import ActionSpec, ActorDefinition
from runtime.clients.proxy.client import ProxyCalls
from runtime.drivers.action_calls import asked
from runtime.drivers.event_loops import OwnLoop
from runtime.drivers.runaway import HostedAction, Limits
from runtime.drivers.service import Problems
from runtime.errors import (
    ActionTimeout,
    BadPayload,
    CallCycle,
    InternalError,
    NotCapable,
    NotDeployed,
    SpawnError,
    UnknownAction,
    shown_text,
    type_name,
)
from runtime.hosts.action_calls import build_call, build_tell, timeout_s
from runtime.hosts.in_process import InProcessHost, refused
from runtime.ids import ActorId, IdSource, RandomIds
from runtime.records import JSON, Encoded, Failure, Invocation, Outcome, State, Work
from runtime.servers.http.messages import PLAIN_TEXT, Response
from runtime.servers.spawn_host.journal import HostJournal
from runtime.wire.codecs.values import decode_answer
from runtime.wire.pb.spawn.actors.actor_pb2 import ActorId as PbActorId
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocation, ActorInvocationResponse
from runtime.wire.spawn.host_calls import get_work, make_answer
from runtime.wire.spawn.messages import Dialect, spoken_dialect
from runtime.wire.spawn.statuses import failure_notes, http_status

_MOST_THREADS = 256
_STAYS_S = 10.0
_log = logging.getLogger("runtime.servers")

Done = Callable[[Response], object]
_merge = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class HostTurns:
    """Runs actions in threads and on a loop of its own.  Any thread."""

    def __init__(self, journal: HostJournal | None) -> None:
        self._host = InProcessHost()
        self._definitions: dict[str, ActorDefinition] = {}
        self._journal = journal
        self._ids = RandomIds()
        self._numbers = itertools.count(1)
        self._threads = ThreadPoolExecutor(_MOST_THREADS, "wb-hosted")
        self._coroutines: OwnLoop | None = None
        self._starting = threading.Lock()
        self.limits = Limits[_Turn](_Turn.expire, "wb-limits", Problems())
        self.calls: Calls | None = None
        """Set by the owner before the first turn."""

    def prepare(self, definition: ActorDefinition) -> Encoded:
        """Run this definition from the next call of its name on; the state of an actor that has none.

        Raises:
            DefinitionError: a type has no encoding; the earlier definition still runs.
        """
        self._host.prepare(definition)
        self._definitions[definition.name] = definition
        return self._host.initial(definition.hash).value

    def withdraw(self, name: str) -> bool:
        return self._definitions.pop(name, None) is not None

    def definition(self, name: str) -> ActorDefinition | None:
        return self._definitions.get(name)

    def close(self) -> None:
        """Take no more calls; actions that run end by themselves."""
        self.limits.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._coroutines is not None:
            self._coroutines.stop()

    def start(self, body: bytes, done: Done) -> None:
        """Run the action that a call asks for; `done` gets the answer, in some thread."""
        try:
            self._threads.submit(self._run, body, done)
        except RuntimeError:
            done(failed(503, "This host is stopping."))

    def _run(self, body: bytes, done: Done) -> None:
        try:
            self._begin(body, done)
        except SpawnError as error:
            done(failed(http_status(error.code), str(error), error.code))
        except BaseException as error:  # noqa: BLE001 - a defect must not leave a proxy without an answer
            done(failed(500, str(InternalError(f"{type_name(error)}: {shown_text(error)}"))))

    def _begin(self, body: bytes, done: Done) -> None:
        try:
            call = ActorInvocation.FromString(body)
        except DecodeError as error:
            raise BadPayload(f"The body is no ActorInvocation: {error}") from error
        work = self._work(call)
        if self._journal is not None:
            self._journal.check()
        dialect = spoken_dialect(call.current_context.state, call.value) or Dialect.NEW
        turn = _Turn(self, work, dialect, done, self.spec(call).timeout_ms)
        if self._host.is_async(work):
            self._loop().loop.call_soon_threadsafe(turn.launch)
        else:
            turn.run()

    def spec(self, call: ActorInvocation) -> ActionSpec:
        """The action that a call names.

        Raises:
            NotDeployed, UnknownAction: this process does not run it.
        """
        definition = self._definition_of(call.actor)
        spec = definition.actions.get(call.action_name)
        if spec is None:
            raise UnknownAction(call.actor.name, call.action_name, definition.actions, methods=definition.plain_methods)
        return spec

    def stays_s(self, actor: ActorId) -> float:
        """Seconds for which a real proxy keeps an actor active that it has activated; a random time of up to 3 s follows."""
        definition = self._definitions.get(actor.name)
        # The template of a child is not in its name: it is taken to stay as long as by default.
        return _STAYS_S if definition is None else definition.settings.deactivate_timeout_ms / 1_000

    def _definition_of(self, actor: PbActorId) -> ActorDefinition:
        definition = self._definitions.get(actor.name) or self._definitions.get(actor.parent)
        if definition is None:
            raise NotDeployed(actor.name, actor.parent or actor.name, 0)
        return definition

    def _work(self, call: ActorInvocation) -> Work:
        definition = self._definition_of(call.actor)
        is_init = self.spec(call).role == "init" and is_own_call(call)
        work = get_work(
            call,
            turn=next(self._numbers),
            definition=definition.hash,
            invocation_id=self._ids(),
            now_us=time.time_ns() // 1_000,
            seed=secrets.randbits(63),
            is_init=is_init,
        )
        work.parent = definition.name
        work.invocation = take_path(work.invocation)
        return work

    def _loop(self) -> OwnLoop:
        with self._starting:
            if self._coroutines is None:
                self._coroutines = OwnLoop("wb-hosted-coroutines")
            return self._coroutines

    # -- outcomes ------------------------------------------------------------------------------------------------------

    def run(self, work: Work) -> Outcome:
        assert self.calls is not None
        return self._host.run(work, self.calls)

    async def arun(self, work: Work) -> Outcome:
        assert self.calls is not None
        return await self._host.arun(work, self.calls)

    def answer(self, work: Work, outcome: Outcome, dialect: Dialect) -> Response:
        """The answer that a proxy understands, and the turn in the journal."""
        outcome = admitted(outcome, work.invocation.actor.name)
        state = self._state(work, outcome)
        if self._journal is not None:
            self._journal.record(work, outcome, state, self._host.initial(work.definition))
        failure = outcome.failure
        if failure is not None:
            _log.warning("%s", failure.message)
        tags = work.tags if outcome.tags is None or failure is not None else outcome.tags
        if failure is not None and not work.is_init:
            return failed(http_status(failure.code), failure.message, failure.code, failure.type_name)
        # A failed init leaves the actor as it was: an answer that a proxy cannot read would crash it at each activation.
        outcome = outcome if failure is None else Outcome()
        message = make_answer(work.invocation.actor, outcome, whole(state), tags, work.now_us, dialect)
        return Response(200, message.SerializeToString())

    def _state(self, work: Work, outcome: Outcome) -> State:
        """The state after the turn: there always is one."""
        if outcome.state is not None and outcome.failure is None:
            return outcome.state
        return work.state or self._host.initial(work.definition)

    def forget(self, actor: ActorId) -> None:
        self._host.forget(actor)


def is_own_call(call: ActorInvocation) -> bool:
    """Whether the proxy calls by itself, for an init or a timer: no one waits for the answer."""
    return call.caller.name == call.actor.name and call.WhichOneof("payload") != "value"


class _Turn:
    """A turn that is under way.  It is answered once: by what its action gives, or at its limit.

    The proxy has the state, so at the limit it is told of a failure and keeps what it has; what the action still does is no part of
    any answer, and the action is ended as in a system of this process.
    """

    __slots__ = ("_action", "_answering", "_dialect", "_done", "_is_over", "_task", "_turns", "_work", "timeout_ms")

    def __init__(self, turns: HostTurns, work: Work, dialect: Dialect, done: Done, timeout_ms: int) -> None:
        self._turns, self._work, self._dialect, self._done = turns, work, dialect, done
        self.timeout_ms = timeout_ms
        self._answering, self._is_over = threading.Lock(), False
        self._action: HostedAction | None = None

    def run(self) -> None:
        """A plain action, to its end.  In the thread that may be blocked."""
        action = self._action = HostedAction(self._work.invocation)
        self._begin()
        try:
            with action.here():
                self._end(action.run(lambda: self._turns.run(self._work)))
        finally:
            self._turns.limits.end(self)

    def launch(self) -> None:
        """Begin a coroutine action.  On the loop of coroutines."""
        self._task = asyncio.get_running_loop().create_task(self._arun())

    async def _arun(self) -> None:
        action = self._action = HostedAction(self._work.invocation)
        self._begin()
        try:
            self._end(await action.start(self._turns.arun(self._work)))
        except (GeneratorExit, asyncio.CancelledError):
            if not self._is_over:
                raise
        except BaseException as error:  # noqa: BLE001 - as in `HostTurns._run`
            self._answer(failed(500, str(InternalError(f"{type_name(error)}: {shown_text(error)}"))))
        finally:
            self._turns.limits.end(self)

    def expire(self) -> None:
        """Its time is up.  On the thread of the limits."""
        invocation = self._work.invocation
        error = ActionTimeout(invocation.actor.name, invocation.action, self.timeout_ms / 1_000)
        try:
            self._end(refused(error))
        except BaseException as defect:  # noqa: BLE001 - as in `HostTurns._run`
            self._answer(failed(500, str(InternalError(f"{type_name(defect)}: {shown_text(defect)}"))))
        if self._action is not None:
            self._action.end_soon()

    def _begin(self) -> None:
        if self.timeout_ms:
            self._turns.limits.begin(self)

    def _end(self, outcome: Outcome) -> None:
        with self._answering:
            is_late, self._is_over = self._is_over, True
        if not is_late:
            self._answer(self._turns.answer(self._work, outcome, self._dialect))

    def _answer(self, response: Response) -> None:
        self._done(response)
        self._turns.forget(self._work.invocation.actor)


def whole(state: State) -> Encoded:
    """The state as one value: fields that no longer have a place in the class stay in the JSON object, where a real proxy
    keeps them; this runtime would keep them beside it."""
    if not state.dropped_fields or state.value.type != JSON:
        return state.value
    return Encoded(JSON, _merge({**_read(state.dropped_fields), **_read(state.value.data)}))


def failed(status: int, text: str, code: str = "", type_name: str = "") -> Response:
    """An answer that every proxy takes for a failure at once: a real one ignores the status, and what it can decode is a
    success (docs/protocols.md, "A host's answer").  Proxies of ours are told the error's class too."""
    body = text.encode("utf-8", "replace")
    headers = failure_notes(code, type_name) if code else ()
    try:
        ActorInvocationResponse.FromString(body)
    except DecodeError:
        return Response(status, body, PLAIN_TEXT, headers)
    return Response(status, b"\x07" + body, PLAIN_TEXT, headers)  # field 0 of a wire type that there is not


# --- How an action that a proxy had us run reaches other actors: through that proxy -----------------------------------
# A proxy does not say who waits for whom, so a question carries the actors that wait for it in its metadata; a circle
# among actors hosted by this package is seen before it closes.

PATH = "spawn-workbench-path"


def take_path(invocation: Invocation) -> Invocation:
    """The invocation without our metadata, which became its path."""
    if PATH not in invocation.metadata:
        return invocation
    metadata = dict(invocation.metadata)
    names = metadata.pop(PATH).split(",")
    path = tuple(ActorId(invocation.actor.system, unquote(name)) for name in names if name)
    return msgspec.structs.replace(invocation, metadata=metadata, path=path)


def with_path(invocation: Invocation) -> Invocation:
    """The invocation with its path as metadata, for the wire.

    Raises:
        CallCycle: it would wait for itself.
    """
    if invocation.actor in invocation.path:
        circle = invocation.path[invocation.path.index(invocation.actor) :]
        raise CallCycle([*(each.name for each in circle), invocation.actor.name])
    waiting = ",".join(quote(each.name, safe="") for each in invocation.path)
    return msgspec.structs.replace(invocation, metadata={**invocation.metadata, PATH: waiting})


class HostedCalls:
    """`Calls` over a proxy."""

    def __init__(self, calls: ProxyCalls, ids: IdSource, timeout_s: float, *, has_keys: bool) -> None:
        self._calls, self._ids, self._timeout_s, self._has_keys = calls, ids, timeout_s, has_keys

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        return self._asked(turn, self._question(turn, actor, action, payload, options), self._wait_s(options))

    async def _asked(self, turn: Context, question: Invocation, timeout_s: float) -> Any:
        try:
            response = await self._calls.asend(question, timeout_s)
        except SpawnError as error:
            _note(turn, question, None, error)
            raise
        _note(turn, question, response, None)
        return decode_answer(response)

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        question = self._question(turn, actor, action, payload, options)
        try:
            response = self._calls.send(question, self._wait_s(options))
        except SpawnError as error:
            _note(turn, question, None, error)
            raise
        _note(turn, question, response, None)
        return decode_answer(response)

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(build_tell(turn, actor, action, payload, options, self._ids()))

    def _question(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Invocation:
        if options.get("key") and not self._has_keys:
            raise NotCapable(f"invoke {actor} with a key", "this proxy", "Spawn's protocol has no idempotency keys.")
        return with_path(build_call(turn, actor, action, payload, options, self._ids()))

    def _wait_s(self, options: Mapping[str, Any]) -> float:
        return timeout_s(options, self._timeout_s)


def _note(turn: Context, question: Invocation, response: Encoded | None, error: SpawnError | None) -> None:
    failure = None if error is None else Failure(error.code, str(error))
    turn.sent.append(asked(take_path(question), response, failure))
