"""What is measured against: pykka's `ask`, and the least that asyncio needs for the same exchange."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pykka

from tests.benchmarks.rounds import Size
from tests.benchmarks.subject import READY_CALLS

_Inbox = asyncio.Queue[tuple[dict[str, int], "asyncio.Future[dict[str, int]]"]]


class PykkaAccount(pykka.ThreadingActor):
    """`subject.Account` without durability, history, encoding or a watcher."""

    def __init__(self) -> None:
        super().__init__()
        self.total = self.count = 0
        self.recent = [0] * 8

    def on_receive(self, message: Any) -> Any:
        value = message["value"]
        self.total += value
        self.count += 1
        self.recent = [*self.recent[1:], value]
        return {"total": self.total, "count": self.count}


@contextmanager
def pykka_actor() -> Iterator[pykka.ActorRef[PykkaAccount]]:
    actor = PykkaAccount.start()
    try:
        yield actor
    finally:
        actor.stop()


def pykka_ask(size: Size) -> dict[str, float]:
    """Asks of one thread, one after the other."""
    with pykka_actor() as actor:
        for _ in range(min(READY_CALLS, size.calls)):
            actor.ask({"value": 1})
        started = time.perf_counter()
        for _ in range(size.calls):
            actor.ask({"value": 1})
        return {"": size.calls / (time.perf_counter() - started)}


def pykka_start(size: Size) -> dict[str, float]:
    """New actors, each asked once."""
    count = min(size.actors, 300)
    actors = []
    started = time.perf_counter()
    for _ in range(count):
        actors.append(PykkaAccount.start())
        actors[-1].ask({"value": 1})
    elapsed_s = time.perf_counter() - started
    for actor in actors:
        actor.stop()
    return {"": count / elapsed_s}


def asyncio_queue_ask(size: Size) -> dict[str, float]:
    """One caller and one actor on one loop: a queue, a future, and nothing else."""

    async def run() -> float:
        inbox: asyncio.Queue[tuple[dict[str, int], asyncio.Future[dict[str, int]]]] = asyncio.Queue()
        loop, state = asyncio.get_running_loop(), {"total": 0, "count": 0}

        async def serve() -> None:
            while True:
                message, reply = await inbox.get()
                state["total"] += message["value"]
                state["count"] += 1
                reply.set_result(dict(state))

        server = asyncio.create_task(serve())
        started = time.perf_counter()
        for _ in range(size.calls):
            reply: asyncio.Future[dict[str, int]] = loop.create_future()
            inbox.put_nowait(({"value": 1}, reply))
            await reply
        elapsed_s = time.perf_counter() - started
        server.cancel()
        return size.calls / elapsed_s

    return {"": asyncio.run(run())}


def asyncio_together(size: Size) -> dict[str, float]:
    """64 callers, each with an actor of its own, on one loop."""
    each = size.calls * 2 // 64 + 1

    async def serve(inbox: _Inbox) -> None:
        state = {"total": 0, "count": 0}
        while True:
            message, reply = await inbox.get()
            state["total"] += message["value"]
            state["count"] += 1
            reply.set_result(dict(state))

    async def ask(inbox: _Inbox, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(each):
            reply: asyncio.Future[dict[str, int]] = loop.create_future()
            inbox.put_nowait(({"value": 1}, reply))
            await reply

    async def run() -> float:
        inboxes: list[_Inbox] = [asyncio.Queue() for _ in range(64)]
        servers = [asyncio.create_task(serve(inbox)) for inbox in inboxes]
        started = time.perf_counter()
        await asyncio.gather(*(ask(inbox, asyncio.get_running_loop()) for inbox in inboxes))
        elapsed_s = time.perf_counter() - started
        for server in servers:
            server.cancel()
        return each * 64 / elapsed_s

    return {"": asyncio.run(run())}


def pykka_tell(size: Size) -> dict[str, float]:
    """Tells of one thread to one actor; an ask at the end waits until they were executed."""
    count = size.calls * 2
    with pykka_actor() as actor:
        started = time.perf_counter()
        for _ in range(count):
            actor.tell({"value": 1})
        calls_s = time.perf_counter() - started
        actor.ask({"value": 1})
        return {"executed": count / (time.perf_counter() - started), "accepted": count / calls_s}
