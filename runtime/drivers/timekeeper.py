"""The thread that waits for the time: it calls back when the engine's next thing is due."""

from __future__ import annotations

import threading
from collections.abc import Callable

from runtime.drivers.service import Problems, ServiceThread

_LONGEST_S = 3600.0


class Timekeeper:
    """Sleeps until the time that `next_wait_s` gives, then calls `tick`."""

    def __init__(
        self, next_wait_s: Callable[[], float | None], tick: Callable[[], None], name: str, problems: Problems
    ) -> None:
        self._next_wait_s, self._tick = next_wait_s, tick
        self._changed = threading.Event()
        self._is_stopped = False
        self._thread = ServiceThread(self._run, name, problems)

    def start(self) -> None:
        self._thread.start()

    def notify(self) -> None:
        """Something is due earlier than what was waited for."""
        self._changed.set()

    def stop(self) -> None:
        self._is_stopped = True
        self._changed.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._is_stopped:
            wait_s = self._next_wait_s()
            if wait_s is None or wait_s > 0:
                self._changed.wait(_LONGEST_S if wait_s is None else min(wait_s, _LONGEST_S))
                self._changed.clear()
            if not self._is_stopped:
                self._tick()
