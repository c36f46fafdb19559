"""User code in another process that is attached to this node by a stream, such as a notebook.

The engine hands a turn over as to any host; here it becomes a message, and the outcome comes back as one.  An action that was
sent is never sent again: if the connection breaks before its outcome is here, the turn fails and the state is as it was.
While the connection is away, further turns wait for a while: a host that comes back goes on with them.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from runtime.authoring.context import Calls, Context
from runtime.authoring.definition import ActorDefinition
from runtime.errors import HostFailed, SpawnError, Unreachable
from runtime.hosts.in_process import refused
from runtime.ids import ActorId
from runtime.records import Failure, Outcome, State, Work
from runtime.wire.codecs.values import encode_value
from runtime.wire.node.records import error_of, failure_of, get_failure, get_state, get_value, put_actor, put_state
from runtime.wire.node.work import ask_options, get_outcome, make_answer, put_work, tell_options
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

Send = Callable[[pb.ToHost], None]

_MIGRATION_S = 10.0


class _Turn:
    """A turn that was sent and has not come back."""

    __slots__ = ("calls", "context", "loop", "outcome", "tasks")

    def __init__(self, context: Context, calls: Calls) -> None:
        self.context, self.calls = context, calls
        self.loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[pb.Outcome | Failure] = self.loop.create_future()
        self.tasks: set[asyncio.Task[None]] = set()


class StreamHost:
    """One attached process.  It may connect again under the same identity; `received` is called for each message of it.

    Turns wait for their outcome on the loop for coroutines; messages come from the server's loop.
    """

    def __init__(self, title: str, *, patience_s: float = 10.0) -> None:
        """`patience_s`: how long turns wait for a host that went away."""
        self.title = title
        self._patience_s = patience_s
        self._send: Send | None = None
        self._connected = threading.Event()
        self._numbers = itertools.count(1)
        self._turns: dict[int, _Turn] = {}
        self._migrations: dict[int, Future[State]] = {}
        self._initials: dict[str, State | None] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    # -- the connection ------------------------------------------------------------------------------------------------

    def connected(self, send: Send) -> None:
        """The process is there, perhaps again; `send` may be called by any thread."""
        self._send = send
        self._connected.set()
        for loop, event in list(self._waiting):
            loop.call_soon_threadsafe(event.set)

    def disconnected(self, send: Send) -> None:
        """The connection that `send` belongs to has ended.  Turns that were sent over it fail."""
        if self._send is not send:
            return
        self._send = None
        self._connected.clear()
        for number in list(self._turns):
            turn = self._turns.pop(number, None)
            if turn is not None:
                turn.loop.call_soon_threadsafe(_settle, turn, self._lost(turn))
        for number in list(self._migrations):
            migration = self._migrations.pop(number, None)
            if migration is not None:
                migration.set_exception(self._gone("the state's new shape"))

    @property
    def is_connected(self) -> bool:
        return self._send is not None

    def received(self, message: pb.FromHost) -> None:
        """Take an outcome, a question or a migrated state."""
        kind = message.WhichOneof("message")
        if kind == "outcome":
            turn = self._turns.pop(message.outcome.id, None)
            if turn is not None:
                turn.loop.call_soon_threadsafe(_settle, turn, message.outcome)
        elif kind == "ask":
            turn = self._turns.get(message.ask.work)
            if turn is not None:
                turn.loop.call_soon_threadsafe(self._start_asking, turn, message.ask)
        elif kind == "migrated":
            self._migrated(message.migrated)

    # -- what the engine needs -----------------------------------------------------------------------------------------

    def offer(self, definition: str, initial: State | None) -> None:
        """The process has that definition."""
        self._initials[definition] = initial

    def prepare(self, definition: ActorDefinition) -> None:
        """Nothing to do: the code is there already."""

    def initial(self, definition: str) -> State | None:
        return self._initials.get(definition)

    def is_async(self, work: Work) -> bool:
        return True

    def run(self, work: Work, calls: Calls) -> Outcome:
        raise NotImplementedError("every turn of an attached process is awaited")

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        send = self._send or await self._wait_for_connection()
        if send is None:
            name = f"{work.invocation.actor.name}.{work.invocation.action}"
            return refused(self._gone(name))
        number = next(self._numbers)
        turn = self._turns[number] = _Turn(Context(work, calls, None, is_async=True), calls)
        message = pb.ToHost()
        put_work(message.work, work, number)
        send(message)
        if self._send is not send:  # it broke before this turn was known, so that no one else would say so
            _settle(turn, self._lost(turn))
        try:
            found = await turn.outcome
        except asyncio.CancelledError:
            if self._turns.pop(number, None) is not None:
                send(pb.ToHost(cancel=number))
            raise
        finally:
            self._turns.pop(number, None)
            for task in turn.tasks:
                task.cancel()
        return self._outcome(turn, found)

    def forget(self, actor: ActorId) -> None:
        if self._send is not None:
            message = pb.ToHost()
            put_actor(message.forget, actor)
            self._send(message)

    def migrated(self, definition: str, state: State) -> State:
        """Asks the process, and waits; called by threads that may wait."""
        send = self._send
        if send is None:
            return state  # no one can tell its new shape; it is shown as it was written
        number = next(self._numbers)
        migration = self._migrations[number] = Future()
        message = pb.ToHost()
        message.migrate.id, message.migrate.definition = number, definition
        put_state(message.migrate.state, state)
        send(message)
        try:
            return migration.result(_MIGRATION_S)
        except TimeoutError:
            raise self._gone("the state's new shape") from None
        finally:
            self._migrations.pop(number, None)

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _wait_for_connection(self) -> Send | None:
        place = (asyncio.get_running_loop(), asyncio.Event())
        self._waiting.add(place)
        try:
            if self._send is None:
                await asyncio.wait_for(place[1].wait(), self._patience_s)
        except TimeoutError:
            return None
        finally:
            self._waiting.discard(place)
        return self._send

    def _outcome(self, turn: _Turn, found: pb.Outcome | Failure) -> Outcome:
        context = turn.context
        if isinstance(found, Failure):
            outcome = Outcome(failure=found)
        else:
            outcome = get_outcome(found)
            try:
                for told in found.told:
                    turn.calls.tell(context, told.actor, told.action, get_value(told.payload), tell_options(told))
            except SpawnError as error:
                outcome = refused(error)
        outcome.sent, outcome.told = tuple(context.sent), tuple(context.held) if outcome.failure is None else ()
        return outcome

    def _start_asking(self, turn: _Turn, ask: pb.Ask) -> None:
        if turn.outcome.done():
            return
        task = turn.loop.create_task(self._ask(turn, ask))
        turn.tasks.add(task)
        task.add_done_callback(turn.tasks.discard)

    async def _ask(self, turn: _Turn, ask: pb.Ask) -> None:
        try:
            found = await turn.calls.ask(turn.context, ask.actor, ask.action, get_value(ask.payload), ask_options(ask))
            answer = make_answer(ask.id, encode_value(found, what="the answer"), None)
        except SpawnError as error:
            answer = make_answer(ask.id, None, failure_of(error))
        if self._send is not None:
            self._send(answer)

    def _migrated(self, message: pb.Migrated) -> None:
        migration = self._migrations.get(message.id)
        if migration is None or migration.done():
            return
        state = get_state(message.state)
        if message.HasField("failure"):
            migration.set_exception(error_of(get_failure(message.failure)))
        elif state is None:
            migration.set_exception(HostFailed(f"{self.title} gave no state in its new shape."))
        else:
            migration.set_result(state)

    def _lost(self, turn: _Turn) -> Failure:
        invocation = turn.context.work.invocation
        return Failure(
            HostFailed.code,
            f"{invocation.actor.name}.{invocation.action} was running in {self.title} when the connection to it broke.\n"
            "Its result is not known and it is not run again; the state is as it was before.",
        )

    def _gone(self, what: str) -> Unreachable:
        return Unreachable(
            f"Cannot run {what}: {self.title}, which has the code, is not connected.\n"
            "Run its cell there again, or deploy the actor from here."
        )


def _settle(turn: _Turn, found: Any) -> None:
    if not turn.outcome.done():
        turn.outcome.set_result(found)
