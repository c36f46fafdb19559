"""Calls that arrive at a node, one by one or many on a stream, and the streams of events and history that it sends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from runtime.api import Subscription
from runtime.drivers.replies import ReplyPort
from runtime.errors import BadSetting, InvocationTimeout, Overloaded, SpawnError
from runtime.fields import LONGEST_S, checked_time_us, is_span_s
from runtime.ids import ActorId, InvocationId, RandomIds
from runtime.invocations import action_name, actor_name, key_text, template_name
from runtime.records import Event, Failure, Invocation, Lifecycle, Reply, Turn
from runtime.servers.grpc_node.callers import caller
from runtime.servers.grpc_node.errors import abort
from runtime.servers.security import Limits, Rate
from runtime.system.embedded import EmbeddedSystem
from runtime.system.guest_acts import Call, GuestCalls
from runtime.wire.limits import check_depth, check_json
from runtime.wire.node.headers import ADMITTED
from runtime.wire.node.records import failure_of, get_value, put_event, put_failure, put_value
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_ANSWERS_BYTES = 1024 * 1024
"""Answers go together in one message while they have less than this."""

_LONGEST_WAIT_S = 86_400.0

_TOO_MANY = Failure(Overloaded.code, "Too many calls a second; nothing was run. Call again later.")

_NO_ID = InvocationId("")


class CallReader:
    """From a message to an invocation."""

    def __init__(self, system: EmbeddedSystem, limits: Limits) -> None:
        self._system, self._limits, self._ids = system, limits, RandomIds()

    def read(self, call: pb.Call, now_us: int) -> Invocation:
        """The invocation that a call stands for.

        Raises:
            BadPayload: nested too deep, or JSON that is none.
            BadSetting: `scheduled_to_us` is not from 1970 to 9999, `delay_us` not from 0 to 100 years, or a name has a NUL
                character.
        """
        payload = get_value(call.payload) if call.HasField("payload") else None
        check_depth(payload, self._limits.depth)
        check_json(payload, "payload")
        return Invocation(
            id=self._ids(),
            actor=ActorId(call.system or self._system.name, actor_name(call.actor)),
            action=action_name(call.action),
            payload=payload,
            parent=template_name(call.parent),
            key=key_text(call.key),
            metadata=dict(call.metadata),
            asynchronous=call.asynchronous,
            scheduled_to_us=_due_us(call, now_us),
            durable=call.durable,
        )


def _due_us(call: pb.Call, now_us: int) -> int:
    when = call.WhichOneof("when")
    if when is None:
        return 0
    if when == "scheduled_to_us":
        return checked_time_us(call.scheduled_to_us, when)
    if not is_span_s(call.delay_us / 1_000_000):
        raise BadSetting(
            f"delay_us={call.delay_us} is outside its range: from 0 to {LONGEST_S * 1_000_000:,} (100 years)."
        )
    return now_us + call.delay_us


class NodeCalls:
    """Answers `Invoke` and `InvokeMany`.  Belongs to the server's loop."""

    def __init__(self, system: EmbeddedSystem, limits: Limits, rate: Rate) -> None:
        self._system, self._limits, self._rate = system, limits, rate
        self._reader = CallReader(system, limits)
        self._port: ReplyPort | None = None

    @property
    def port(self) -> ReplyPort:
        if self._port is None:
            self._port = ReplyPort(asyncio.get_running_loop())
            self._port.here()
        return self._port

    async def invoke(self, call: pb.Call, context: Any) -> pb.Answer:
        """One call; a failure is the status.  Cancelled by the client, it goes on without anybody who waits."""
        invocation = self._reader.read(call, self._system.driver.now_us())
        return await self._answer(invocation, call, "spawn" if call.parent else "invoke", context)

    async def retry_letter(self, request: pb.RetryDeadLetterRequest, context: Any) -> pb.Answer:
        """A dead letter again; a failure is the status."""
        again = self._system.letter_to_send(request.invocation)
        call = pb.Call(actor=again.actor.name, action=again.action)
        limit_s = request.timeout_s if 0 < request.timeout_s <= _LONGEST_WAIT_S else _LONGEST_WAIT_S
        try:
            return await asyncio.wait_for(self._answer(again, call, "retry", context), limit_s)
        except TimeoutError:
            raise InvocationTimeout(again.actor.name, again.action, limit_s) from None

    async def _answer(self, invocation: Invocation, call: pb.Call, act: str, context: Any) -> pb.Answer:
        waiter = _FutureWaiter(self.port, _Counted(self._system.guest_acts.calls, caller(context), call, act))
        self._system.submit(invocation, waiter)
        reply = await waiter.future
        if reply.failure is not None:
            await abort(context, reply.failure)
        answer = pb.Answer(id=call.id, invocation=reply.invocation)
        put_value(answer.response, reply.response)
        return answer

    async def invoke_many(self, requests: AsyncIterator[pb.Calls], context: Any) -> None:
        """Calls as they come, answers as they are there."""
        await context.send_initial_metadata((ADMITTED,))
        stream = _Stream(self.port, self._limits.in_flight, self._system.guest_acts.calls, caller(context))
        reading = asyncio.create_task(self._read(requests, stream))
        try:
            while (answers := await stream.next_answers()) is not None:
                await context.write(answers)
            await reading
        finally:
            reading.cancel()
            # Its thread's turn, since the one that is told writes a file.
            asyncio.get_running_loop().run_in_executor(None, self._system.guest_acts.calls.flush)

    async def _read(self, requests: AsyncIterator[pb.Calls], stream: _Stream) -> None:
        try:
            async for batch in requests:
                for call in batch.calls:
                    if stream.is_full:
                        await stream.room()
                    self._take(call, stream)
        finally:
            stream.ended()

    def _take(self, call: pb.Call, stream: _Stream) -> None:
        waiter = stream.waiter(call)
        if not self._rate.take():
            waiter.settle(Reply(_NO_ID, failure=_TOO_MANY))
            return
        try:
            invocation = self._reader.read(call, self._system.driver.now_us())
            self._system.submit(invocation, waiter)
        except SpawnError as error:
            waiter.settle(Reply(_NO_ID, failure=failure_of(error)))


