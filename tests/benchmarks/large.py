"""Large values: a message of a megabyte, and a small message to an actor with a large state."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runtime.authoring.actor import Actor, action
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.benchmarks import subject
from tests.benchmarks.rounds import Case, Size, Table

_MB = 1_000_000
_SMALL = "x" * 100
_TURNS = 128
"""Twice as many as states from one that is stored whole to the next."""


class Reader(Actor, name="reader", deactivate_timeout="1h"):
    """Looks at what it gets and keeps little of it."""

    total: int = 0

    @action
    def read(self, text: str) -> int:
        self.total += len(text)
        return self.total


class Book(Actor, name="book", deactivate_timeout="1h"):
    """Appends what it gets."""

    text: str = ""

    @action
    def append(self, text: str) -> int:
        self.text += text
        return len(self.text)


def message(length: int) -> Callable[[Size], dict[str, float]]:
    """Messages of that many bytes, one after the other, and the last on disk."""

    def measure(size: Size) -> dict[str, float]:
        return _measured(size, "reader", "read", "x" * length)

    return measure


def state(length: int) -> Callable[[Size], dict[str, float]]:
    """Messages of 100 bytes, each of which changes as much of a state of that many bytes."""

    def measure(size: Size) -> dict[str, float]:
        return _measured(size, "book", "append", _SMALL, first="x" * length)

    return measure


def _measured(size: Size, actor: str, name: str, text: str, first: str = "") -> dict[str, float]:
    """Time and processor time of a turn, and by how much each makes the store's file larger."""
    turns = min(_TURNS, size.calls)
    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        file = Path(folder) / "bench.db"
        before = _written(file, actor, name, [first])[2]
        elapsed_s, worked_s, after = _written(file, actor, name, [text] * turns)
    return {
        "ms": elapsed_s / turns * 1e3,
        "ms of processor time": worked_s / turns * 1e3,
        "KB on disk": (after - before) / turns / 1e3,
    }


def _written(file: Path, actor: str, name: str, texts: list[str]) -> tuple[float, float, int]:
    """Seconds, seconds of processor time, and the size of the file after it was closed."""
    with embedded(store=f"sqlite:///{file}", key=subject.KEY) as system:
        system.deploy(Reader)
        system.deploy(Book)
        system.state(actor)
        started, worked = time.perf_counter(), time.process_time()
        _send(system, actor, name, texts)
        elapsed_s, worked_s = time.perf_counter() - started, time.process_time() - worked
    return elapsed_s, worked_s, file.stat().st_size


def _send(system: EmbeddedSystem, actor: str, name: str, texts: list[str]) -> None:
    for text in texts:
        system.invoke(actor, name, {"text": text})
    system.flush()


MESSAGES = (
    Case("a message of 100 bytes", message(100)),
    Case("… of 64 KiB", message(65_536)),
    Case("… of 1 MB", message(_MB)),
)

STATES = (
    Case("100 bytes to a state of 100 KB", state(_MB // 10)),
    Case("… of 1 MB", state(_MB)),
    Case("… of 10 MB", state(10 * _MB)),
)

TABLES = (
    Table("Large messages", "as named", MESSAGES, most_rounds=3),
    Table(
        "Small changes of a large state",
        "as named",
        STATES,
        note="Every 64th state is stored whole, and a checkpoint writes the last one: what is between is stored as differences.",
        most_rounds=3,
    ),
)
