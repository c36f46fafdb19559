"""The event loop that runs coroutine actions, on a thread of its own.

The kernel's own loop stands still while a cell runs, so nothing of an actor may depend on it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from runtime.drivers.service import Problems, ServiceThread


class LoopThread:
    """A daemon thread with a running loop (uvloop where it is installed)."""

    def __init__(self, name: str, problems: Problems | None = None) -> None:
        """`problems` is told what would have ended the loop."""
        self.loop: asyncio.AbstractEventLoop = new_loop()
        self._name, self._problems = name, problems or Problems()
        self._is_ending = False
        self._posted: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._is_scheduled = False
        self._at_pause: dict[Callable[[], None], None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = ServiceThread(self._run, name, self._problems)

    def start(self) -> None:
        self._thread.start()

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
        if not self._thread.is_alive:
            return
        self.loop.call_soon_threadsafe(self._wind_up)
        self._thread.join(timeout_s)

    @property
    def ident(self) -> int:
        """The thread's identifier; 0 before it runs."""
        return self._thread.ident

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this loop's thread."""
        return self._thread.is_here

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
        self._is_ending = True
        for task in self._tasks:
            task.cancel()
        self.loop.call_soon(self.loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._is_ending:
            run_on(self.loop, self._name, self._problems)
        try:
            pending = [task for task in self._tasks if not task.done()]
            if pending:
                self.loop.run_until_complete(asyncio.wait(pending, timeout=1.0))
        except BaseException as error:  # noqa: BLE001 - of a task that was cancelled and exits instead
            self._problems.note(f"A task on {self._name} failed while the loop ended", error)
        finally:
            self.loop.close()


def run_on(loop: asyncio.AbstractEventLoop, name: str, problems: Problems) -> None:
    """Run the loop until something stops it; `SystemExit` or the like of a task is noted and ends nothing but that task."""
    try:
        loop.run_forever()
    except BaseException as error:  # noqa: BLE001 - asyncio lets a task's SystemExit and KeyboardInterrupt out of the loop
        problems.note(f"The event loop {name} was interrupted and goes on", error)


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed, which it is not on Windows."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
