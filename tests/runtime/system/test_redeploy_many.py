"""1,000 active children get new code in one step: quickly, and with every message where it was."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from runtime import Actor, Context, action, embedded
from runtime.system.embedded import EmbeddedSystem

CHILDREN, MESSAGES = 1_000, 6
LIMIT_S = 0.1


class Gate:
    """Holds up coroutine actions until it is opened."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: asyncio.Event | None = None

    async def passed(self) -> None:
        if self._open is None:
            self._loop, self._open = asyncio.get_running_loop(), asyncio.Event()
        await self._open.wait()

    def open(self) -> None:
        assert self._loop is not None
        assert self._open is not None
        self._loop.call_soon_threadsafe(self._open.set)


gate = Gate()


class Meter(Actor, name="meter", kind="unnamed"):
    seen: list[int] = []
    versions: list[str] = []

    @action
    async def take(self, ctx: Context, number: int) -> None:
        await gate.passed()
        self.seen.append(number)
        self.versions.append("old")

    @action
    def state_now(self) -> dict:
        return {"seen": self.seen, "versions": self.versions}


class NewMeter(Actor, name="meter", kind="unnamed"):
    seen: list[int] = []
    versions: list[str] = []

    @action
    async def take(self, ctx: Context, number: int) -> None:
        self.seen.append(number)
        self.versions.append("new")

    @action
    def state_now(self) -> dict:
        return {"seen": self.seen, "versions": self.versions}


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded(durability="snapshot") as system:
        system.deploy(Meter)
        yield system


async def _send(system: EmbeddedSystem, numbers: range) -> None:
    for number in numbers:
        names = (f"m{i}" for i in range(CHILDREN))
        await asyncio.gather(
            *(system.ainvoke(name, "take", {"number": number}, parent="meter", asynchronous=True) for name in names)
        )


def test_a_thousand_children_are_redeployed_within_100_ms_of_work_and_lose_nothing(system: EmbeddedSystem) -> None:
    asyncio.run(_send(system, range(MESSAGES)))

    began = time.thread_time()
    report = system.deploy(NewMeter)
    took_s = time.thread_time() - began
    asyncio.run(_send(system, range(MESSAGES, 2 * MESSAGES)))
    gate.open()

    assert (report.children, report.waiting) == (CHILDREN, CHILDREN * (MESSAGES - 1))
    assert took_s < LIMIT_S
    for i in range(CHILDREN):
        state = system.invoke(f"m{i}", "state_now")
        assert state["seen"] == list(range(2 * MESSAGES))
        # The turn that was in progress ends with its own code; every later one runs the new code.
        assert state["versions"] == ["old"] + ["new"] * (2 * MESSAGES - 1)
