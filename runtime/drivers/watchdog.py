"""Who keeps an event loop from running everybody else.

A coroutine action that calls something that blocks (`time.sleep`, `requests.get`, a long computation) stops all other
coroutine actions, and nothing says so.  The watchdog does: in the actor's log, with the line, and in the system's status.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from runtime.drivers.loops import LoopThread
from runtime.drivers.service import Problems, ServiceThread
from runtime.hosts.trace import code_place
from runtime.records import Invocation

PATIENCE_S = 0.1
"""How long one action may keep the loop before it is named."""


class Blocker(NamedTuple):
    """The action that holds a loop up."""

    invocation: Invocation
    since: float
    """On the monotonic clock."""
    where: str
    """File, line and text of the code that does not come back."""

    def __str__(self) -> str:
        action = f"{self.invocation.actor.name}.{self.invocation.action}"
        return f"{action} since {time.monotonic() - self.since:.1f} s, at {self.where}"


class Watchdog:
    """Watches one loop for as long as there are coroutine actions on it."""

    def __init__(
        self,
        thread: LoopThread,
        invocation_of: Callable[[asyncio.Task[Any]], Invocation | None],
        name: str,
        problems: Problems,
    ) -> None:
        """`invocation_of` says which invocation a task of the loop runs."""
        self._loop_thread, self._loop, self._invocation_of = thread, thread.loop, invocation_of
        self._has_work = threading.Event()
        self._has_beaten = threading.Event()
        self._stopped = threading.Event()
        self.blocker: Blocker | None = None
        self._thread = ServiceThread(self._run, name, problems)

    def start(self) -> None:
        self._thread.start()

    def watch(self, has_work: bool) -> None:
        """Called on the loop: there are coroutine actions from now on, or there are none any more."""
        if has_work == self._has_work.is_set():
            return
        if has_work:
            self._has_work.set()
        else:
            self._has_work.clear()

    def stop(self) -> None:
        self._stopped.set()
        self._has_work.set()
        self._has_beaten.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._has_work.wait()
            asked = time.monotonic()
            if self._ask() and not self._has_beaten.wait(PATIENCE_S):
                self._wait_for(asked)
            self._stopped.wait(PATIENCE_S)

    def _ask(self) -> bool:
        """Have the loop show that it comes round; False once it is closed."""
        self._has_beaten.clear()
        try:
            self._loop.call_soon_threadsafe(self._has_beaten.set)
        except RuntimeError:
            self._stopped.set()
        return not self._stopped.is_set()

    def _wait_for(self, since: float) -> None:
        """The loop does not come round: say who keeps it, until it does."""
        while not self._stopped.is_set():
            found = self._find(since)
            if found is not None and (self.blocker is None or found.invocation is not self.blocker.invocation):
                self._tell(found)
            self.blocker = found
            if self._has_beaten.wait(PATIENCE_S):
                break
        self.blocker = None

    def _find(self, since: float) -> Blocker | None:
        task = asyncio.current_task(self._loop)
        invocation = self._invocation_of(task) if task is not None else None
        if invocation is None:
            return None
        return Blocker(invocation, since, code_place(sys._current_frames().get(self._loop_thread.ident)))

    def _tell(self, blocker: Blocker) -> None:
        invocation = blocker.invocation
        logging.getLogger(f"runtime.actors.{invocation.actor.name}").warning(
            "%s.%s keeps every other coroutine action waiting, at %s. "
            "Await something that does not block there, or make the action a plain def, which may block.",
            invocation.actor.name,
            invocation.action,
            blocker.where,
            extra={"invocation": invocation.id},
        )
