"""This process as a host for a node: it keeps the code, the node keeps mailboxes and state.

The connection is made again when it breaks, and everything is offered again.  An outcome goes over the connection that
brought its work, or nowhere: the node has failed that turn already.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from typing import Any

import grpc

from runtime.api import DeployReport
from runtime.authoring.context import Context
from runtime.authoring.definition import ActorDefinition
from runtime.background import Backoff
from runtime.clients.node.connection import MESSAGE_BYTES, NodeConnection, admitted, messages, title
from runtime.drivers.event_loops import LoopThread
from runtime.drivers.replies import BlockingWaiter, LoopPort, Waiter
from runtime.drivers.runaway import HostedAction
from runtime.errors import (
    BadResponse,
    InternalError,
    InvocationAbandoned,
    SpawnError,
    Unreachable,
    shown_text,
    type_name,
)
from runtime.hosts.action_calls import build_call, build_tell, timeout_s
from runtime.hosts.capsules import Capsule
from runtime.hosts.in_process import InProcessHost, refused
from runtime.ids import RandomIds
from runtime.records import Failure, Invocation, Outcome, Reply, Work
from runtime.wire.node.definitions import put_definition
from runtime.wire.node.records import (
    error_of,
    failure_of,
    get_actor,
    get_failure,
    get_report,
    get_state,
    get_value,
    put_failure,
    put_state,
)
from runtime.wire.node.work import get_work, make_ask, put_outcome
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_OFFER_S = 30.0
_GOODBYE_S = 1.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_MOST_THREADS = 256
_LARGE_BYTES = 1024 * 1024


class NodeOffers:
    """The actors that this process offers over one connection.  Public methods may be called by any thread."""

    def __init__(self, connection: NodeConnection) -> None:
        self._connection = connection
        self._identity = uuid.uuid4().hex
        self._host = InProcessHost()
        self._offered: dict[str, ActorDefinition] = {}
        self._numbers = itertools.count(1)
        self._replies: dict[int, Future[DeployReport]] = {}
        self._unsent: list[pb.FromHost] = []
        self._link: _Link | None = None
        self._is_leaving = False
        self._keeping: Future[None] | None = None
        self._threads = ThreadPoolExecutor(_MOST_THREADS, "wb-hosted")
        self._coroutines = LoopThread("wb-hosted-coroutines")
        self._has_coroutines = False

    @property
    def capsules(self) -> list[Capsule]:
        """The last failed turns of the actors that run here, oldest first."""
        return self._host.capsules.all()

    @property
    def loaded(self) -> list[ActorDefinition]:
        """The definitions that are offered now."""
        return list(self._offered.values())

    def remembered(self, definition: str) -> ActorDefinition | None:
        """A definition that was offered, perhaps replaced since, by its hash."""
        return self._host.definition(definition)

    def deploy(self, definition: ActorDefinition) -> DeployReport:
        """Offer a definition, and wait for what the node says.

        Raises:
            DefinitionError: it is refused, here or there; what was offered before still runs.
            Unreachable: the node does not answer.
        """
        self._host.prepare(definition)
        number = next(self._numbers)
        reply = self._replies[number] = Future[DeployReport]()
        if self._keeping is None:
            self._keeping = asyncio.run_coroutine_threadsafe(self._keep_connected(), self._connection.loop)
        self._connection.loop.call_soon_threadsafe(self._offer, number, definition)
        try:
            report = reply.result(_OFFER_S)
        except FutureTimeout:
            raise Unreachable(f"{self._connection.target.url} did not answer within {_OFFER_S:g} s.") from None
        finally:
            self._replies.pop(number, None)
        self._offered[definition.name] = definition
        return report

    def withdrawn(self, name: str) -> None:
        """The node has undeployed it: it is not offered again."""
        self._offered.pop(name, None)

    def close(self) -> None:
        """Say goodbye, so that the node need not wait for us; actions that run end by themselves."""
        if self._keeping is not None:
            with suppress(FutureTimeout, RuntimeError):
                asyncio.run_coroutine_threadsafe(self._leave(), self._connection.loop).result(_GOODBYE_S)
            self._keeping.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._has_coroutines:
            self._coroutines.stop()

    # -- on the connection's loop --------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        backoff = Backoff(_PAUSE_S, _LONGEST_PAUSE_S)
        while not self._is_leaving:
            try:
                await self._connect()
                backoff.reset()
            except grpc.aio.AioRpcError as error:
                self._refuse_all(self._connection.meaning(error))
            except SpawnError as error:
                self._refuse_all(error)
            except asyncio.InvalidStateError:  # of a write, after the stream had ended
                self._refuse_all(Unreachable(f"The connection to {self._connection.target.url} broke."))
            await asyncio.sleep(backoff.next_s())

    async def _leave(self) -> None:
        link, self._is_leaving = self._link, True
        if link is not None:
            with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await link.stream.done_writing()
                await link.ended.wait()

    async def _connect(self) -> None:
        """One connection, from its hello to its end."""
        stream = self._connection.stream("Host")
        link = _Link(stream, self._connection.loop)
        hello = pb.FromHost(hello=pb.Hello(host=self._identity, title=title()))
        writing: asyncio.Task[None] | None = None
        try:
            await admitted(stream)
            await stream.write(hello)
            await stream.read()
            writing = asyncio.create_task(link.write())
            self._link = link
            for definition in self._offered.values():
                link.send(self._message(0, definition))
            while self._unsent:
                link.send(self._unsent.pop(0))
            async for message in messages(stream):
                self._received(link, message)
        finally:
            self._link = None
            link.ended.set()
            link.asks.broken()
            if writing is not None:
                writing.cancel()
            stream.cancel()

    def _offer(self, number: int, definition: ActorDefinition) -> None:
        message = self._message(number, definition)
        if self._link is not None:
            self._link.send(message)
        else:
            self._unsent.append(message)

    def _message(self, number: int, definition: ActorDefinition) -> pb.FromHost:
        message = pb.FromHost(offer=pb.Offer(id=number))
        put_definition(message.offer.definition, definition, self._host.initial(definition.hash))
        return message

    def _refuse_all(self, error: SpawnError) -> None:
        self._unsent.clear()
        for reply in list(self._replies.values()):
            if not reply.done():
                reply.set_exception(error)

    def _received(self, link: _Link, message: pb.ToHost) -> None:
        kind = message.WhichOneof("message")
        if kind == "work":
            self._start(link, get_work(message.work))
        elif kind == "answer":
            link.asks.answered(message.answer)
        elif kind == "cancel":
            link.cancel(message.cancel)
        elif kind == "forget":
            self._host.forget(get_actor(message.forget))
        elif kind == "migrate":
            self._threads.submit(self._migrate, link, message.migrate)
        elif kind == "offered":
            self._replied(message.offered)

    def _replied(self, offered: pb.OfferReply) -> None:
        reply = self._replies.get(offered.id)
        if reply is None or reply.done():
            return
        if offered.HasField("failure"):
            reply.set_exception(error_of(get_failure(offered.failure)))
        else:
            reply.set_result(get_report(offered.report))

    # -- running -------------------------------------------------------------------------------------------------------

    def _start(self, link: _Link, work: Work) -> None:
        try:
            is_async = self._host.is_async(work)
        except KeyError:
            defect = InternalError(
                f"The node asked for a definition {work.definition} that this process never offered."
            )
            link.finished(work, refused(defect))
            return
        if not is_async:
            self._threads.submit(self._run, link, work)
            return
        if not self._has_coroutines:
            self._has_coroutines = True
            self._coroutines.start()
        self._coroutines.post(lambda: self._arun(link, work))

    def _run(self, link: _Link, work: Work) -> None:
        """A plain action, which an exception ends if the node gives its turn up (see `drivers.runaway`)."""
        action = link.running[work.turn] = HostedAction(work.invocation)
        with action.here():
            link.finished(work, action.run(lambda: _guarded(lambda: self._host.run(work, link.asks))))
        link.running.pop(work.turn, None)

    async def _arun(self, link: _Link, work: Work) -> None:
        action = link.running[work.turn] = HostedAction(work.invocation)
        task = action.start(self._host.arun(work, link.asks))
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
                link.finished(work, _guarded(task.result))
        finally:
            link.running.pop(work.turn, None)

    def _migrate(self, link: _Link, migrate: pb.Migrate) -> None:
        message = pb.FromHost(migrated=pb.Migrated(id=migrate.id))
        state = get_state(migrate.state)
        try:
            if state is not None:
                put_state(message.migrated.state, self._host.migrated(migrate.definition, state))
        except SpawnError as error:
            put_failure(message.migrated.failure, failure_of(error))
        link.send(message)


class _Link:
    """One connection of this host, and what belongs to it."""

    def __init__(self, stream: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.stream, self._loop = stream, loop
        self.ended = asyncio.Event()
        self._outgoing: asyncio.Queue[pb.FromHost] = asyncio.Queue()
        self.asks = NodeAsks(self.send)
        self.running: dict[int, HostedAction] = {}
        """By the node's number of the turn."""

    def send(self, message: pb.FromHost) -> None:
        """Called by any thread."""
        with suppress(RuntimeError):  # the client is closed, and with it the connection
            self._loop.call_soon_threadsafe(self._outgoing.put_nowait, message)

    def finished(self, work: Work, outcome: Outcome) -> None:
        message = pb.FromHost()
        put_outcome(message.outcome, outcome, work)
        if _may_be_large(outcome) and (size := message.ByteSize()) > MESSAGE_BYTES:
            message = pb.FromHost()  # the connection would break over it, and all that runs here with it
            put_outcome(message.outcome, refused(_too_large(work, size)), work)
        self.send(message)

    def cancel(self, number: int) -> None:
        """The node has given the turn up: end its action."""
        self.asks.given_up(number)
        action = self.running.get(number)
        if action is not None:
            action.end_soon()

    async def write(self) -> None:
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):  # the reader knows why
            while True:
                await self.stream.write(await self._outgoing.get())


