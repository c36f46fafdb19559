"""The event loop that runs coroutine actions, on a thread of its own.

The kernel's own loop stands still while a cell runs, so nothing of an actor may depend on it.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any


class LoopThread:
    """A daemon thread with a running loop (uvloop where it is installed)."""

    def __init__(self, name: str) -> None:
        self.loop: asyncio.AbstractEventLoop = new_loop()
        self._posted: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._is_scheduled = False
        self._at_pause: dict[Callable[[], None], None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        contextvars.Context().run(self._thread.start)

    def post(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have the coroutine that `make` makes run as a task of its own.  Called by any thread."""
        self._posted.append(make)
        if not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon_threadsafe(self._launch)

    def at_pause(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once, however often it was asked for, after the tasks that are ready now.  On the loop."""
        if self.loop.is_closed():
            return  # only a coroutine that nobody will go on with asks for it now
        if not self._at_pause:
            self.loop.call_soon(self._pause)
        self._at_pause[callback] = None

    def stop(self, timeout_s: float = 2.0) -> None:
        """Cancel what runs, end the loop and the thread."""
        if not self._thread.is_alive():
            return
        self.loop.call_soon_threadsafe(self._wind_up)
        self._thread.join(timeout_s)

    @property
    def ident(self) -> int:
        """The thread's identifier; 0 before it runs."""
        return self._thread.ident or 0

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this loop's thread."""
        return threading.current_thread() is self._thread

    def _launch(self) -> None:
        self._is_scheduled = False
        posted = self._posted
        while posted:
            task = self.loop.create_task(posted.popleft()())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _pause(self) -> None:
        callbacks, self._at_pause = self._at_pause, {}
        for callback in callbacks:
            callback()

    def _wind_up(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.loop.call_soon(self.loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            pending = [task for task in self._tasks if not task.done()]
            if pending:
                self.loop.run_until_complete(asyncio.wait(pending, timeout=1.0))
        finally:
            self.loop.close()


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed, which it is not on Windows."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
