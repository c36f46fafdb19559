"""`%load_ext workbench` in a fresh kernel, against `import ipywidgets` in another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jupyter_client.manager import KernelManager

from tests.benchmarks.rounds import Case, Size, Table

HEAVY = ("kubernetes", "duckdb", "pyarrow", "aiohttp", "jupyterlab")
"""What loading the workbench must not import."""

_TIMED = """
import json, sys, time
_started = time.perf_counter()
{code}
_ms = (time.perf_counter() - _started) * 1e3
_loaded = [name for name in {heavy!r} if name in sys.modules]
"""


def in_a_kernel(code: str) -> dict[str, Any]:
    """Milliseconds of `code` as a cell of a fresh kernel, and which heavy libraries are imported after it."""
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        cell = _TIMED.format(code=code, heavy=HEAVY)
        expression = {"result": "json.dumps({'ms': _ms, 'loaded': _loaded})"}
        reply = client.execute_interactive(
            cell, user_expressions=expression, store_history=False, output_hook=lambda _: None, timeout=60
        )
        found = reply["content"]["user_expressions"]["result"]
        return dict(json.loads(found["data"]["text/plain"].strip("'\"")))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def timed(code: str, *, forbids: tuple[str, ...] = ()) -> Callable[[Size], dict[str, float]]:
    def measure(_: Size) -> dict[str, float]:
        found = in_a_kernel(code)
        unwanted = set(found["loaded"]) & set(forbids)
        if unwanted:
            raise AssertionError(f"{code} imported {', '.join(sorted(unwanted))}")
        return {"": found["ms"]}

    return measure


CASES = (
    Case("import ipywidgets", timed("import ipywidgets")),
    Case("%load_ext workbench", timed("%load_ext workbench", forbids=HEAVY), {"": "<= 2x"}),
)

TABLES = (
    Table(
        "Loading, each in a fresh kernel",
        "ms",
        CASES,
        note=f"Not imported by %load_ext: {', '.join(HEAVY)} (checked in each run).",
        reference="import ipywidgets",
        most_rounds=7,
    ),
)
