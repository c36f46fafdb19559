"""What does not grow: memory with a million actors that are only in the store, and with turns.

Each in a process of its own: `python -m tests.benchmarks.many passive 1000000`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import msgspec

from runtime.ids import ActorId
from runtime.records import JSON, Encoded, Snapshot, State
from runtime.stores.base import Group
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.benchmarks import subject
from tests.benchmarks.actors import resident
from tests.benchmarks.rounds import Case, Size, Table

_TOGETHER = 5_000
_TURNS_A_CALL = 250
_PARTS = 10
_MB = 1_000_000
_STATE = State(Encoded(JSON, msgspec.json.encode({"owner": "Grace", "total": 1, "note": "x" * 150})))


def passive(size: Size) -> dict[str, float]:
    """Ten times as many actors as in the table of active ones."""
    return _apart("passive", size.actors * 10)


def turns(size: Size) -> dict[str, float]:
    return _apart("turns", size.calls * _TURNS_A_CALL)


def _apart(what: str, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.many", what, str(count)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(found.stdout))


def measure_passive(count: int) -> dict[str, float]:
    """Memory with an empty store, with the full one just opened, and after some of its actors were called and listed."""
    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        full, empty = (f"sqlite:///{Path(folder) / name}.db" for name in ("full", "empty"))
        subprocess.run([sys.executable, "-m", "tests.benchmarks.many", "fill", str(count), full], check=True)
        with _opened(empty) as system:
            system.invoke("account-0", "add", {"value": 1}, parent="account")
            nothing = resident()
        started = time.perf_counter()
        with _opened(full) as system:
            opened_ms = (time.perf_counter() - started) * 1e3
            for number in range(0, count, max(1, count // 100)):
                system.invoke(f"account-{number}", "add", {"value": 1}, parent="account")
            return {"MB more than an empty store": (resident() - nothing) / _MB, "ms to open": opened_ms}


def _opened(url: str) -> EmbeddedSystem:
    system = embedded(store=url, key=subject.KEY)
    system.deploy(subject.Account)
    return system


def fill(count: int, url: str) -> None:
    """A store in which so many actors have a state."""
    store = open_store(url, key=subject.KEY)
    for first in range(0, count, _TOGETHER):
        snapshots = tuple(_snapshots(range(first, min(first + _TOGETHER, count))))
        store.commit(Group(snapshots=snapshots))
    store.close()


def _snapshots(numbers: range) -> Iterator[Snapshot]:
    for number in numbers:
        yield Snapshot(
            actor=ActorId("spawn-system", f"account-{number}"),
            parent="account",
            revision=1,
            state=_STATE,
            tags={},
            definition="",
            at_us=1,
        )


def measure_turns(count: int) -> dict[str, float]:
    """Memory at half the turns, when caches and what waits for the disk are at their limits, and at the end."""
    import_module("pyarrow")  # 120 MB, once, at the first pause that is long enough to make columns: not what grows
    with subject.running(actors=64) as system:
        at: list[int] = []
        started = time.perf_counter()
        for _ in range(_PARTS):
            asyncio.run(_ask_together(system, count // _PARTS // 64 + 1))
            system.flush()
            at.append(resident())
        a_second = count / (time.perf_counter() - started)
        return {
            "MB at half": at[_PARTS // 2 - 1] / _MB,
            "MB at the end": at[-1] / _MB,
            "end by half": at[-1] / at[_PARTS // 2 - 1],
            "turns per second": a_second,
        }


async def _ask_together(system: EmbeddedSystem, each: int) -> None:
    async def ask(name: str) -> None:
        for _ in range(each):
            await system.ainvoke(name, "add", {"value": 1})

    await asyncio.gather(*(ask(name) for name in subject.names(64)))


MEASURES: dict[str, Callable[[int], dict[str, float]]] = {"passive": measure_passive, "turns": measure_turns}

TABLES = (
    Table(
        "A million actors in the store",
        "as named",
        (Case("passive", passive, {"MB more than an empty store": "<= 20"}),),
        note="Caches of a fixed size fill up: SQLite's pages, and a hundred actors that were called.",
        most_rounds=1,
    ),
    Table("Memory over 1,500,000 turns", "as named", (Case("turns", turns, {"end by half": "<= 1.1"}),), most_rounds=1),
)

if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), sys.argv[3])
    else:
        print(json.dumps(MEASURES[sys.argv[1]](int(sys.argv[2]))))
