"""The threads that run plain actions: usually one, and as many more as there are that block.

One worker drains the ready actors, one message each, without a hand-over per message.  When an action takes long, a monitor
detaches its worker and another goes on; when many short actions block one after the other, it widens.  So an action that
waits (for a socket, for `time.sleep`) delays no other actor for long, and an actor that computes costs no thread hops.
Measurements and the traps of this design: `performance.md` §11.

A worker is *draining* (it looks for steps and runs them), *detached* (stuck in an action, no longer counted) or *parked*
(asleep).  All of it is guarded by the driver's lock, which the driver holds when it calls what is said to need it.
"""

from __future__ import annotations

import _thread
import contextvars
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from runtime.drivers.monitor import Monitor
from runtime.drivers.runaway import Ending
from runtime.drivers.service import Problems

MOST_WORKERS = 1024

_log = logging.getLogger(__name__)


class Worker:
    """One thread of the pool."""

    __slots__ = (
        "clock",
        "cpu_ns",
        "ending",
        "ident",
        "is_busy",
        "is_detached",
        "is_retired",
        "is_started",
        "number",
        "seen",
        "step",
        "steps",
        "still",
        "wake",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.wake = _thread.allocate_lock()
        self.wake.acquire()
        self.is_started = False
        self.ident = 0
        """The thread's identifier, once it runs."""
        self.ending: Ending | None = None
        """Set when what it runs is to be ended; it takes no more work then, and its thread ends."""
        self.is_detached = False
        self.is_busy = False
        """In a step, as opposed to looking for one."""
        self.is_retired = False
        self.step: Any = None
        """What it is about to do or does; whoever takes its place after a failure sees to it that nobody waits for that."""
        self.steps = 0
        self.seen = 0
        """`steps` when the monitor looked last."""
        self.still = 0
        """How often in a row the monitor saw it in the same step."""
        self.clock: int | None = None
        """Of its processor time, where the system has one."""
        self.cpu_ns = 0


class WorkerPool:
    """Workers that call `drain(worker)`, which runs steps until it has parked the worker."""

    def __init__(
        self,
        lock: threading.Lock,
        drain: Callable[[Worker], None],
        backlog: Callable[[], int],
        name: str,
        at_tick: Callable[[], None],
        crowded: Callable[[bool], None] = lambda _: None,
        problems: Problems | None = None,
    ) -> None:
        """`backlog` says how many steps wait; `at_tick` is called by the monitor at each look, without the lock.

        `crowded` is told, with the lock, whether many steps that block stand in the way of the others.
        """
        self._lock, self._drain, self._backlog, self._name = lock, drain, backlog, name
        self._crowded = crowded
        self.draining: list[Worker] = []
        self.detached: list[Worker] = []
        self.parked: list[Worker] = []
        self.wanted = 1
        self.is_short = True
        """Fewer workers drain than are wanted: whoever adds work claims one.  Kept, not computed: every message looks."""
        self.is_crowded = False
        """More workers drain than are wanted: whoever has ended a step parks, also while there is work."""
        self.is_stopped = False
        self._hired = 0
        self._problems = problems or Problems()
        self._monitor = Monitor(self, lock, at_tick, f"{name}-monitor", self._problems)

    def backlog(self) -> int:
        """Steps that wait for a worker.  Needs the lock."""
        return self._backlog()

    @property
    def size(self) -> int:
        """Threads that exist, busy or idle."""
        return len(self.draining) + len(self.detached) + len(self.parked)

    def start(self) -> None:
        self._monitor.start()

    def stop(self) -> None:
        """End the threads that are idle; one that is stuck in an action ends when the action does."""
        with self._lock:
            self.is_stopped = True
            self.count()
            self.retire(len(self.parked))
        self._monitor.stop()

    # -- need the lock -------------------------------------------------------------------------------------------------

    def claim(self) -> Worker | None:
        """A worker for what was just added, if one more may drain; `rouse` it once the lock is free."""
        if not self.is_short:
            return None
        self._monitor.wake()
        if self.parked:
            worker = self.parked.pop()
        elif self.size < MOST_WORKERS:
            self._hired += 1
            worker = Worker(self._hired)
        else:
            return None
        worker.still = 0
        self.draining.append(worker)
        self.count()
        return worker

    def park(self, worker: Worker) -> None:
        """The worker found nothing to do, or is not needed; it sleeps when it comes back from `drain`."""
        self._release(worker)
        self.parked.append(worker)
        self.count()
        if self.is_stopped:
            self.retire(1)

    def dismiss(self, worker: Worker) -> None:
        """The worker's thread ends, or has ended: it gets no more work."""
        worker.is_retired = True
        if worker in self.parked:
            self.parked.remove(worker)
        elif worker in self.draining or worker in self.detached:
            self._release(worker)
        self.count()

    def _release(self, worker: Worker) -> None:
        worker.is_busy = False
        (self.detached if worker.is_detached else self.draining).remove(worker)
        worker.is_detached = False

    def mark(self, step: object) -> Ending | None:
        """The worker that runs this step is to end with it; None if no worker runs it."""
        worker = next((each for each in (*self.detached, *self.draining) if each.step is step), None)
        if worker is None:
            return None
        if worker.ending is None:
            worker.ending = Ending(worker.ident)
            self.detach(worker)
        return worker.ending

    def detach(self, worker: Worker) -> None:
        """The worker's action takes long: others go on without it."""
        if not worker.is_detached:
            worker.is_detached = True
            self.draining.remove(worker)
            self.detached.append(worker)
            self.count()

    def takes_back(self, worker: Worker) -> bool:
        """Whether a detached worker whose action has ended is needed again; then it drains."""
        if not self.is_short or worker.ending is not None:
            return False
        self._monitor.wake()
        worker.is_detached = False
        worker.still = 0
        self.detached.remove(worker)
        self.draining.append(worker)
        self.count()
        return True

    def retire(self, number: int) -> None:
        """End so many parked threads, if there are."""
        number = max(0, number)
        for worker in self.parked[:number]:
            worker.is_retired = True
            worker.wake.release()
        del self.parked[:number]

    def want(self, number: int) -> None:
        """How many workers are to drain.  More than one means that steps block, and that others wait for them."""
        self.wanted = number
        self.count()
        self._crowded(number > 1)

    def count(self) -> None:
        """Workers or wishes have changed."""
        self.is_short = len(self.draining) < self.wanted and not self.is_stopped
        self.is_crowded = len(self.draining) > self.wanted

    # -- do not need it ------------------------------------------------------------------------------------------------

    def step_aside(self, worker: Worker) -> None:
        """Before a wait inside an action that is known to block: others go on at once, not at the monitor's next look."""
        with self._lock:
            self.detach(worker)
            another = self.claim() if self._backlog() else None
        if another is not None:
            self.rouse(another)

    def rouse(self, worker: Worker) -> None:
        """Let a claimed worker drain.  If no thread can be started, the monitor tries again for as long as work waits."""
        if worker.is_started:
            worker.wake.release()
            return
        worker.is_started = True
        try:
            # Not `threading.Thread`, whose start waits for the new thread: 200 of them would take 20 ms and more.
            _thread.start_new_thread(contextvars.Context().run, (self._live, worker))
        except RuntimeError:
            _log.exception("no thread for actions could be started; %d exist", self.size)
            with self._lock:
                self.draining.remove(worker)
                self.count()

    def _live(self, worker: Worker) -> None:
        threading.current_thread().name = f"{self._name}-{worker.number}"
        worker.ident = threading.get_ident()
        if hasattr(time, "pthread_getcpuclockid"):
            worker.clock = time.pthread_getcpuclockid(threading.get_ident())
            worker.cpu_ns = time.clock_gettime_ns(worker.clock)  # the thread's birth is not its work
        try:
            while not worker.is_retired:
                self._drain_or_end(worker)
                if not worker.is_retired:
                    worker.wake.acquire()
        finally:
            if not worker.is_retired:  # something ended the thread outside its work
                self._problems.note(f"The thread {self._name}-{worker.number} ended, and another one takes its place")
                self.replace(worker)
            _leave_the_list()

    def _drain_or_end(self, worker: Worker) -> None:
        try:
            self._drain(worker)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other actors go on
            if worker.ending is None:
                self._problems.note("A defect in the runtime ended a step", error)
            else:
                worker.ending.absorb()
            self.replace(worker)

    def replace(self, worker: Worker) -> None:
        """Have a worker's thread end, and see to it that another one goes on.  On that thread, outside its `drain`."""
        with self._lock:
            self.dismiss(worker)
            another = self.claim() if self._backlog() else None
        if another is not None:
            self.rouse(another)


def _leave_the_list() -> None:
    """Take this thread out of `threading.enumerate()`: some Pythons keep one there for ever that they did not start."""
    if not hasattr(threading, "_DeleteDummyThreadOnDel"):
        getattr(threading, "_active", {}).pop(threading.get_ident(), None)