class _Counted:
    """One call of a client, which the owner's record counts when it is answered, whether or not anybody still waits."""

    __slots__ = ("_call", "_calls", "_well")

    def __init__(self, calls: GuestCalls, who: str, call: pb.Call, act: str) -> None:
        self._calls, self._well = calls, "sent" if call.asynchronous else "done"
        self._call = Call(who, act, call.actor, call.action)

    def ended(self, reply: Reply) -> None:
        self._calls.add(self._call, self._well if reply.failure is None else "failed")


class _FutureWaiter:
    """One reply, not decoded, for one future of the server's loop."""

    __slots__ = ("_counted", "_port", "future")

    def __init__(self, port: ReplyPort, counted: _Counted) -> None:
        self._port, self._counted = port, counted
        self.future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def deliver(self, reply: Reply) -> ReplyPort | None:
        return self._port.put(self, reply)

    def settle(self, reply: Reply) -> None:
        self._counted.ended(reply)
        if not self.future.done():
            self.future.set_result(reply)


class _Stream:
    """The unanswered calls and the unsent answers of one stream."""

    def __init__(self, port: ReplyPort, limit: int, calls: GuestCalls, who: str) -> None:
        self.port, self._limit, self._calls, self._who = port, limit, calls, who
        self._unanswered = 0
        self._answers: deque[tuple[int, Reply]] = deque()
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._has_ended = False

    def waiter(self, call: pb.Call) -> _StreamWaiter:
        self._unanswered += 1
        act = "spawn" if call.parent else "invoke"
        return _StreamWaiter(self, call.id, _Counted(self._calls, self._who, call, act))

    @property
    def is_full(self) -> bool:
        return self._unanswered >= self._limit

    async def room(self) -> None:
        """Wait until another call may be read."""
        while self.is_full:
            self._room.clear()
            await self._room.wait()

    def ended(self) -> None:
        """The client has said everything."""
        self._has_ended = True
        self._news.set()

    def add(self, call: int, reply: Reply) -> None:
        self._answers.append((call, reply))
        self._news.set()

    async def next_answers(self) -> pb.Answers | None:
        """What is there to send; None when all is answered and no more will be asked."""
        while not self._answers:
            if self._has_ended and not self._unanswered:
                return None
            self._news.clear()
            await self._news.wait()
        answers, size = pb.Answers(), 0
        while self._answers and size < _ANSWERS_BYTES:
            call, reply = self._answers.popleft()
            _put_answer(answers.answers.add(), call, reply)
            size += len(reply.response.data) if reply.response is not None else 0
            self._unanswered -= 1
        self._room.set()
        return answers


class _StreamWaiter:
    """One reply for one stream."""

    __slots__ = ("_call", "_counted", "_stream")

    def __init__(self, stream: _Stream, call: int, counted: _Counted) -> None:
        self._stream, self._call, self._counted = stream, call, counted

    def deliver(self, reply: Reply) -> ReplyPort | None:
        return self._stream.port.put(self, reply)

    def settle(self, reply: Reply) -> None:
        self._counted.ended(reply)
        self._stream.add(self._call, reply)


