"""Where coroutine actions run: an event loop on a thread of its own, with a watchdog over it.

Turns are taken up by tasks that serve one after the other.  An action that awaits nothing, or only what is there, costs no
task and no round of the loop; while one waits, another task goes on with the rest.  As in a worker's thread, context variables
that an action sets and does not reset are seen by turns that come later.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from runtime.drivers.loops import LoopThread
from runtime.drivers.service import Problems
from runtime.drivers.watchdog import Blocker, Watchdog
from runtime.engine.commands import Run
from runtime.records import Invocation

_TURNS_A_ROUND = 32
"""After so many turns without a pause, a task lets the loop come round."""


class Coroutines:
    """Runs coroutine actions, any number of them at once.  The thread starts with the first."""

    def __init__(
        self,
        name: str,
        perform: Callable[[Run], Coroutine[Any, Any, None]],
        let_in: Callable[[], None],
        problems: Problems,
    ) -> None:
        """`perform` runs one turn to its end, and may `add` those that can follow; `let_in` posts those that have arrived."""
        self._name, self._perform, self._let_in = name, perform, let_in
        self._problems = problems
        self._steps: deque[Run] = deque()
        self.is_expected = False
        """A task has been started that will look for what there is to do: who has something need not start one."""
        self._thread: LoopThread | None = None
        self._watchdog: Watchdog | None = None
        self._starting = threading.Lock()
        self._running: dict[asyncio.Task[Any], Invocation] = {}

    @property
    def blocker(self) -> Blocker | None:
        """The action that keeps all others waiting, if one does for longer than it should."""
        return self._watchdog.blocker if self._watchdog is not None else None

    def post(self, step: Run) -> None:
        """Have a turn run.  Called by any thread."""
        thread = self._thread or self._start()
        self._steps.append(step)
        if not self.is_expected:
            self.is_expected = True
            thread.post(self._serve)

    def add(self, step: Run) -> None:
        """Have a turn run after the one that asks for it.  Only by `perform`."""
        self._steps.append(step)

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
                thread = LoopThread(self._name, self._problems)
                self._watchdog = Watchdog(thread, self._running.get, f"{self._name}-watchdog", self._problems)
                thread.start()
                self._watchdog.start()
                self._thread = thread
            return self._thread

    async def _serve(self) -> None:
        """Run turns until none is left.  Before each, see to it that another task goes on, should this one have to wait."""
        self.is_expected = False  # first this: who comes from here on starts another
        self._let_in()
        task, watchdog, thread, steps = asyncio.current_task(), self._watchdog, self._thread, self._steps
        assert task is not None
        assert watchdog is not None
        assert thread is not None
        turns = 0
        while steps:
            step = steps.popleft()
            if not self.is_expected:
                self.is_expected = True
                thread.post(self._serve)
            self._running[task] = step.invocation
            watchdog.watch(True)
            try:
                await self._perform(step)
            finally:
                del self._running[task]
            turns += 1
            if turns % _TURNS_A_ROUND == 0:
                await asyncio.sleep(0)
        if not self._running:
            thread.at_pause(self._rest)

    def _rest(self) -> None:
        """Not at the end of each action: the next one is often there already."""
        if self._watchdog is not None:
            self._watchdog.watch(bool(self._running))
