"""Streams out of a node: what happens now, and what has happened.

gRPC's flow control holds back a writer that is faster than the client reads.  The past waits for the reader; events do not:
the subscription drops its oldest and counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from runtime.api import Subscription
from runtime.errors import Overloaded
from runtime.records import Event, Lifecycle, Turn
from runtime.servers.security import Limits
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.node.records import put_event
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

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
