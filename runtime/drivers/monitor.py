"""The thread that watches workers: who is stuck, and whether more of them are needed.

It looks every few milliseconds while there is something to watch, and sleeps otherwise.
"""

from __future__ import annotations

import _thread
import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.drivers.pool import Worker, WorkerPool

TICK_S = 0.0025
"""How often it looks.  Twice that is the longest that an action keeps its worker while others wait."""

SPARES_KEPT = 4
"""Idle threads that stay."""

_FIRST_WIDENING = 64
_MOST_WHEN_LATE = 16
_LATE_S = 0.002
_FEW_STEPS = 16
_PATIENCE_TICKS = 2
_REST_TICKS = 40


class Monitor:
    """Watches one pool."""

    def __init__(self, pool: WorkerPool, lock: threading.Lock, at_tick: Callable[[], None], name: str) -> None:
        self._pool, self._lock, self._at_tick = pool, lock, at_tick
        self._bell = _thread.allocate_lock()
        self._bell.acquire()
        self._is_asleep = True
        self._is_stopped = False
        self._easy_ticks = 0
        """Looks in a row at which nothing waited for a worker."""
        self._looked_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        contextvars.Context().run(self._thread.start)

    def wake(self) -> None:
        """A worker begins to drain.  Needs the pool's lock."""
        if self._is_asleep:
            self._is_asleep = False
            self._bell.release()

    def stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            self.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _run(self) -> None:
        while True:
            self._bell.acquire(timeout=-1 if self._is_asleep else TICK_S)
            with self._lock:
                if self._is_stopped:
                    return
                roused = self._look()
            for worker in roused:
                self._pool.rouse(worker)
            self._at_tick()

    # -- need the lock -------------------------------------------------------------------------------------------------

    def _look(self) -> list[Worker]:
        """One tick: detach who is stuck, widen or narrow, and say whom to rouse."""
        pool = self._pool
        now = time.monotonic()
        elapsed_s, self._looked_at = now - self._looked_at, now
        backlog = pool.backlog()
        is_blocked = self._is_blocked(elapsed_s)
        for worker in list(pool.draining):
            if worker.still >= 2 or (worker.still >= 1 and is_blocked and backlog):
                pool.detach(worker)
        if not backlog:
            self._take_it_easy()
            return []
        self._easy_ticks = 0
        if is_blocked:
            self._widen(backlog, is_late=elapsed_s > TICK_S + _LATE_S)
        else:
            self._narrow()
        return self._muster(backlog)

    def _is_blocked(self, elapsed_s: float) -> bool:
        """Whether the draining workers did little since the last look because their actions wait.

        Little processor time alone would not tell: other threads and processes may have had it.  Few steps alone would not
        either: actions may compute.
        """
        steps, used_s, all_busy = 0, 0.0, True
        for worker in self._pool.draining:
            done = worker.steps - worker.seen
            worker.seen = worker.steps
            worker.still = worker.still + 1 if worker.is_busy and not done else 0
            steps += done
            used_s += _used_s(worker, done)
            all_busy = all_busy and worker.is_busy
        return all_busy and used_s < elapsed_s / 2 and steps <= _FEW_STEPS * len(self._pool.draining)

    def _widen(self, backlog: int, *, is_late: bool) -> None:
        """The workers wait, and work waits for them: let more drain.

        A monitor that comes late had to wait for the interpreter itself.  Then so may the workers, and many more of them would
        only keep each other, and the user's own thread, from it.
        """
        pool = self._pool
        most = len(pool.draining) + backlog
        most = min(most, max(pool.wanted, _MOST_WHEN_LATE)) if is_late else most
        pool.wanted = min(most, pool.wanted + max(_FIRST_WIDENING, 3 * pool.wanted))
        pool.count()

    def _narrow(self) -> None:
        """The workers compute: more than one would only take the interpreter from each other."""
        self._pool.wanted = max(1, self._pool.wanted // 2)
        self._pool.count()

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
    before, worker.cpu_ns = worker.cpu_ns, time.clock_gettime_ns(worker.clock)
    return (worker.cpu_ns - before) / 1e9
