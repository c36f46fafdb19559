"""The machine that a benchmark runs on: how busy and how steady it is, and which of its cores are used."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("pykka", "msgspec", "uvloop", "cryptography", "ipykernel", "ipywidgets", "aiohttp", "dbos")
_TASKS = Path("/proc/self/task")


def probe_ms() -> float:
    """The time of a fixed loop: what it varies by between rounds, everything else varies by too."""
    started = time.perf_counter()
    total = 0
    for number in range(200_000):
        total += number & 7
    assert total == 700_000
    return (time.perf_counter() - started) * 1e3


def load() -> float:
    """How many threads of all processes wanted a core during the last minute."""
    return os.getloadavg()[0]


def description() -> dict[str, Any]:
    """What a reader needs to know to compare two reports."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "switch_interval_s": sys.getswitchinterval(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@contextmanager
def one_core() -> Iterator[None]:
    """Every thread of this process on one core, and threads started meanwhile too.

    A hop between threads then costs a switch, and not the waking of a core, which is what varies most.
    """
    allowed = os.sched_getaffinity(0)
    _confine({min(allowed)})
    try:
        yield
    finally:
        _confine(allowed)


def _confine(cores: set[int]) -> None:
    for task in _TASKS.iterdir():
        with suppress(OSError):  # a thread that has just ended
            os.sched_setaffinity(int(task.name), cores)
