"""A call whose answer comes after the sync, beside a durable workflow: one of a single step, by DBOS on SQLite.

DBOS has one instance in a process, so each of its runs has a process of its own: `python -m tests.benchmarks.workflows 64 128`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.config import Durability
from tests.benchmarks import asks, durable
from tests.benchmarks.rounds import Case, Size, Table

ROOT = Path(__file__).parents[2]
_READY_CALLS = 3


def dbos(callers: int) -> Callable[[Size], dict[str, float]]:
    """Workflows of so many threads, each waiting for its own."""

    def measure(size: Size) -> dict[str, float]:
        count = max(callers, size.calls // 100)
        command = [sys.executable, "-m", "tests.benchmarks.workflows", str(callers), str(count)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        return {"": float(json.loads(ran.stdout.splitlines()[-1]))}

    return measure


def measure_dbos(callers: int, count: int) -> float:
    """Called in the process of its own: workflows a second."""
    from dbos import DBOS  # not above: it takes seconds to load, and the other benchmarks do without

    @DBOS.step()
    def add(value: int) -> dict[str, int]:
        return {"total": value, "count": 1}

    @DBOS.workflow()
    def change(value: int) -> dict[str, int]:
        return add(value)

    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'dbos.db'}"
        DBOS(config={"name": "bench", "system_database_url": url, "run_admin_server": False, "log_level": "ERROR"})
        DBOS.launch()
        for _ in range(_READY_CALLS):
            change(1)
        with ThreadPoolExecutor(callers) as pool:
            started = time.perf_counter()
            for _ in pool.map(change, range(count)):
                pass
            elapsed_s = time.perf_counter() - started
        DBOS.destroy()
    return count / elapsed_s


_ONE, _MANY = "DBOS, a workflow of one step", "DBOS, 64 workflows of one step at once"

ONE_AT_A_TIME = (Case(_ONE, dbos(1)), Case("1 caller, commit", durable.one_caller_at_commit, {"": ">= 15x"}))

AT_ONCE = (
    Case(_MANY, dbos(asks.AT_ONCE)),
    Case("64 threads, commit", durable.many_threads_at_commit),
    Case("64 coroutines, commit", asks.many_coroutines(Durability.COMMIT), {"": ">= 250x"}),
)

_SYNCED = "Both on SQLite; ours encrypts, too."

TABLES = (
    Table("Durable calls, one at a time", "per second", ONE_AT_A_TIME, note=_SYNCED, reference=_ONE, most_rounds=5),
    Table("Durable calls, 64 at once", "per second", AT_ONCE, note=_SYNCED, reference=_MANY, most_rounds=5),
)

if __name__ == "__main__":
    print(json.dumps(measure_dbos(int(sys.argv[1]), int(sys.argv[2]))))
