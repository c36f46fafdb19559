"""The worker processes of `TaskHost`: none at rest, as many as turns ask for up to a limit, gone when idle for long.

What a library does and what is done here.  loky starts a clean process from any thread of a notebook (without importing its
`__main__`, as the standard library would), brings cloudpickle, and kills a process with all it started.  No pool that is kept
both ends one call's process alone and shrinks to nothing: loky's and the standard library's executors lose all workers with
one, pebble kills one but keeps a fixed number alive and looks at them ten times a second, deadpool begins with all of them and
runs on Linux only.  So each worker is a process of loky's, and which one gets the next turn is decided here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future

import msgspec

from runtime.errors import HostFailed, SystemStopped
from runtime.hosts.task_process import WorkerProcess


class TaskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers, and how long they may take.  Seconds; Spawn's own defaults, but for the number."""

    workers: int = 4
    """At most; further turns wait for one."""
    idle_s: float = 60.0
    """A worker without a turn for so long is ended."""
    boot_s: float = 180.0
    """For a new process to report."""
    call_s: float | None = None
    """For one turn; its worker is killed then.  None for as long as it takes."""


class TaskPool:
    """Hands out workers, one turn to each.  Any thread."""

    def __init__(self, limits: TaskLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        """The one that worked last is last, and taken first: so the others grow old."""
        self._busy: set[WorkerProcess] = set()
        self._booting = 0
        self._wanted: deque[Future[WorkerProcess]] = deque()
        self._generation = 0
        self._janitor: threading.Timer | None = None
        self._is_closed = False

    def take(self) -> Future[WorkerProcess]:
        """A worker of one's own, when one is free.  Its exception: `HostFailed` (it did not start), `SystemStopped`."""
        found: Future[WorkerProcess] = Future()
        with self._lock:
            if self._is_closed:
                found.set_exception(SystemStopped("tasks"))
                return found
            if (worker := self._next_idle()) is not None:
                self._busy.add(worker)
                found.set_result(worker)
                return found
            self._wanted.append(found)
            self._boot_as_needed()
        return found

    def give_back(self, worker: WorkerProcess) -> None:
        """The turn is over; a worker that is not fit for another one is ended."""
        with self._lock:
            self._busy.discard(worker)
            is_fit = not (worker.is_over or self._is_closed or worker.generation != self._generation)
            if is_fit:
                self._hand_over(worker)
            else:
                self._boot_as_needed()
        if not is_fit:
            worker.end_soon()

    def renew(self) -> None:
        """No worker of before takes another turn: modules that they imported may have changed since."""
        with self._lock:
            self._generation += 1
            stale, self._idle = self._idle, []
        for worker in stale:
            worker.end_soon()

    def close(self) -> None:
        """End every worker, also those that work.  Safe to call twice."""
        with self._lock:
            self._is_closed = True
            workers, self._idle, self._busy = [*self._idle, *self._busy], [], set()
            wanted, self._wanted = self._wanted, deque()
            if self._janitor is not None:
                self._janitor.cancel()
        for waiting in wanted:
            if waiting.set_running_or_notify_cancel():
                waiting.set_exception(SystemStopped("tasks"))
        for worker in workers:
            worker.end()

    @property
    def size(self) -> int:
        """Processes that there are, busy or idle."""
        return len(self._idle) + len(self._busy)

    # -- with the lock held --------------------------------------------------------------------------------------------

    def _next_idle(self) -> WorkerProcess | None:
        while self._idle:
            if not (worker := self._idle.pop()).is_over:
                return worker
        return None

    def _boot_as_needed(self) -> None:
        room = self._limits.workers - len(self._idle) - len(self._busy) - self._booting
        for _ in range(min(room, len(self._wanted) - self._booting)):
            self._booting += 1
            threading.Thread(target=self._boot, args=(self._generation,), name="wb-task-boot", daemon=True).start()

    def _hand_over(self, worker: WorkerProcess) -> None:
        while self._wanted:
            waiting = self._wanted.popleft()
            if waiting.set_running_or_notify_cancel():
                self._busy.add(worker)
                waiting.set_result(worker)
                return
        worker.idle_since = time.monotonic()
        self._idle.append(worker)
        self._watch_idle()

    def _watch_idle(self) -> None:
        if self._janitor is None and self._idle:
            wait_s = max(0.0, self._idle[0].idle_since + self._limits.idle_s - time.monotonic())
            self._janitor = threading.Timer(wait_s, self._end_idle)
            self._janitor.daemon = True
            self._janitor.start()

    # -- threads of their own ------------------------------------------------------------------------------------------

    def _boot(self, generation: int) -> None:
        worker: WorkerProcess | None = None
        problem = ""
        try:
            worker = WorkerProcess()
            worker.generation = generation
            if not worker.wait_until_ready(self._limits.boot_s):
                problem = f"it did not report within {self._limits.boot_s:g} s"
        except Exception as error:  # noqa: BLE001 - whatever the system says; whoever waits has to know
            problem = f"{type(error).__name__}: {error}"
        with self._lock:
            self._booting -= 1
            if not problem and worker is not None and not self._is_closed and generation == self._generation:
                self._hand_over(worker)
                return
            waiting = self._wanted.popleft() if problem and self._wanted else None
            self._boot_as_needed()
        if worker is not None:
            worker.end()
        if waiting is not None and waiting.set_running_or_notify_cancel():
            waiting.set_exception(HostFailed(f"A worker process for tasks could not be started: {problem}."))

    def _end_idle(self) -> None:
        with self._lock:
            self._janitor = None
            before = time.monotonic() - self._limits.idle_s
            old = [worker for worker in self._idle if worker.idle_since <= before or worker.is_over]
            self._idle = [worker for worker in self._idle if worker not in old]
            self._watch_idle()
        for worker in old:
            worker.end()
