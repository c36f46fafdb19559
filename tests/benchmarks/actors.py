"""Very many actors: how fast they come into memory, and how much of it they take."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from runtime.config import Durability
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.benchmarks import peers, subject
from tests.benchmarks.rounds import Case, Size, Table

AT_ONCE = 64
_MOST_ACTIVATED = 4_000


async def ask_each(system: EmbeddedSystem, names: Sequence[str]) -> float:
    """One message to each, 64 at a time; the seconds that it took."""
    left = iter(names)

    async def work() -> None:
        for name in left:
            await system.ainvoke(name, "add", {"value": 1}, parent="account")

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - started


def new_actors(size: Size) -> dict[str, float]:
    """Actors that never were: the store is asked, and has nothing."""
    names = subject.names(min(size.actors, _MOST_ACTIVATED) + 1)[1:]
    with subject.running() as system:
        return {"": len(names) / asyncio.run(ask_each(system, names))}


def stored_actors(size: Size) -> dict[str, float]:
    """Actors with a past, in a store that has just been opened: their state is read, decrypted and decoded."""
    names = subject.names(min(size.actors, _MOST_ACTIVATED) + 1)[1:]
    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        store = f"sqlite:///{Path(folder) / 'bench.db'}"
        with subject.running(store=store) as system:
            asyncio.run(ask_each(system, names))
        with subject.running(store=store) as system:
            return {"": len(names) / asyncio.run(ask_each(system, names))}


def idle_memory(size: Size) -> dict[str, float]:
    """Bytes of resident memory for each idle, active actor, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.actors", str(size.actors)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(found.stdout))


def measure_memory(count: int) -> dict[str, float]:
    """Called in the process of its own."""
    import_module(
        "pyarrow"
    )  # 40 MB, once, at the first pause that is long enough to make columns: not what an actor takes
    names = subject.names(count)
    with (
        tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder,
        embedded(
            store=f"sqlite:///{Path(folder) / 'bench.db'}", key=subject.KEY, durability=Durability.JOURNAL
        ) as system,
    ):
        system.deploy(subject.Account)
        system.invoke(names[0], "add", {"value": 1}, parent="account")
        before = resident()
        asyncio.run(ask_each(system, names[1:]))
        system.flush()
        return {"actor": (resident() - before) / count, "plain object": _plain_objects(count)}


def _plain_objects(count: int) -> float:
    """The same states as instances that nobody manages, for scale."""
    before = resident()
    kept = []
    for _ in range(count):
        account = object.__new__(subject.Account)
        account.__dict__.update(
            owner="Grace", total=1, count=1, largest=0.0, is_open=True, note="", limits={"day": 1}, recent=[0] * 8
        )
        kept.append(account)
    return (resident() - before) / len(kept)


def resident() -> int:
    """Bytes of memory that this process has."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("This system does not say how much memory a process has.")


ACTIVATION = (
    Case("pykka start and ask", peers.pykka_start),
    Case("new actors, 64 at once", new_actors),
    Case("stored actors, 64 at once", stored_actors, {"": ">= 5000"}),
)

TABLES = (
    Table("Activation", "actors per second", ACTIVATION, reference="pykka start and ask", most_rounds=5),
    Table(
        "Memory of idle, active actors",
        "bytes each",
        (Case("idle memory", idle_memory, {"actor": "<= 2048"}),),
        most_rounds=1,
    ),
)

if __name__ == "__main__":
    print(json.dumps(measure_memory(int(sys.argv[1]))))
