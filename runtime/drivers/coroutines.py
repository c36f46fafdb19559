"""Where coroutine actions run: an event loop on a thread of its own, with a watchdog over it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from runtime.drivers.loops import LoopThread
from runtime.drivers.watchdog import Blocker, Watchdog
from runtime.records import Invocation


class Coroutines:
    """Runs each coroutine action as a task of its own.  The thread starts with the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: LoopThread | None = None
        self._watchdog: Watchdog | None = None
        self._starting = threading.Lock()
        self._running: dict[asyncio.Task[Any], Invocation] = {}

    @property
    def blocker(self) -> Blocker | None:
        """The action that keeps all others waiting, if one does for longer than it should."""
        return self._watchdog.blocker if self._watchdog is not None else None

    def post(self, invocation: Invocation, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have the coroutine that `make` makes run.  Called by any thread."""
        thread = self._thread or self._start()
        thread.post(lambda: self._run(invocation, make))

    def at_pause(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the actions that are ready now have had their step.  Only by a running action."""
        assert self._thread is not None
        self._thread.at_pause(callback)

    def stop(self) -> None:
        """Cancel what runs, end the loop and the thread."""
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._thread is not None:
            self._thread.stop()

    def _start(self) -> LoopThread:
        with self._starting:
            if self._thread is None:
                thread = LoopThread(self._name)
                self._watchdog = Watchdog(thread, self._running.get, f"{self._name}-watchdog")
                thread.start()
                self._watchdog.start()
                self._thread = thread
            return self._thread

    async def _run(self, invocation: Invocation, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task, watchdog = asyncio.current_task(), self._watchdog
        assert task is not None
        assert watchdog is not None
        self._running[task] = invocation
        watchdog.watch(True)
        try:
            await make()
        finally:
            del self._running[task]
            if not self._running:
                self.at_pause(self._rest)

    def _rest(self) -> None:
        """Not at the end of each action: the next one is often there already."""
        if self._watchdog is not None:
            self._watchdog.watch(bool(self._running))
