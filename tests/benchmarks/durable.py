"""What durability costs: turns a second all the way to the disk, and callers that wait for it."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from runtime.config import Durability
from runtime.system.embedded import EmbeddedSystem
from tests.benchmarks import asks, subject
from tests.benchmarks.rounds import Case, Size, Table

CALLERS = 64
_ROW = b"x" * 400
"""As many bytes as a turn with a state of 200 takes in a block."""


def sqlite_commits(size: Size) -> dict[str, float]:
    """One row a transaction, synced: the least that a database does for one durable change."""
    return {"": _rows_a_second(max(20, size.calls // 4), 1)}


def sqlite_groups(size: Size) -> dict[str, float]:
    """100 rows a transaction, synced."""
    return {"": _rows_a_second(max(200, size.calls * 5), 100)}


def _rows_a_second(count: int, together: int) -> float:
    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE turns (sequence INTEGER PRIMARY KEY, data BLOB)")
        started = time.perf_counter()
        for _ in range(count // together):
            connection.execute("BEGIN")
            for _ in range(together):
                connection.execute("INSERT INTO turns (data) VALUES (?)", (_ROW,))
            connection.execute("COMMIT")
        elapsed_s = time.perf_counter() - started
        connection.close()
    return count / elapsed_s


def told(size: Size) -> dict[str, float]:
    """Messages that nobody waits for, to 64 actors, until the last of their turns is on disk."""
    with subject.running(actors=CALLERS) as system:
        names = subject.names(CALLERS)
        started = time.perf_counter()
        for number in range(size.calls * 2):
            system.invoke(names[number % CALLERS], "add", {"value": 1}, asynchronous=True)
        last = system.status().sequence
        while (waiting := system.status()).waiting or waiting.committed < last:
            last = max(last, waiting.sequence)
            system.flush()
        return {"": size.calls * 2 / (time.perf_counter() - started)}


def one_caller_at_commit(size: Size) -> dict[str, float]:
    with subject.running(Durability.COMMIT) as system:
        count = max(20, size.calls // 10)
        started = time.perf_counter()
        asks.ask(system, count)
        return {"": count / (time.perf_counter() - started)}


def many_threads_at_commit(size: Size) -> dict[str, float]:
    """64 threads, each of which waits for each of its turns to be on disk."""
    with subject.running(Durability.COMMIT, actors=CALLERS) as system:
        each = max(2, size.calls // CALLERS)
        callers = [threading.Thread(target=_ask, args=(system, name, each)) for name in subject.names(CALLERS)]
        started = time.perf_counter()
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        return {"": each * CALLERS / (time.perf_counter() - started)}


def _ask(system: EmbeddedSystem, name: str, count: int) -> None:
    for _ in range(count):
        system.invoke(name, "add", {"value": 1})


ONE_ROW, GROUPS, ONE_CALLER = "bare SQLite, one row a commit", "bare SQLite, 100 rows a commit", "1 caller, commit"

CASES = (
    Case(ONE_ROW, sqlite_commits),
    Case("told, 64 actors, journal, until on disk", told),
    Case("1 caller, commit", one_caller_at_commit),
    Case("64 threads, commit", many_threads_at_commit),
    Case("64 coroutines, commit", asks.many_coroutines(Durability.COMMIT)),
)

IN_GROUPS = (Case(GROUPS, sqlite_groups), Case("told, 64 actors, journal, until on disk", told, {"": ">= 0.5x"}))

TOGETHER = (
    Case(ONE_CALLER, one_caller_at_commit),
    Case("64 coroutines, commit", asks.many_coroutines(Durability.COMMIT), {"": ">= 10x"}),
    Case("64 threads, commit", many_threads_at_commit),
)

_SYNCED = "All synced; a reply at commit comes after the sync."

TABLES = (
    Table("Durable turns", "turns per second", CASES, note=_SYNCED, reference=ONE_ROW, most_rounds=5),
    Table("Durable turns and rows in groups", "per second", IN_GROUPS, note=_SYNCED, reference=GROUPS, most_rounds=5),
    Table("Group commit", "turns per second", TOGETHER, note=_SYNCED, reference=ONE_CALLER, most_rounds=5),
)
