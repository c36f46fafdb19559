"""Questions and answers: one caller that waits, and 64 coroutines at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from runtime.config import Durability
from runtime.system.embedded import EmbeddedSystem
from tests.benchmarks import peers, subject
from tests.benchmarks.rounds import Case, Size, Table

AT_ONCE = 64

Measure = Callable[[Size], dict[str, float]]


def one_caller(durability: Durability) -> Measure:
    """`invoke`, one after the other, from the main thread, as a loop in a cell does."""

    def measure(size: Size) -> dict[str, float]:
        with subject.running(durability) as system:
            ask(system, min(subject.READY_CALLS, size.calls))
            started = time.perf_counter()
            ask(system, size.calls)
            return {"": size.calls / (time.perf_counter() - started)}

    return measure


def ask(system: EmbeddedSystem, calls: int) -> None:
    for _ in range(calls):
        system.invoke("account-0", "add", {"value": 1})


def many_coroutines(durability: Durability, *, actors: int = AT_ONCE) -> Measure:
    """64 coroutines of one loop, each awaiting one `ainvoke` after the other."""

    def measure(size: Size) -> dict[str, float]:
        with subject.running(durability, actors=actors) as system:
            return {"": asyncio.run(_ask_together(system, actors, size.calls * 2))}

    return measure


async def _ask_together(system: EmbeddedSystem, actors: int, calls: int) -> float:
    async def ask(name: str, count: int) -> None:
        for _ in range(count):
            await system.ainvoke(name, "add", {"value": 1})

    async def ask_all(count: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(ask(f"account-{number % actors}", count))

    await ask_all(min(4, calls // AT_ONCE + 1))
    each = calls // AT_ONCE + 1
    started = time.perf_counter()
    await ask_all(each)
    return each * AT_ONCE / (time.perf_counter() - started)


CASES = (
    Case("pykka ask", peers.pykka_ask),
    Case("invoke, snapshot", one_caller(Durability.SNAPSHOT)),
    Case("invoke, journal", one_caller(Durability.JOURNAL), {"": ">= 1x"}),
    Case("64 coroutines, 64 actors, snapshot", many_coroutines(Durability.SNAPSHOT), {"": ">= 2x"}),
    Case("64 coroutines, 64 actors, journal", many_coroutines(Durability.JOURNAL), {"": ">= 1.5x"}),
    Case("64 coroutines, 1 actor, journal", many_coroutines(Durability.JOURNAL, actors=1)),
    Case("asyncio queue and future", peers.asyncio_queue_ask),
)

TABLES = (
    Table("Asks", "per second", CASES, reference="pykka ask"),
    Table("Asks, all threads on one core", "per second", CASES, reference="pykka ask", pinned=True),
)
