"""The thread that watches workers: who is stuck, and whether more of them are needed.

It looks every few milliseconds while there is something to watch, and sleeps otherwise.
"""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.drivers.service import Problems, ServiceThread

if TYPE_CHECKING:
    from runtime.drivers.pool import Worker, WorkerPool

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
                roused = self._look()
            for number, worker in enumerate(roused):
                self._pool.rouse(worker)
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
        roused: list[Worker] = []
        while len(roused) < backlog and (worker := self._pool.claim()) is not None:
            roused.append(worker)
        return roused


def _used_s(worker: Worker, steps: int) -> float:
    """Processor time of the worker since the last look; a guess where the system does not tell."""
    if worker.clock is None:
        return TICK_S if steps else 0.0
    try:
        before, worker.cpu_ns = worker.cpu_ns, time.clock_gettime_ns(worker.clock)
    except OSError:  # the thread has ended, and with it its clock
        return 0.0
    return (worker.cpu_ns - before) / 1e9
