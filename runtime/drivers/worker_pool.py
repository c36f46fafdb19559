"""The threads that run plain actions: usually one, and as many more as there are that block.

One worker drains the ready actors, one message each, without a hand-over per message.  When an action takes long, a monitor
detaches its worker and another goes on; when many short actions block one after the other, it widens.  So an action that
waits (for a socket, for `time.sleep`) delays no other actor for long, and an actor that computes costs no thread hops.
Measurements and the traps of this design: docs/architecture.md, "Why one worker drains".

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

from runtime.drivers.runaway import Ending
from runtime.drivers.service import Problems, ServiceThread

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
        """What it is about to do or does; the worker that takes its place after a failure sees to it that no one waits for that."""
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
        self.needs_worker = True
        """Fewer workers drain than are wanted: the thread that adds work claims one.  Kept, not computed: every message looks."""
        self.has_surplus = False
        """More workers drain than are wanted: a worker that has ended a step parks, also while there is work."""
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
        """A worker for what was just added, if one more may drain; `wake` it once the lock is free."""
        if not self.needs_worker:
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

    def ident_of(self, step: object) -> int:
        """The identifier of the thread that runs this step; 0 if none does."""
        worker = self._worker_of(step)
        return 0 if worker is None else worker.ident

    def _worker_of(self, step: object) -> Worker | None:
        return next((each for each in (*self.detached, *self.draining) if each.step is step), None)

    def mark(self, step: object) -> Ending | None:
        """The worker that runs this step is to end with it; None if no worker runs it."""
        worker = self._worker_of(step)
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
        if not self.needs_worker or worker.ending is not None:
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
        self.needs_worker = len(self.draining) < self.wanted and not self.is_stopped
        self.has_surplus = len(self.draining) > self.wanted

    # -- do not need it ------------------------------------------------------------------------------------------------

    def yield_slot(self, worker: Worker) -> None:
        """Before a wait inside an action that is known to block: others go on at once, not at the monitor's next look."""
        with self._lock:
            self.detach(worker)
            another = self.claim() if self._backlog() else None
        if another is not None:
            self.wake(another)

    def wake(self, worker: Worker) -> None:
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
            self.wake(another)


def _leave_the_list() -> None:
    """Take this thread out of `threading.enumerate()`: some Pythons keep one there for ever that they did not start."""
    if not hasattr(threading, "_DeleteDummyThreadOnDel"):
        getattr(threading, "_active", {}).pop(threading.get_ident(), None)


# --- The thread that watches workers: who is stuck, and whether more of them are needed -------------------------------
# It looks every few milliseconds while there is something to watch, and sleeps otherwise.

TICK_S = 0.0025
"""How often it looks.  Twice that is the longest that an action keeps its worker while others wait."""

SPARES_KEPT = 4
"""Idle threads that stay."""

_FIRST_WIDENING = 128
_MOST_WHEN_LATE = 16
_LATE_S = 0.001
_LATE_LOOKS = 8
"""For so many looks after one that came late, a worker without progress may only be waiting for the interpreter."""
_PATIENT_LOOKS = 6
"""By then a thread that wants the interpreter has had it, however busy the user's own thread is."""
_FEW_STEPS = 16
_START_TOGETHER = 16
_BLOCKED, _COMPUTING, _NEITHER = "blocked", "computing", "neither"
_PATIENCE_TICKS = 2
_REST_TICKS = 40


