"""Events of a node, as they happen there."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import grpc

from runtime.errors import SpawnError
from runtime.records import Event
from runtime.transports.node_connection import NodeConnection, messages
from runtime.wire.node_turns import get_event
from runtime.wire.workbench.v1 import node_pb2 as pb

_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0


class NodeSubscription:
    """The last events that one watcher has not read.  What does not fit here or at the node is dropped, oldest first, and counted.

    When the connection breaks, the watch begins again by itself; what happened meanwhile counts as one dropped event at
    least, since nobody knows how many there were.
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
        self._following = asyncio.run_coroutine_threadsafe(self._follow(stream), connection.loop)

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
        pause_s = _PAUSE_S
        try:
            while True:
                if stream is not None:
                    await self._read(stream)
                    self.dropped, self._dropped_there = self.dropped + 1, 0
                    pause_s = _PAUSE_S
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
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
            pass  # whoever follows begins again

    def _put(self, event: Event | None) -> None:
        if event is None:
            return
        if len(self._events) == self._limit:
            self.dropped += 1
        self._events.append(event)
