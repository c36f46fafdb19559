"""Running one turn for a proxy: from the bytes of its call to those of the answer."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
from google.protobuf.message import DecodeError

from runtime.admission import admitted
from runtime.context import Calls
from runtime.definition import ActorDefinition
from runtime.drivers.own_loop import OwnLoop
from runtime.errors import BadPayload, InternalError, NotDeployed, SpawnError, UnknownAction, shown_text, type_name
from runtime.hosts.inprocess import InProcessHost
from runtime.ids import ActorId, RandomIds
from runtime.records import JSON, Encoded, Outcome, State, Work
from runtime.servers.host_calls import take_path
from runtime.servers.host_journal import HostJournal
from runtime.servers.http_messages import PLAIN_TEXT, Response
from runtime.wire.dialect import Dialect
from runtime.wire.host_calls import get_work, make_answer
from runtime.wire.notes import failure_notes
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocation, ActorInvocationResponse
from runtime.wire.statuses import http_status
from runtime.wire.values import spoken_dialect

_MOST_THREADS = 256
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
        turn = _Turn(self, work, dialect, done)
        if self._host.is_async(work):
            self._loop().loop.call_soon_threadsafe(turn.launch)
        else:
            assert self.calls is not None
            turn.end(self._host.run(work, self.calls))

    def _work(self, call: ActorInvocation) -> Work:
        name, parent = call.actor.name, call.actor.parent
        definition = self._definitions.get(name) or self._definitions.get(parent)
        if definition is None:
            raise NotDeployed(name, parent or name, 0)
        spec = definition.actions.get(call.action_name)
        if spec is None:
            raise UnknownAction(name, call.action_name, definition.actions)
        is_init = spec.role == "init" and call.caller.name == name and call.WhichOneof("payload") != "value"
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


class _Turn:
    """A turn that is under way."""

    __slots__ = ("_dialect", "_done", "_task", "_turns", "_work")

    def __init__(self, turns: HostTurns, work: Work, dialect: Dialect, done: Done) -> None:
        self._turns, self._work, self._dialect, self._done = turns, work, dialect, done

    def launch(self) -> None:
        """Begin a coroutine action.  On the loop of coroutines."""
        self._task = asyncio.get_running_loop().create_task(self._arun())

    async def _arun(self) -> None:
        try:
            outcome = await self._turns.arun(self._work)
            response = self._turns.answer(self._work, outcome, self._dialect)
        except (GeneratorExit, asyncio.CancelledError):
            raise
        except BaseException as error:  # noqa: BLE001 - as in `HostTurns._run`
            response = failed(500, str(InternalError(f"{type_name(error)}: {shown_text(error)}")))
        self._answer(response)

    def end(self, outcome: Outcome) -> None:
        self._answer(self._turns.answer(self._work, outcome, self._dialect))

    def _answer(self, response: Response) -> None:
        self._done(response)
        self._turns.forget(self._work.invocation.actor)


def whole(state: State) -> Encoded:
    """The state as one value: fields that no longer have a place in the class stay in the JSON object, where a real proxy
    keeps them; this runtime would keep them beside it."""
    if not state.kept_aside or state.value.type != JSON:
        return state.value
    return Encoded(JSON, _merge({**_read(state.kept_aside), **_read(state.value.data)}))


def failed(status: int, text: str, code: str = "", type_name: str = "") -> Response:
    """An answer that every proxy takes for a failure at once: a real one ignores the status, and what it can decode is a
    success (ground truth §6).  Proxies of ours are told the error's class too."""
    body = text.encode("utf-8", "replace")
    headers = failure_notes(code, type_name) if code else ()
    try:
        ActorInvocationResponse.FromString(body)
    except DecodeError:
        return Response(status, body, PLAIN_TEXT, headers)
    return Response(status, b"\x07" + body, PLAIN_TEXT, headers)  # field 0 of a wire type that there is not