def _put_answer(target: pb.Answer, call: int, reply: Reply) -> None:
    target.id, target.invocation = call, reply.invocation
    if reply.failure is not None:
        put_failure(target.failure, reply.failure)
    elif reply.response is not None:
        put_value(target.response, reply.response)


# --- Streams out of a node: what happens now, and what has happened ---------------------------------------------------

_LOOK_EVERY_S = 0.02
_EVENTS_A_MESSAGE = 256
_TURNS_A_MESSAGE = 4_000
_MARKS_A_MESSAGE = 50_000
_STATES_BYTES = 8 * 1024 * 1024
"""A message of turns is closed when its states have this much."""


class NodeFeeds:
    """Answers `Watch`, `ReadTurns` and `ReadLifecycle`."""

    def __init__(self, system: EmbeddedSystem, limits: Limits) -> None:
        self._system, self._limits = system, limits
        self._watchers = 0

    async def watch(self, request: pb.WatchRequest, context: Any) -> None:
        """Events from now on.  The first message is empty: it says that the watch has begun."""
        if self._watchers >= self._limits.watchers:
            raise Overloaded(f"{self._watchers} watch already, which is the most that this node serves.")
        most = self._limits.events
        subscription = self._system.subscribe(limit=min(max(request.limit, 0) or most, most))
        self._watchers += 1
        try:
            await context.write(pb.Events())
            await self._pass_on(subscription, context)
        finally:
            self._watchers -= 1
            subscription.close()

    async def _pass_on(self, subscription: Subscription, context: Any) -> None:
        dropped = 0
        while True:
            for some in _portions(subscription.drain()):
                message = pb.Events(dropped=subscription.dropped)
                for event in some:
                    put_event(message.events.add(), event)
                dropped = message.dropped
                await context.write(message)
            if subscription.dropped != dropped:
                dropped = subscription.dropped
                await context.write(pb.Events(dropped=dropped))
            await asyncio.sleep(_LOOK_EVERY_S)

    async def read_turns(self, request: pb.ReadTurnsRequest, context: Any) -> None:
        from runtime.wire.node.history import turns_as_ipc

        def batches() -> Iterator[bytes]:
            found = self._system.turns(after=request.after, actor=request.actor or None)
            return map(turns_as_ipc, _regrouped(found))

        await _send(batches, context)

    async def read_columns(self, request: pb.ReadColumnsRequest, context: Any) -> None:
        from runtime.wire.node.history import columns_as_ipc

        await _send(lambda: map(columns_as_ipc, self._system.history_batches(after=request.after)), context)

    async def read_lifecycle(self, request: pb.ReadLifecycleRequest, context: Any) -> None:
        from runtime.wire.node.history import lifecycle_as_ipc

        def batches() -> Iterator[bytes]:
            return map(lifecycle_as_ipc, _chunks(self._system.lifecycle(after=request.after), _MARKS_A_MESSAGE))

        await _send(batches, context)


async def _send(batches: Callable[[], Iterator[bytes]], context: Any) -> None:
    """Write each batch.  They are made on one thread of their own, one ahead of the reader at most."""
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, "wb-node-history")
    try:
        iterator = await loop.run_in_executor(thread, batches)
        while (data := await loop.run_in_executor(thread, next, iterator, None)) is not None:
            await context.write(pb.ArrowBatch(ipc=data))
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _portions(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The same events in lists that fit a message, whatever their states' size."""
    gathered: list[Event] = []
    size = 0
    for event in events:
        gathered.append(event)
        size += _bytes(event.turn) if event.turn is not None else 0
        if len(gathered) >= _EVENTS_A_MESSAGE or size >= _STATES_BYTES:
            yield gathered
            gathered, size = [], 0
    if gathered:
        yield gathered


def _regrouped(batches: Iterable[list[Turn]]) -> Iterator[list[Turn]]:
    """The same turns in lists that fit a message, whatever their states' size."""
    gathered: list[Turn] = []
    size = 0
    for batch in batches:
        for turn in batch:
            gathered.append(turn)
            size += _bytes(turn)
            if len(gathered) >= _TURNS_A_MESSAGE or size >= _STATES_BYTES:
                yield gathered
                gathered, size = [], 0
    if gathered:
        yield gathered


def _bytes(turn: Turn) -> int:
    values = (turn.payload, turn.response, None if turn.state is None else turn.state.value)
    return sum(len(value.data) for value in values if value is not None)


def _chunks(marks: Iterator[Lifecycle], size: int) -> Iterator[list[Lifecycle]]:
    while some := list(islice(marks, size)):
        yield some
