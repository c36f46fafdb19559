"""An event loop on a thread of its own, for one server or client."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from runtime.drivers.loops import new_loop

T = TypeVar("T")


class OwnLoop:
    """Runs from the start until `stop`; the thread is a daemon, so it never keeps a process alive."""

    def __init__(self, name: str) -> None:
        self.loop = new_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        # A fresh context: nothing that the caller has set, such as a turn that it is in, is seen by the server.
        contextvars.Context().run(self._thread.start)

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
        if self._thread.is_alive() and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            if self._thread is not threading.current_thread():
                self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
        finally:
            self.loop.close()
