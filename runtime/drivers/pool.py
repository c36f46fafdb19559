"""The threads that run plain actions: usually one, and as many more as there are that block.

One worker drains the ready actors, one message each, without a hand-over per message.  When an action takes long, a monitor
detaches its worker and another goes on; when many short actions block one after the other, it widens.  So an action that
waits (for a socket, for `time.sleep`) delays no other actor for long, and an actor that computes costs no thread hops.
Measurements and the traps of this design: `performance.md` §11.

All state here is guarded by the driver's lock, which `drain` and the callers of `claim` hold.
"""

from __future__ import annotations

import _thread
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_S = 0.0025
"""How often the monitor looks.  Twice that is the longest an action keeps its worker while others wait."""

MOST_WORKERS = 1024
SPARES_KEPT = 4
_ASLEEP_AFTER_TICKS = 40
_WIDEN_BY = 64


class Worker:
    """One thread of the pool."""

    __slots__ = ("clock", "cpu_ns", "is_busy", "is_detached", "seen", "steps", "still", "wake")

    def __init__(self) -> None:
        self.wake = _thread.allocate_lock()
        self.wake.acquire()
        self.is_detached = False
        """Stuck in an action: no longer counted as draining."""
        self.is_busy = False
        self.steps = 0
        self.seen = -1
        self.still = 0
        """Ticks without a finished step."""
        self.clock: int | None = None
        self.cpu_ns = 0


class WorkerPool:
    """Workers that call `drain(worker)`, which runs steps until `park` says that there is nothing left."""

    def __init__(
        self,
        lock: threading.Lock,
        drain: Callable[[Worker], None],
        backlog: Callable[[], int],
        name: str,
        at_tick: Callable[[], None],
    ) -> None:
        self._lock, self._drain, self._backlog, self._name, self._at_tick = lock, drain, backlog, name, at_tick
        self._spares: list[Worker] = []
        self._draining: list[Worker] = []
        self._count = 0
        self._wanted = 1
        self._is_stopped = False
        self._monitor_wake = threading.Event()
        self._monitor_sleeps = True
        self._monitor: threading.Thread | None = None

    # -- called with the lock held -------------------------------------------------------------------------------------

    def claim(self) -> Worker | None:
        """A spare worker to wake because there is work and too few drain it; release its `wake` outside the lock."""
        if len(self._draining) >= self._wanted or self._is_stopped:
            return None
        if self._monitor_sleeps:
            self._monitor_sleeps = False
            self._monitor_wake.set()
        if not self._spares:
            self._start_worker()
            return None
        worker = self._spares.pop()
        self._draining.append(worker)
        worker.still = 0
        return worker

    def park(self, worker: Worker) -> None:
        """The worker found nothing to do."""
        worker.is_busy = False
        if not worker.is_detached:
            self._draining.remove(worker)
        worker.is_detached = False
        self._spares.append(worker)

    def must_park(self, worker: Worker) -> bool:
        """Whether a worker that comes back from a long action is no longer needed; if it is, it drains again."""
        if not worker.is_detached:
            return False
        if len(self._draining) >= self._wanted:
            return True
        worker.is_detached = False
        worker.still = 0
        self._draining.append(worker)
        return False

    # -- called without the lock ---------------------------------------------------------------------------------------

    @contextmanager
    def blocking(self, worker: Worker | None) -> Iterator[None]:
        """Around a wait inside an action that is known to block: others go on at once, not at the monitor's next look."""
        if worker is not None:
            with self._lock:
                self._detach(worker)
                another = self.claim() if self._backlog() else None
            if another is not None:
                another.wake.release()
        yield

    def start(self) -> None:
        with self._lock:
            self._start_worker()
        self._monitor = threading.Thread(target=self._watch, name=f"{self._name}-monitor", daemon=True)
        contextvars.Context().run(self._monitor.start)

    def stop(self) -> None:
        """End the threads that are idle; one that is stuck in an action ends when the action does."""
        with self._lock:
            self._is_stopped = True
            spares, self._spares = self._spares, []
        for worker in spares:
            worker.wake.release()
        self._monitor_wake.set()
        if self._monitor is not None and self._monitor is not threading.current_thread():
            self._monitor.join(1.0)

    @property
    def is_stopped(self) -> bool:
        return self._is_stopped

    @property
    def size(self) -> int:
        """Threads that exist, busy or idle."""
        return self._count

    # -- the threads ---------------------------------------------------------------------------------------------------

    def _start_worker(self) -> None:
        """A new thread, draining from its start.  Not `threading.Thread`, whose start waits for the new thread."""
        if self._count >= MOST_WORKERS:
            return
        worker = Worker()
        self._count += 1
        self._draining.append(worker)
        context = contextvars.Context()
        _thread.start_new_thread(context.run, (self._live, worker))

    def _live(self, worker: Worker) -> None:
        threading.current_thread().name = f"{self._name}-{self._count}"
        if hasattr(time, "pthread_getcpuclockid"):
            worker.clock = time.pthread_getcpuclockid(threading.get_ident())
        try:
            while not self._is_stopped:
                self._drain(worker)
                if self._retire(worker):
                    return
                worker.wake.acquire()
        finally:
            self._count -= 1

    def _retire(self, worker: Worker) -> bool:
        """Whether this idle thread is one too many."""
        if len(self._spares) <= SPARES_KEPT and not self._is_stopped:
            return False
        with self._lock:
            if len(self._spares) > SPARES_KEPT and worker in self._spares:
                self._spares.remove(worker)
                return True
            return self._is_stopped

    def _watch(self) -> None:
        quiet = 0
        while not self._is_stopped:
            self._monitor_wake.wait(TICK_S if not self._monitor_sleeps else None)
            self._monitor_wake.clear()
            with self._lock:
                woken = self._look()
                quiet = quiet + 1 if not self._draining else 0
                if quiet > _ASLEEP_AFTER_TICKS:
                    self._monitor_sleeps, quiet = True, 0
            for worker in woken:
                worker.wake.release()
            self._at_tick()

    def _look(self) -> list[Worker]:
        """One tick: detach who is stuck, widen or narrow, and say whom to wake."""
        backlog = self._backlog()
        all_blocked = bool(self._draining)
        for worker in list(self._draining):
            blocked = self._is_blocked(worker)
            all_blocked = all_blocked and blocked
            if worker.still >= 2 or (worker.still >= 1 and blocked and backlog):
                self._detach(worker)
        if all_blocked and backlog:
            self._wanted = min(backlog, self._wanted + _WIDEN_BY)
        elif self._wanted > 1 and not backlog:
            self._wanted = max(1, self._wanted // 2)
        return self._muster(backlog)

    def _muster(self, backlog: int) -> list[Worker]:
        woken: list[Worker] = []
        for _ in range(backlog):
            before = len(self._draining)
            worker = self.claim()
            if worker is not None:
                woken.append(worker)
            elif len(self._draining) == before:
                break
        return woken

    def _is_blocked(self, worker: Worker) -> bool:
        """Whether the worker, being in an action, used less than half of the time since the last tick."""
        if not worker.is_busy:
            return False
        worker.still = worker.still + 1 if worker.seen == worker.steps else 0
        worker.seen = worker.steps
        if worker.clock is None:
            return worker.still > 0
        before, worker.cpu_ns = worker.cpu_ns, time.clock_gettime_ns(worker.clock)
        return worker.cpu_ns - before < TICK_S * 0.5e9

    def _detach(self, worker: Worker) -> None:
        if not worker.is_detached and worker in self._draining:
            worker.is_detached = True
            self._draining.remove(worker)
