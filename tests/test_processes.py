"""A run of the tests that is killed leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests import processes

ROOT = Path(__file__).parents[1]
CONFTEST = "from tests.conftest import *\n"
TESTS = """
import multiprocessing, os, subprocess, sys, time
from pathlib import Path

from runtime.system.embedded import embedded
from tests.runtime.hosts.tasks import Cruncher
from tests.workbench.kernel_ext.kernel import Kernel


def test_that_never_ends(tmp_path):
    python = [sys.executable, "-c", "import os; os.fork(); os.setsid(); print(flush=True); os.read(0, 1)"]
    process = subprocess.Popen(python, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.read(2) == b"\\n\\n"
    with Kernel(tmp_path) as kernel, embedded() as system:
        kernel.ok("import subprocess\\nchild = subprocess.Popen(['sleep', '600'], start_new_session=True)")
        system.deploy(Cruncher)
        system.invoke("cruncher", "pid")
        Path(os.environ["TEST_IS_AT_WORK"]).touch()
        time.sleep(600)
"""


def test_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    at_work = tmp_path / "at_work"
    mark = os.environ[processes.MARK].split()[-1]
    before = set(processes.marked(mark))
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", tmp_path],
        cwd=ROOT, env={**os.environ, "TEST_IS_AT_WORK": str(at_work)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    _until(lambda: at_work.exists() or run.poll() is not None, "the run has started its processes")
    assert run.poll() is None, run.communicate()[0]
    assert len(_left(mark, before)) >= 6  # the run, its guard, two of Python's, a kernel and its child, a worker

    run.kill()
    run.communicate()

    _until(lambda: not _left(mark, before), "all processes of the run end")


def _left(mark: str, before: set[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes.marked(mark) if each not in before]


def _until(condition: Callable[[], object], what: str, timeout_s: float = 240) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.01)
