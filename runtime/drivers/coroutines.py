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
from contextlib import suppress
from typing import Any

from runtime.drivers.event_loops import LOOP_ENDS_S, Blocker, LoopThread, Watchdog
from runtime.drivers.runaway import Ending
from runtime.drivers.service import Problems
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
        drain_inbox: Callable[[], None],
        problems: Problems,
    ) -> None:
        """`perform` runs one turn to its end, and may `add` those that can follow; `drain_inbox` posts those that have arrived."""
        self._name, self._perform, self._drain_inbox = name, perform, drain_inbox
        self._problems = problems
        self._steps: deque[Run] = deque()
        self.is_expected = False
        """A task has been started that will look for what there is to do: who has something need not start one."""
        self._thread: LoopThread | None = None
        self._watchdog: Watchdog | None = None
        self._starting = threading.Lock()
        self._running: dict[asyncio.Task[Any], Run] = {}
        self.endings: dict[int, Ending] = {}
        """By thread, what is to be ended on it; who sees one there calls `absorb` before anything of ours is touched."""

    @property
    def blocker(self) -> Blocker | None:
        """The action that keeps all others waiting, if one does for longer than it should."""
        return self._watchdog.blocker if self._watchdog is not None else None

    @property
    def ident(self) -> int:
        """The identifier of the loop's thread; 0 before there is one."""
        return self._thread.ident if self._thread is not None else 0

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
        thread = self._thread
        if thread is None or not thread.is_here:
            callback()  # on a loop that another one took the place of
        else:
            thread.at_pause(callback)

    def stop(self, *, is_kept: bool = False) -> None:
        """Cancel what runs, end the loop and the thread; one that an action keeps (`is_kept`) is not waited for."""
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._thread is not None:
            self._thread.stop(0.0 if is_kept else LOOP_ENDS_S)

    def _start(self) -> LoopThread:
        with self._starting:
            if self._thread is None:
                thread = LoopThread(self._name, self._problems)
                self._watchdog = Watchdog(thread, self._invocation_of, f"{self._name}-watchdog", self._problems)
                thread.start()
                self._watchdog.start()
                self._thread = thread
            return self._thread

    def running(self) -> list[Run]:
        """Turns that have begun and not ended, whether they wait or not.  Any thread."""
        return list(self._running.copy().values())

    def cancel(self, step: Run) -> threading.Event:
        """Cancel the task that runs this turn, as soon as the loop comes round; then the event is set.  Any thread."""
        came_round, thread = threading.Event(), self._thread

        def cancel() -> None:
            for task, running in self._running.copy().items():
                if running is step:
                    task.cancel()
            came_round.set()

        with suppress(RuntimeError):  # the loop is closed
            if thread is not None:
                thread.loop.call_soon_threadsafe(cancel)
        return came_round

    def ending_of(self, step: Run) -> Ending | None:
        """The way to end the turn that keeps the loop at this moment, if that is the one.  From another thread."""
        thread = self._thread
        task = asyncio.current_task(thread.loop) if thread is not None else None
        if thread is None or task is None or self._running.get(task) is not step:
            return None
        return self.endings.setdefault(thread.ident, Ending(thread.ident))

    def absorb(self) -> None:
        """Nothing is raised in this thread from here on, and what was raised does not arrive."""
        ident = threading.get_ident()
        ending = self.endings.get(ident)
        if ending is not None:
            ending.absorb()
            self.endings.pop(ident, None)

    def replace(self) -> list[Run]:
        """Go on with another loop, since this one does not come round; the turns that are lost with it.  Any thread."""
        with self._starting:
            thread, watchdog, lost = self._thread, self._watchdog, self.running()
            self._thread = self._watchdog = None
            self._running = {}
        if watchdog is not None:
            watchdog.stop()
        if thread is not None:
            thread.stop(0.0)  # it ends if it ever comes round
        self.urge()
        return lost

    def urge(self) -> None:
        """See to it that a task looks for turns, whatever `is_expected` says."""
        self.is_expected = True
        (self._thread or self._start()).post(self._serve)

    def _invocation_of(self, task: asyncio.Task[Any]) -> Invocation | None:
        step = self._running.get(task)
        return None if step is None else step.invocation

    async def _serve(self) -> None:
        """Run turns until none is left.  Before each, see to it that another task goes on, should this one have to wait."""
        self.is_expected = False  # first this: who comes from here on starts another
        if self.endings:
            self.absorb()
        task, watchdog, thread, steps = asyncio.current_task(), self._watchdog, self._thread, self._steps
        assert task is not None
        assert watchdog is not None
        assert thread is not None
        if not thread.is_here:
            return  # another loop took the place of this one
        self._drain_inbox()
        turns = 0
        while steps:
            step = steps.popleft()
            if not self.is_expected:
                self.is_expected = True
                thread.post(self._serve)
            self._running[task] = step
            watchdog.watch(True)
            try:
                await self._perform(step)
            finally:
                self._running.pop(task, None)
            if self._thread is not thread:
                return
            turns += 1
            if turns % _TURNS_A_ROUND == 0:
                await asyncio.sleep(0)
        if not self._running:
            thread.at_pause(self._rest)

    def _rest(self) -> None:
        """Not at the end of each action: the next one is often there already."""
        if self._watchdog is not None:
            self._watchdog.watch(bool(self._running))
