"""The one event loop on which everything of gRPC in this process runs.

gRPC's asyncio side has one poller for the process, which hands events to the loops that its objects were made on.  With
several loops, those of a client that has just been closed get events that are late, and others wait for them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from runtime.drivers.loops import LoopThread

T = TypeVar("T")

_LATE_S = 0.05
"""How long the loop goes on after its last user, for what is still being cancelled."""


class SharedLoop:
    """A loop's thread that is there while somebody uses it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        self._users = self._process = 0

    def acquire(self) -> LoopThread:
        """The thread, which runs until each `acquire` has had its `release`."""
        with self._lock:
            if self._thread is None or self._process != os.getpid():  # threads do not survive a fork
                self._thread, self._users, self._process = LoopThread(self._name), 0, os.getpid()
                self._thread.start()
            self._users += 1
            return self._thread

    def release(self, thread: LoopThread) -> None:
        """The caller has closed all that it made on the loop; the last one ends the thread."""
        with self._lock:
            if thread is not self._thread:
                return
            self._users -= 1
            if self._users:
                return
            self._thread = None
        run(thread, asyncio.sleep(_LATE_S))
        thread.stop()


def run(thread: LoopThread, work: Coroutine[Any, Any, T], timeout_s: float = 10.0) -> T:
    """The result of a coroutine of the loop, for a thread that may wait.

    Raises:
        TimeoutError: there is none in time.
    """
    return asyncio.run_coroutine_threadsafe(work, thread.loop).result(timeout_s)


grpc_loop = SharedLoop("wb-grpc")
"""For every gRPC server and client of this process."""
