"""Processes of our own that run a user's code: how they start, and how they end with their parent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

_PARENT_S = 5.0
"""How often it is checked that the parent lives, beside the end of the line: a fork of the parent may keep that open."""


class Child:
    """A new process that runs `serve(line)`, and this end of the line to it."""

    def __init__(
        self, serve: Callable[[Connection], object], name: str, environment: Mapping[str, str] | None = None
    ) -> None:
        """Starts it, which takes a while.

        Args:
            environment: variables of the new process beside those of this one.
        """
        from loky.backend import get_context

        context: Any = get_context("loky")
        self.line, theirs = context.Pipe()
        self._process: Any = context.Process(target=serve, args=(theirs,), name=name, env=dict(environment or {}))
        with _interrupts_held_back():
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def end(self) -> int | None:
        """Kill the process and what it started; its exit code.  Takes a moment; safe to call twice."""
        from loky.backend.utils import kill_process_tree

        with suppress(OSError, ValueError):
            kill_process_tree(self._process)
        with suppress(OSError):
            self.line.close()
        code: int | None = self._process.exitcode
        return code


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

    threading.Thread(target=read, name="wb-line", daemon=True).start()


def detach_from_terminal() -> None:
    """In the child: an interrupt of a cell goes to all processes of the kernel's group; and nothing may write into a notebook."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """A new process inherits this thread's mask: an interrupt of the group cannot end it before it ignores interrupts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
