"""New code for many active actors at once, while each of them is in a turn and has mail."""

from __future__ import annotations

import asyncio
import time

from runtime import Actor, action, embedded
from tests.benchmarks.rounds import Case, Size, Table

CHILDREN = 1_000
LIMIT_MS = 100


class _Gate:
    """Holds coroutine actions up until it is opened; made on their loop."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.is_open: asyncio.Event | None = None

    async def passed(self) -> None:
        if self.is_open is None:
            self.loop, self.is_open = asyncio.get_running_loop(), asyncio.Event()
        await self.is_open.wait()

    def open(self) -> None:
        if self.loop is not None and self.is_open is not None:
            self.loop.call_soon_threadsafe(self.is_open.set)


def children_in_a_turn(size: Size) -> dict[str, float]:
    gate = _Gate()

    class Meter(Actor, name="meter", kind="unnamed"):
        total: int = 0

        @action
        async def take(self, value: int) -> None:
            await gate.passed()
            self.total += value

    class Changed(Actor, name="meter", kind="unnamed"):
        total: int = 0

        @action
        async def take(self, value: int) -> None:
            self.total += 2 * value

    async def send() -> None:
        names = [f"m{i}" for i in range(min(CHILDREN, size.actors))]
        calls = (
            system.ainvoke(name, "take", {"value": 1}, parent="meter", asynchronous=True)
            for _ in range(5)
            for name in names
        )
        await asyncio.gather(*calls)

    with embedded(durability="snapshot") as system:
        system.deploy(Meter)
        asyncio.run(send())
        began = time.perf_counter()
        system.deploy(Changed)
        took_ms = (time.perf_counter() - began) * 1e3
        gate.open()
        return {"": took_ms}


TABLES = (
    Table(
        "Redeploying 1,000 active children, each in a turn with four messages waiting",
        "ms",
        (Case("deploy", children_in_a_turn, {"": f"<= {LIMIT_MS}"}),),
        note="That no message is lost or reordered is tested in tests/runtime/system/test_redeploy_many.py.",
    ),
)