def _may_be_large(outcome: Outcome) -> bool:
    values = (outcome.response, outcome.state.value if outcome.state is not None else None)
    is_large = sum(len(value.data) for value in values if value is not None) > _LARGE_BYTES
    return is_large or bool(outcome.told) or outcome.workflow is not None


def _too_large(work: Work, size: int) -> BadResponse:
    return BadResponse(
        f"{work.invocation.actor.name}.{work.invocation.action}: its response, new state and messages are {size:,} bytes together, "
        f"and one message to the node takes {MESSAGE_BYTES:,}. The state is as it was before."
    )


def _guarded(run: Callable[[], Outcome]) -> Outcome:
    try:
        return run()
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - a defect of ours must reach the caller
        return refused(InternalError(f"The host failed to run an action: {type_name(error)}: {shown_text(error)}"))


# --- What the actions of this process ask of the node that owns their actors ------------------------------------------

_DEFAULT_S = 60.0
_GIVEN_UP = Failure(InvocationAbandoned.code, "The turn that asked was given up before the answer was there.")
_BROKEN = Failure(Unreachable.code, "The connection to the node broke before the answer was there.")


class NodeAsks:
    """`Calls` over one connection; when it breaks, each caller is told."""

    def __init__(self, send: Callable[[pb.FromHost], None]) -> None:
        self._send = send
        self._numbers, self._ids = itertools.count(1), RandomIds()
        self._waiting: dict[int, tuple[Waiter, Invocation]] = {}
        self._turns: dict[int, int] = {}
        """The node's number of the turn that asks, by that of the question."""
        self._port: LoopPort | None = None
        self._is_broken = False

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        if self._port is None:
            self._port = LoopPort(asyncio.get_running_loop())
        invocation, limit_s = self._prepared(turn, actor, action, payload, options)
        waiter = self._port.waiter(invocation, limit_s, default_s=_DEFAULT_S)
        self._submit(turn, invocation, waiter, limit_s)
        return waiter.future

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        invocation, limit_s = self._prepared(turn, actor, action, payload, options)
        waiter = BlockingWaiter()
        self._submit(turn, invocation, waiter, limit_s)
        return waiter.wait(invocation, limit_s)

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(build_tell(turn, actor, action, payload, options, self._ids()))

    def answered(self, answer: pb.AskReply) -> None:
        """The node has an answer.  Called on the connection's loop."""
        waiting = self._waiting.pop(answer.id, None)
        self._turns.pop(answer.id, None)
        if waiting is not None:
            failure = get_failure(answer.failure) if answer.HasField("failure") else None
            _deliver(*waiting, get_value(answer.response), failure)

    def given_up(self, turn: int) -> None:
        """The node has given a turn up, and answers none of its questions any more."""
        for number in [number for number, asking in list(self._turns.items()) if asking == turn]:
            waiting = self._waiting.pop(number, None)
            self._turns.pop(number, None)
            if waiting is not None:
                _deliver(*waiting, None, _GIVEN_UP)

    def broken(self) -> None:
        """No answer will come any more."""
        self._is_broken = True
        for number in list(self._waiting):
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                _deliver(*waiting, None, _BROKEN)

    def _prepared(
        self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]
    ) -> tuple[Invocation, float]:
        invocation = build_call(turn, actor, action, payload, options, self._ids())
        return invocation, timeout_s(options, _DEFAULT_S)

    def _submit(self, turn: Context, invocation: Invocation, waiter: Waiter, limit_s: float) -> None:
        number = next(self._numbers)
        self._waiting[number], self._turns[number] = (waiter, invocation), turn.work.turn
        self._send(make_ask(number, turn.work, invocation, limit_s))
        if self._is_broken:
            self.broken()


def _deliver(waiter: Waiter, invocation: Invocation, response: Any, failure: Failure | None) -> None:
    port = waiter.deliver(Reply(invocation.id, response=response, failure=failure))
    if port is not None:
        port.wake()
