"""Runs a writer under the shim."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.crash.disk import Operation, read_log

ACKNOWLEDGED = "acknowledged"
"""The file that a writer acknowledges to: below the root, so that its writes are in the record, in order with the others."""


class NoCompilerError(Exception):
    """The shim is C, and there is nothing here to compile it."""


def build_shim(directory: Path) -> Path:
    """The shim, compiled.

    Raises:
        NoCompilerError
    """
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or sys.platform != "linux":
        raise NoCompilerError("no C compiler here (cc, gcc or clang), or not Linux")
    shim, source = directory / "shim.so", Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl", "-lpthread"], check=True)
    return shim


def record(directory: Path, script: str, *arguments: str) -> list[Operation]:
    """What `script` did to the files below `directory`/root, in order.

    The script finds the path of its store in `sys.argv[1]`, and a handle to acknowledge to in `sys.argv[2]`.
    """
    root, log = directory / "root", directory / "log"
    root.mkdir()
    handle = os.open(root / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    environment = os.environ | {
        "LD_PRELOAD": str(build_shim(directory)), "CRASH_ROOT": str(root), "CRASH_LOG": str(log),
    }  # fmt: skip
    try:
        subprocess.run(
            [sys.executable, "-c", script, str(root / "store.db"), str(handle), *arguments],
            check=True, env=environment, pass_fds=[handle],
        )  # fmt: skip
    finally:
        os.close(handle)
    return read_log(log)
