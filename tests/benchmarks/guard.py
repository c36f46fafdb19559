"""`make bench-guard`: whether a turn takes more processor time than it did when its figure was committed.

Processor time, not time: others may use the machine meanwhile.  What one processor, or one that is shared, is slower at than
another is taken out by a loop that stays as it is, and that uses the interpreter as a turn does: each figure is the processor time
of a turn, of all threads, by that of one round of the loop.  Each is the least of several rounds, since everything that disturbs
makes it larger; where that is too large, it is measured again before anything is said.  A committed figure holds for machines like
the one that it is from: elsewhere, compare with a figure of your own from before the change.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from runtime.system.embedded import EmbeddedSystem
from tests.benchmarks import machine, subject

FIGURES = Path(__file__).with_name("guard.json")
TOLERANCE = 0.10
"""More than this above the committed figure fails, less than that below it asks for a new figure."""

_TURNS = 4_000
_ROUNDS = 10
_TRIES = 4
_AT_ONCE = 64


class _Message(msgspec.Struct):
    number: int
    name: str
    data: bytes


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, object]).decode


def _handle(message: _Message, state: dict[str, object]) -> dict[str, object]:
    state["number"] = message.number
    state["recent"] = [message.number, *range(7)]
    return _decode(_encode(state))


def reference_s(rounds: int = 20_000) -> float:
    """Processor time of one round of the loop that turns are compared with, in seconds.  Changing it makes every figure void."""
    waiting: deque[_Message] = deque()
    state: dict[str, object] = {"name": "reference", "limits": {"day": 1_000}, "recent": []}
    began = time.thread_time()
    for number in range(rounds):
        waiting.append(_Message(number, "reference", b"1"))
        state = _handle(waiting.popleft(), state)
    return (time.thread_time() - began) / rounds


def told(system: EmbeddedSystem) -> int:
    """Messages that no one waits for, to one actor, until all are on disk; how many."""
    for _ in range(_TURNS):
        system.invoke("account-0", "add", {"value": 1}, asynchronous=True)
    system.invoke("account-0", "add", {"value": 1})
    system.flush()
    return _TURNS


def together(system: EmbeddedSystem) -> int:
    """64 coroutines, each with an actor of its own; how many calls."""
    each = _TURNS // _AT_ONCE

    async def ask(name: str) -> None:
        for _ in range(each):
            await system.ainvoke(name, "add", {"value": 1})

    async def ask_all() -> None:
        await asyncio.gather(*map(ask, subject.names(_AT_ONCE)))

    asyncio.run(ask_all())
    system.flush()
    return each * _AT_ONCE


SCENARIOS: dict[str, Callable[[EmbeddedSystem], int]] = {"told": told, "together": together}


_PARTS = ("MainThread", "wb-action-", "wb-recorder")
"""The threads that a turn passes, by how their names begin.  What is done beside, such as columns for SQL, has its own share."""


def spent_s() -> list[float]:
    """Processor time that these threads have had."""
    clocks = [(each.name, time.pthread_getcpuclockid(each.ident)) for each in threading.enumerate() if each.ident]
    return [sum(time.clock_gettime(clock) for name, clock in clocks if name.startswith(part)) for part in _PARTS]


def least_s(system: EmbeddedSystem, scenario: Callable[[EmbeddedSystem], int]) -> float:
    """Processor time of a turn, in seconds: of each thread in the round in which it took the least."""
    found: list[list[float]] = []
    for _ in range(_ROUNDS):
        gc.collect()
        before = spent_s()
        turns = scenario(system)
        found.append([(after - former) / turns for after, former in zip(spent_s(), before, strict=True)])
    return sum(map(min, zip(*found, strict=True)))


def measure(found: dict[str, float]) -> dict[str, float]:
    """The figures: the least of what is measured now and what was `found` before."""
    with subject.running(actors=_AT_ONCE) as system, machine.one_core():
        for scenario in SCENARIOS.values():
            scenario(system)  # what runs for the first time
        for name, scenario in SCENARIOS.items():
            found[name] = min(found.get(name, 1.0), least_s(system, scenario))
        found["reference"] = min(found.get("reference", 1.0), *(reference_s() for _ in range(_ROUNDS)))
    return {name: found[name] / found["reference"] for name in SCENARIOS}


def worse(figures: dict[str, float], committed: dict[str, float]) -> dict[str, float]:
    """By how much each figure is above the committed one, as a share, where that is more than is tolerated."""
    excess = {name: figures[name] / committed[name] - 1 for name in committed}
    return {name: share for name, share in excess.items() if share > TOLERANCE}


def main(arguments: list[str]) -> int:
    """0 where no figure is worse, or where there is none for this Python; 1 else."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.guard", description=__doc__)
    parser.add_argument("--accept", action="store_true", help="commit what is measured now")
    accept = parser.parse_args(arguments).accept
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    known: dict[str, dict[str, float]] = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    committed, found = known.get(python, {}), dict[str, float]()
    for _ in range(_TRIES):
        figures = measure(found)
        if not accept and not worse(figures, committed):
            break
    for name, figure in figures.items():
        was = f", committed {committed[name]:.2f} ({figure / committed[name] - 1:+.0%})" if name in committed else ""
        print(f"{name}: {found[name] * 1e6:.1f} µs of processor time a turn, {figure:.2f} rounds of the reference{was}")
    if accept:
        known[python] = {name: round(figure, 2) for name, figure in figures.items()}
        FIGURES.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    return _said(worse(figures, committed), figures, committed, python)


def _said(excess: dict[str, float], figures: dict[str, float], committed: dict[str, float], python: str) -> int:
    accept = "python -m tests.benchmarks.guard --accept"
    if not committed:
        print(f"There is no figure for Python {python} to compare with: {accept} makes one.")
    elif excess:
        print(f"A turn takes more processor time than before. If that is what was wanted: {accept}")
    elif all(figures[name] < committed[name] * (1 - TOLERANCE) for name in committed):
        print(f"A turn takes less processor time than before. Commit the new figure: {accept}")
    return 1 if excess else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
