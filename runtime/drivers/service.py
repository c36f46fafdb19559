"""Threads of the runtime that nothing ends but the runtime.

Code of the user's runs in many places beside actions: comparisons, encoders, log handlers, conditions.  It may raise anything, also
`SystemExit` and `KeyboardInterrupt`.  Whatever gets through to the outermost loop of a thread ends one round of it and is said; a
thread that ends all the same is replaced.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from runtime.background import Backoff
from runtime.errors import shown_text, type_name

_KEPT = 20
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


class Problems:
    """What went wrong in the runtime's own threads: in the log, and the last of it to be asked for.  Any thread."""

    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=_KEPT)

    def note(self, what: str, error: BaseException | None = None) -> None:
        """Say what happened, and by which exception.  Raises nothing, whatever the user's log handlers do."""
        text = what if error is None else f"{what}: {type_name(error)}: {shown_text(error)}"
        self._last.append(text)
        try:
            _log.error("%s", text, exc_info=error)
        except BaseException:  # noqa: BLE001 - a log handler of the user's
            self._last.append("A log handler failed while a problem of the runtime was logged.")

    @property
    def last(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self._last)


class ServiceThread:
    """A daemon thread that runs `work` until that returns.  What it raises is noted, and it is run again."""

    def __init__(self, work: Callable[[], None], name: str, problems: Problems) -> None:
        self._work, self._name, self._problems = work, name, problems
        self._has_ended = False
        self._thread = self._make()

    def start(self) -> None:
        """In a fresh context: nothing that the caller has set, such as a turn that it is in, is seen by the work."""
        contextvars.Context().run(self._thread.start)

    def join(self, timeout_s: float) -> bool:
        """Wait until the work has returned; False if that takes longer.  True at once for a thread that waits for itself."""
        thread = self._thread
        if thread is threading.current_thread() or not thread.is_alive():
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def ident(self) -> int:
        """The thread's identifier; 0 before it runs."""
        return self._thread.ident or 0

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this thread."""
        return threading.current_thread() is self._thread

    def _make(self) -> threading.Thread:
        return threading.Thread(target=self._live, name=self._name, daemon=True)

    def _live(self) -> None:
        try:
            self._go_on()
            self._has_ended = True
        finally:
            if not self._has_ended:  # something ended the thread outside its work
                self._replace()

    def _go_on(self) -> None:
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            began = time.monotonic()
            try:
                self._work()
                return
            except BaseException as error:  # noqa: BLE001 - whatever it is, the thread goes on
                self._problems.note(f"The thread {self._name} was interrupted and goes on", error)
            if time.monotonic() - began > _LONGEST_PAUSE_S:
                backoff.reset()
            time.sleep(backoff.next_s())

    def _replace(self) -> None:
        self._problems.note(f"The thread {self._name} ended, and another one took its place")
        self._thread = self._make()
        self.start()
