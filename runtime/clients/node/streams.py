"""Streams to and from a node: invocations, and the events that happen there.

Invocations go over one long-lived stream: faster than a call each, and in the order in which they were made.  What waits while
a message is being written goes together into the next.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any

import grpc

from runtime.background import Backoff
from runtime.clients.node.connection import NodeConnection, admitted, messages
from runtime.drivers.replies import ReplyPort, Waiter
from runtime.errors import SpawnError, Unreachable
from runtime.ids import InvocationId
from runtime.records import Event, Failure, Reply
from runtime.wire.node.records import failure_of, get_event, get_failure, get_value
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_MOST_CALLS, _MOST_BYTES = 500, 1024 * 1024


class Invocations:
    """The unanswered calls of one connection."""

    def __init__(self, connection: NodeConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[Waiter, str]] = {}
        self._unsent: deque[tuple[pb.Call, int]] = deque()
        self._is_scheduled = False
        self._news = asyncio.Event()
        self._pumping: asyncio.Task[None] | None = None

    def submit(self, call: pb.Call, size: int, waiter: Waiter) -> None:
        """Send a call; its waiter gets exactly one reply.  Called by any thread.

        Args:
            size: bytes of the payload.
        """
        number = call.id = next(self._numbers)
        self._waiting[number] = (waiter, f"{call.actor}.{call.action}")
        self._unsent.append((call, size))
        if not self._is_scheduled:
            self._is_scheduled = True
            try:
                self._connection.loop.call_soon_threadsafe(self._wake)
            except RuntimeError:
                self._fail(Unreachable(f"The connection to {self._connection.target.url} is closed."), was_sent=False)

    def _wake(self) -> None:
        self._is_scheduled = False
        if self._pumping is None:
            self._pumping = asyncio.create_task(self._pump())
        self._news.set()

    async def _pump(self) -> None:
        """One stream, from its first call to its end.  The next call after that begins another."""
        was_connected = False
        try:
            stream = self._connection.stream("InvokeMany")
            await admitted(stream)
            was_connected = True
            await self._write_until_read_ends(stream)
            reason: SpawnError = Unreachable(f"The connection to {self._connection.target.url} was closed")
        except grpc.aio.AioRpcError as error:
            reason = self._connection.meaning(error)
        except SpawnError as error:
            reason = error
        except asyncio.CancelledError:
            reason = Unreachable(f"The connection to {self._connection.target.url} was closed")
        self._pumping = None
        self._fail(reason, was_sent=was_connected)

    async def _write_until_read_ends(self, stream: Any) -> None:
        reading = asyncio.create_task(self._read(stream))
        reading.add_done_callback(lambda _: self._news.set())
        try:
            while not reading.done():
                while self._unsent and not reading.done():
                    await stream.write(self._next_batch())
                self._news.clear()
                if not self._unsent and not reading.done():
                    await self._news.wait()
        except asyncio.InvalidStateError:
            pass  # the stream has ended; the reader knows why
        finally:
            if not reading.done():
                stream.cancel()
        await reading

    def _next_batch(self) -> pb.Calls:
        """The next calls in one message; one with a large payload is alone, so that it fits."""
        batch, size = pb.Calls(), 0
        while self._unsent and len(batch.calls) < _MOST_CALLS:
            size += self._unsent[0][1]
            if size > _MOST_BYTES and batch.calls:
                break
            batch.calls.append(self._unsent.popleft()[0])
        return batch

    async def _read(self, stream: Any) -> None:
        ports: set[ReplyPort] = set()
        async for answers in stream:
            for answer in answers.answers:
                waiting = self._waiting.pop(answer.id, None)
                if waiting is not None:
                    port = waiting[0].deliver(_reply(answer))
                    if port is not None:
                        ports.add(port)
            for port in ports:
                port.wake()
            ports.clear()

    def _fail(self, reason: SpawnError, *, was_sent: bool) -> None:
        """Answer everybody.  Who has been sent over a connection that broke cannot know what became of it."""
        unsent = {call.id for call, _ in self._unsent}
        self._unsent.clear()
        for number in list(self._waiting):
            waiting = self._waiting.pop(number, None)
            if waiting is None:
                continue
            waiter, name = waiting
            failure = failure_of(reason)
            if isinstance(reason, Unreachable):
                fate = (
                    f"{name} had been sent: it may have run, or not. Repeat it safely with a key."
                    if was_sent and number not in unsent
                    else f"{name} was not sent."
                )
                advice = f"\n{self._connection.advice}" if self._connection.advice else ""
                failure = Failure(reason.code, f"{str(reason).splitlines()[0].rstrip('.')}.\n{fate}{advice}")
            port = waiter.deliver(Reply(InvocationId(""), failure=failure))
            if port is not None:
                port.wake()


def _reply(answer: pb.Answer) -> Reply:
    identity = InvocationId(answer.invocation)
    outcome = answer.WhichOneof("outcome")
    if outcome == "failure":
        return Reply(identity, failure=get_failure(answer.failure))
    return Reply(identity, response=get_value(answer.response) if outcome == "response" else None)


# --- Events of a node, as they happen there ---------------------------------------------------------------------------

_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class NodeSubscription:
    """The last events that one watcher has not read.  What does not fit here or at the node is dropped, oldest first, and counted.

    When the connection breaks, the watch begins again by itself; what happened meanwhile counts as one dropped event at
    least, since no one knows how many there were.
    """

    def __init__(self, connection: NodeConnection, limit: int) -> None:
        """Blocks until the node watches: what happens from then on is seen.

        Raises:
            Unreachable, NotAllowed, Overloaded: it does not.
        """
        self._connection, self._limit = connection, limit
        self._events: deque[Event] = deque(maxlen=limit)
        self.dropped = 0
        self._dropped_there = 0
        """Of `dropped`, those that the node counted on the present stream."""
        stream = connection.run(self._begin(), 10.0)
        self._following = connection.keep(self._follow(stream))

    def drain(self) -> list[Event]:
        drained: list[Event] = []
        take = self._events.popleft
        try:
            while True:
                drained.append(take())
        except IndexError:
            return drained

    def close(self) -> None:
        self._following.cancel()

    async def _begin(self) -> Any:
        """A stream whose first message, which says that the watch has begun, was read."""
        stream = self._connection.stream("Watch", pb.WatchRequest(limit=self._limit))
        try:
            await stream.read()
        except grpc.aio.AioRpcError as error:
            raise self._connection.meaning(error) from None
        return stream

    async def _follow(self, stream: Any) -> None:
        backoff = Backoff(_PAUSE_S, _LONGEST_PAUSE_S)
        try:
            while True:
                if stream is not None:
                    await self._read(stream)
                    self.dropped, self._dropped_there = self.dropped + 1, 0
                    backoff.reset()
                await asyncio.sleep(backoff.next_s())
                try:
                    stream = await self._begin()
                except SpawnError:
                    stream = None
        finally:
            if stream is not None:
                stream.cancel()

    async def _read(self, stream: Any) -> None:
        try:
            async for message in messages(stream):
                self.dropped += message.dropped - self._dropped_there
                self._dropped_there = message.dropped
                for each in message.events:
                    self._put(get_event(each))
        except grpc.aio.AioRpcError:
            pass  # the follower begins again

    def _put(self, event: Event | None) -> None:
        if event is None:
            return
        if len(self._events) == self._limit:
            self.dropped += 1
        self._events.append(event)
