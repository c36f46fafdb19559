"""64 callers and 64 actors at once, beside the least that asyncio needs for the same; and calls that nobody waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from runtime.authoring.actor import Actor, action
from runtime.system.embedded import EmbeddedSystem
from tests.benchmarks import asks, peers, subject
from tests.benchmarks.rounds import Case, Size, Table

AT_ONCE = asks.AT_ONCE


class Teller(Actor, name="teller", kind="unnamed", deactivate_timeout="1h"):
    """The state and the work of `subject.Account`, in coroutines."""

    owner: str = "Grace Brewster Murray Hopper, 1906"
    total: int = 0
    count: int = 0
    largest: float = 0.0
    is_open: bool = True
    note: str = "opened in the year of the first compiler"
    limits: dict[str, int] = {"day": 1_000, "month": 20_000}
    recent: list[int] = [0, 0, 0, 0, 0, 0, 0, 0]

    @action
    async def add(self, value: int) -> dict[str, int]:
        self.total += value
        self.count += 1
        self.recent = [*self.recent[1:], value]
        return {"total": self.total, "count": self.count}


def coroutine_actions(size: Size) -> dict[str, float]:
    """`async def` actions, each caller with an actor of its own."""
    with subject.running() as system:
        system.deploy(Teller)
        return {"": asyncio.run(_ask_tellers(system, size.calls * 2 // AT_ONCE + 1))}


async def _ask_tellers(system: EmbeddedSystem, each: int) -> float:
    async def ask(number: int, count: int) -> None:
        for _ in range(count):
            await system.ainvoke(f"teller-{number}", "add", {"value": 1}, parent="teller")

    await asyncio.gather(*(ask(number, min(4, each)) for number in range(AT_ONCE)))
    started = time.perf_counter()
    await asyncio.gather(*(ask(number, each) for number in range(AT_ONCE)))
    return each * AT_ONCE / (time.perf_counter() - started)


def told(actors: int) -> Callable[[Size], dict[str, float]]:
    """Calls that nobody waits for, until the last of them has been executed."""

    def measure(size: Size) -> dict[str, float]:
        with subject.running(actors=actors) as system:
            names, count = subject.names(actors), size.calls * 2
            asks.ask(system, min(subject.READY_CALLS, count))
            started = time.perf_counter()
            for number in range(count):
                system.invoke(names[number % actors], "add", {"value": 1}, asynchronous=True)
            calls_s = time.perf_counter() - started
            for name in names:
                system.invoke(name, "add", {"value": 1})
            return {"executed": count / (time.perf_counter() - started), "accepted": count / calls_s}

    return measure


TOGETHER = (
    Case("asyncio queues and futures, 64 at once", peers.asyncio_together),
    Case("def actions, journal", asks.many_coroutines(subject.JOURNAL), {"": ">= 0.2x"}),
    Case("async def actions, journal", coroutine_actions, {"": ">= 0.4x"}),
)

TELLS = (
    Case("pykka tell, 1 actor", peers.pykka_tell),
    Case("1 actor, journal", told(1), {"executed": ">= 1x"}),
    Case("64 actors, journal", told(AT_ONCE), {"executed": ">= 1x"}),
)

TABLES = (
    Table("64 callers and 64 actors", "per second", TOGETHER, reference=TOGETHER[0].name),
    Table("Asynchronous calls", "per second", TELLS, reference=TELLS[0].name),
)
