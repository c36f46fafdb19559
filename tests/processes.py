"""No process that a test starts outlives the run of the tests, however that ends (`kill -9`, a time-out, no memory left).

The run marks its environment, and what it starts inherits the mark: kernels and their workers, JupyterLab and its kernels,
the browser and its driver.  A guard, which is a process in a session of its own, waits for the end of the run; then it kills
what has the mark until nothing has.  So a test needs not do anything, but when it starts a process with an environment that
it makes: that begins with `**os.environ`.  A fork of the run itself would not be found; a test forks in a process that it
started.

A run inside a run (a test of this module) has both marks, and is ended with either.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

MARK = "SPAWN_TEST_RUNS"
"""The variable that names the runs to which a process belongs."""

_SCANS = 3
_BETWEEN_SCANS_S = 0.05
"""A process shows no environment while it executes another program; so more than one look must find nothing."""


def begin_run() -> str:
    """Mark this process's environment and start the guard; the mark.  A worker of pytest-xdist has its controller's."""
    mark = secrets.token_hex(8)
    os.environ[MARK] = " ".join(filter(None, [os.environ.get(MARK, ""), mark]))
    subprocess.Popen(
        [sys.executable, __file__, str(os.getpid()), mark], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ).returncode = 0  # fmt: skip # it is never waited for, so that it is not missed either
    return mark


def marked(mark: str) -> list[psutil.Process]:
    """What belongs to a run, beside this process."""
    return [each for each in psutil.process_iter() if each.pid != os.getpid() and mark in _marks(each)]


def _marks(process: psutil.Process) -> list[str]:
    try:
        return process.environ().get(MARK, "").split()
    except (psutil.Error, OSError):
        return []


def _guard(run: int, mark: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(run).wait()
    empty_scans = 0
    while empty_scans < _SCANS:
        found = marked(mark)
        for each in found:
            with suppress(psutil.Error):
                each.kill()
        empty_scans = 0 if found else empty_scans + 1
        time.sleep(_BETWEEN_SCANS_S)


if __name__ == "__main__":
    _guard(int(sys.argv[1]), sys.argv[2])
