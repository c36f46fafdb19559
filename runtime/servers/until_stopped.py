"""Waiting for the end of a server process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable


class Stop:
    """Set by SIGTERM and SIGINT from when it is made; the second signal ends the process at once, as usual."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._former = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}

    def _on_signal(self, number: int, _: object) -> None:
        self._restore()
        self._asked.set()

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def wait(self, look: Callable[[], bool] = lambda: False) -> None:
        """Come back at a signal, or when `look()`, asked every second, says that there is nothing left to do."""
        while not self._asked.wait(1.0):
            if look():
                break
        self._restore()

    def pause(self, seconds: float) -> bool:
        """Wait so long, or until a signal; True if there was one."""
        return self._asked.wait(seconds)
