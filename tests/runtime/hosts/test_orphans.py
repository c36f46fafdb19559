"""No process of ours outlives its parent, whatever ends that, and whatever the process does then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel does not see to it")

BEGIN = """
import os, sys, threading
from runtime.hosts.child_process import Child, start_python
from tests.runtime.hosts import children

def on_a_thread_that_ends(start):
    thread = threading.Thread(target=lambda: made.append(start()))
    thread.start()
    thread.join()

made = []
"""
WAITING = "on_a_thread_that_ends(lambda: Child(children.wait, 'child'))\nmade[0].line.recv_bytes()"
IN_C = "on_a_thread_that_ends(lambda: Child(children.compute_in_c, 'child'))\nmade[0].line.recv_bytes()"
BARE = """
on_a_thread_that_ends(lambda: start_python("print(flush=True)\\nwhile True: pass", stdout=-1))
made[0].stdout.readline()
"""
WITH_A_FORK = f"""
{WAITING}
if os.fork() == 0:  # it holds the parent's end of the line
    os.read(0, 1)
    os._exit(0)
"""
TASK = """
from runtime.system.embedded import embedded
from tests.runtime.hosts.tasks import Cruncher

system = embedded()
system.deploy(Cruncher)
system.invoke("cruncher", "pid")
"""
REPLAY = """
from runtime.authoring.definition import define
from runtime.hosts.pickling import carried
from runtime.ids import ActorId
from runtime.replay.runners import ProcessRunner
from tests.runtime.hosts.tasks import Cruncher

on_a_thread_that_ends(lambda: ProcessRunner(
    carried(define(Cruncher)), ActorId("s", "cruncher"), carry=True, shift_s=0.0, seed=0, allowed=frozenset()
))
made[0].wait_until_ready()
"""
END = """
print("ready", flush=True)
sys.stdin.read()
"""
SLOW_START = """
import os
if path := os.environ.pop("START_GATE", ""):
    with open(path + ".pid", "w") as file:
        file.write(str(os.getpid()))
    open(path).read()
"""
MID_START = """
start_python("while True: pass", env={**os.environ, "START_GATE": sys.argv[1], "PYTHONPATH": sys.argv[2]})
"""


@pytest.mark.parametrize(
    "code", [WAITING, IN_C, BARE, WITH_A_FORK, TASK, REPLAY], ids=["waiting", "in-c", "bare", "fork", "task", "replay"]
)
def test_killed_parent_takes_its_children_along(code: str) -> None:
    with _running(code) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        children = [each for each in psutil.Process(parent.pid).children() if each.cmdline() != parent.args]
        assert len(children) == 1
        assert not _is_gone(children[0])  # the thread that started it has ended long ago

        parent.kill()
        parent.wait()

        _until(lambda: _is_gone(children[0]), "the child ends")


def test_child_of_a_parent_that_was_killed_in_mid_start_ends_at_once(tmp_path: Path) -> None:
    gate, pid = tmp_path / "gate", tmp_path / "gate.pid"
    os.mkfifo(gate)
    (tmp_path / "sitecustomize.py").write_text(SLOW_START)
    with _running(MID_START, str(gate), str(tmp_path)) as parent:
        _until(lambda: pid.exists() and pid.read_text(), "the child begins to start")
        child = psutil.Process(int(pid.read_text()))

        parent.kill()
        parent.wait()

        assert not _is_gone(child)  # it stands before the first line of ours
        gate.write_text("")
        _until(lambda: _is_gone(child), "the child ends")


@contextmanager
def _running(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", BEGIN + code + END, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _until(condition: Callable[[], object], what: str, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.005)