class Monitor:
    """Watches one pool."""

    def __init__(
        self, pool: WorkerPool, lock: threading.Lock, at_tick: Callable[[], None], name: str, problems: Problems
    ) -> None:
        self._pool, self._lock, self._at_tick = pool, lock, at_tick
        self._bell = _thread.allocate_lock()
        self._bell.acquire()
        self._is_asleep = True
        self._is_stopped = False
        self._late_s = 0.0
        """By how much the last pause was longer than it should."""
        self._late_looks = 0
        """How many more looks count as late ones."""
        self._blocked_ticks = 0
        self._easy_ticks = 0
        """Looks in a row at which nothing waited for a worker."""
        self._computing_ticks = 0
        self._looked_at = time.monotonic()
        self._thread = ServiceThread(self._run, name, problems)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """A worker begins to drain.  Needs the pool's lock."""
        if self._is_asleep:
            self._is_asleep = False
            self._bell.release()

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            self.wake()
        self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            rang = self._bell.acquire(timeout=-1 if self._is_asleep else TICK_S)
            self._late_s = 0.0 if rang else time.monotonic() - began - TICK_S
            with self._lock:
                if self._is_stopped:
                    return
                woken = self._look()
            for number, worker in enumerate(woken):
                self._pool.wake(worker)
                if number % _START_TOGETHER == 1:
                    time.sleep(0)  # else all of them wait for the interpreter until the last one is started
            self._at_tick()

    # -- need the lock -------------------------------------------------------------------------------------------------

    def _look(self) -> list[Worker]:
        """One tick: detach who is stuck, widen or narrow, and say whom to rouse."""
        now = time.monotonic()
        elapsed_s, self._looked_at = now - self._looked_at, now
        backlog = self._pool.backlog()
        seen = self._survey(elapsed_s, backlog)
        if not backlog:
            self._take_it_easy()
            return []
        self._easy_ticks = 0
        self._computing_ticks = self._computing_ticks + 1 if seen is _COMPUTING else 0
        self._blocked_ticks = self._blocked_ticks + 1 if seen is _BLOCKED else 0
        if self._blocked_ticks > (_PATIENT_LOOKS if self._late_looks else 0):
            self._widen(backlog)
        elif self._computing_ticks >= _PATIENCE_TICKS:
            self._narrow()
        return self._muster(backlog)

    def _survey(self, elapsed_s: float, backlog: int) -> str:
        """What the draining workers have done since the last look; those that are stuck are detached.

        Little processor time alone would not mean that they wait: other threads and processes may have had it.  Few steps
        alone would not either: actions may compute.  And a monitor that comes late had to wait for the interpreter, so the
        workers may have, too: a busy thread of the user's keeps it for 5 ms at a time.
        """
        pool = self._pool
        self._late_looks = _LATE_LOOKS if self._late_s > _LATE_S else max(0, self._late_looks - 1)
        most_still = _PATIENT_LOOKS if self._late_looks else 1
        steps, used_s, all_busy = 0, 0.0, True
        workers = list(pool.draining)
        for worker in workers:
            done = worker.steps - worker.seen
            worker.seen = worker.steps
            worker.still = worker.still + 1 if worker.is_busy and not done else 0
            used = _used_s(worker, done)
            is_waiting = worker.still == most_still and backlog and used < elapsed_s / 2
            if worker.still > most_still or is_waiting:
                pool.detach(worker)
            steps += done
            used_s += used
            all_busy = all_busy and worker.is_busy
        if used_s >= elapsed_s / 2:
            return _COMPUTING
        return _BLOCKED if workers and all_busy and steps <= _FEW_STEPS * len(workers) else _NEITHER

    def _widen(self, backlog: int) -> None:
        """The workers wait, and work waits for them: let more drain.

        A monitor that comes late had to wait for the interpreter itself.  Then so may the workers, and many more of them would
        only keep each other, and the user's own thread, from it.
        """
        pool = self._pool
        most = len(pool.draining) + backlog
        if self._late_s > _LATE_S:
            most = min(most, max(pool.wanted, _MOST_WHEN_LATE))
        pool.want(min(most, pool.wanted + max(_FIRST_WIDENING, pool.wanted)))

    def _narrow(self) -> None:
        """The workers compute, or have little to do: more than one would only take the interpreter from each other."""
        self._pool.want(max(1, self._pool.wanted // 2))

    def _take_it_easy(self) -> None:
        """Nothing waits: narrow after a while, end surplus threads after a longer one, then sleep."""
        pool = self._pool
        self._easy_ticks += 1
        if self._easy_ticks >= _PATIENCE_TICKS and pool.wanted > 1:
            self._narrow()
        if self._easy_ticks % _REST_TICKS == 0:
            pool.retire((len(pool.parked) - SPARES_KEPT + 1) // 2)
            self._is_asleep = not pool.draining and len(pool.parked) <= SPARES_KEPT

    def _muster(self, backlog: int) -> list[Worker]:
        """Workers for what waits, as many as are wanted."""
        woken: list[Worker] = []
        while len(woken) < backlog and (worker := self._pool.claim()) is not None:
            woken.append(worker)
        return woken


def _used_s(worker: Worker, steps: int) -> float:
    """Processor time of the worker since the last look; a guess where the system does not tell."""
    if worker.clock is None:
        return TICK_S if steps else 0.0
    try:
        before, worker.cpu_ns = worker.cpu_ns, time.clock_gettime_ns(worker.clock)
    except OSError:  # the thread has ended, and with it its clock
        return 0.0
    return (worker.cpu_ns - before) / 1e9
