"""Processes of our own: how they start, and how they end with their parent.

None outlives the parent, however that ends (`kill -9`, no memory left) and whatever the child does then.  On Linux the kernel
sees to it: the child's very first act is to ask for SIGKILL at the death of its parent (prctl(2), PR_SET_PDEATHSIG), which
also ends one that computes in C.  A parent that died before that is noticed by its number, which `getppid` gives no more.
Elsewhere the child notices the end of the line as soon as it runs Python again (`read_until_end`).

To the kernel the parent is the *thread* that started the child, and its end is the death of which the child hears.  So all
are started on one thread, which lasts as long as the process.  It holds SIGINT back, and what it starts inherits that: an
interrupt of the whole group cannot end a child before it ignores interrupts (`detach_from_terminal`).

What a user's code in a child starts itself is ended with that child by `Child.end`, and only by that.
"""

from __future__ import annotations

import functools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from runtime.background import start_daemon

_PARENT_S = 5.0
"""How often it is checked that the parent lives, beside the end of the line: a fork of the parent may keep that open."""

_BOUND = """\
import os, sys
if sys.platform == "linux":
    try:
        import ctypes
        ctypes.CDLL(None).prctl(1, 9)
    except (ImportError, OSError, AttributeError):
        pass
if os.name == "posix" and os.getppid() != {parent}:
    os._exit(1)
"""
"""The first lines of every child.  1 is PR_SET_PDEATHSIG, 9 is SIGKILL."""

_CHILD = """\
import multiprocessing.connection as connections
line = (connections.PipeConnection if os.name == "nt" else connections.Connection)(int(sys.argv[1]))
import json
sys.path[:], sys.argv[:], module, function = json.loads(line.recv_bytes())
import importlib
getattr(importlib.import_module(module), function)(line)
"""


def start_python(code: str, arguments: Sequence[str] = (), **options: Any) -> subprocess.Popen[Any]:
    """Start a Python process that runs `code`, and is killed when this one ends.

    It comes up as `python -P -c` does: with the environment of this process, and without the working directory on its path.

    Args:
        options: of `subprocess.Popen`.

    Raises:
        OSError: the system has no room for it.
    """
    command = [sys.executable, "-P", "-c", _BOUND.format(parent=os.getpid()) + code, *arguments]
    return _starter(os.getpid()).start(command, options)


def run_python(code: str, *, timeout_s: float, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `code` as `start_python` does, to its end, with nothing to read; what it printed as text.

    Raises:
        subprocess.TimeoutExpired: it did not end in time, and was killed.
        OSError: the system has no room for it.
    """
    pipes: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }
    with start_python(code, **pipes, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:  # an interrupt of the cell too
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class Child:
    """A new process that runs `serve(line)`, and this end of the line to it."""

    def __init__(
        self, serve: Callable[[Connection], object], name: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts it, which takes a moment; what it imports it imports later.

        Args:
            serve: a function of a module.
            name: the last word of its command line.
            environment: variables of the new process beside those of this one.

        Raises:
            OSError: the system has no room for it.
        """
        self.line, theirs = Pipe()
        number, options = _inherited(theirs)
        with theirs:
            self._process = start_python(_CHILD, [number, name], env={**os.environ, **(environment or {})}, **options)
        self._ending = threading.Lock()
        path = [str(each or Path.cwd()) for each in sys.path]
        with suppress(OSError):  # it ended, which the caller finds out when reading
            self.line.send_bytes(json.dumps([path, sys.argv, serve.__module__, serve.__name__]).encode())

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> int | None:
        """Kill the process and what it started; its exit code.  Takes a moment; safe to call twice."""
        with self._ending:
            if self._process.returncode is None:
                _kill_tree(self._process.pid)
                self._process.wait()
            with suppress(OSError):
                self.line.close()
        return self._process.returncode


def _inherited(line: Connection) -> tuple[str, dict[str, Any]]:
    """By which number the new process knows its end of the line, and the options that let it through."""
    number = line.fileno()
    if sys.platform == "win32":
        os.set_handle_inheritable(number, True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [number]})
        return str(number), {"startupinfo": startup}
    return str(number), {"pass_fds": (number,)}


def _kill_tree(pid: int) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*reversed(process.children(recursive=True)), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()


_Order: TypeAlias = tuple[Sequence[str], Mapping[str, Any], Future[subprocess.Popen[Any]]]


class _Starter:
    """The thread that starts processes, and never ends."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        start_daemon("wb-process-starter", self._run)

    def start(self, command: Sequence[str], options: Mapping[str, Any]) -> subprocess.Popen[Any]:
        started: Future[subprocess.Popen[Any]] = Future()
        self._orders.put((command, options, started))
        return started.result()

    def _run(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        while True:
            command, options, started = self._orders.get()
            try:
                started.set_result(subprocess.Popen(command, **options))
            except BaseException as error:  # noqa: BLE001 - goes to the caller, who waits; this thread stays
                started.set_exception(error)


@functools.cache
def _starter(process: int) -> _Starter:
    """That of a process: a fork has none of its parent's threads."""
    return _Starter()


# --- In the child -----------------------------------------------------------------------------------------------------


def read_until_end(line: Connection, received: Callable[[bytes], object]) -> None:
    """In the child: hand over what comes down the line, on a thread of its own, and end the process when the parent ends."""

    def read() -> None:
        parent = os.getppid()
        try:
            while True:
                while not line.poll(_PARENT_S):
                    if os.getppid() != parent:
                        os._exit(1)
                received(line.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)

    start_daemon("wb-line", read)


def detach_from_terminal() -> None:
    """In the child: an interrupt of a cell goes to all processes of the kernel's group; and nothing may write into a notebook."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
