"""An event loop on a thread of its own, for one server or client."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from runtime.drivers.loops import new_loop, run_on
from runtime.drivers.service import Problems, ServiceThread

T = TypeVar("T")


class OwnLoop:
    """Runs from the start until `stop`; the thread is a daemon, so it never keeps a process alive."""

    def __init__(self, name: str) -> None:
        self.loop = new_loop()
        self._name, self._problems = name, Problems()
        self._is_ending = False
        self._thread = ServiceThread(self._run, name, self._problems)
        self._thread.start()

    def wait(self, coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """Have the loop run the coroutine; its result.  From any other thread.

        Raises:
            TimeoutError: it did not end in time; it is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    def stop(self, timeout_s: float = 2.0) -> None:
        """Cancel what runs, end the loop and the thread.  Safe to call twice."""
        if self._thread.is_alive and not self.loop.is_closed():
            self._is_ending = True
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._is_ending:
            run_on(self.loop, self._name, self._problems)
        try:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
        except BaseException as error:  # noqa: BLE001 - of a task that was cancelled and exits instead
            self._problems.note(f"A task on {self._name} failed while the loop ended", error)
        finally:
            self.loop.close()
