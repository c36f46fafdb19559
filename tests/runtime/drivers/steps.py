"""A driver as small as can be, to test the pool by itself: callables in a queue."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from runtime.drivers.worker_pool import Worker, WorkerPool

Step = Callable[[], object]

DEADLINE_S = 120.0


def wait_until(claim: Callable[[], object], what: str) -> None:
    """Come back once `claim()` holds; fail, saying what did not happen, when it takes too long."""
    pause = threading.Event()
    for _ in range(round(DEADLINE_S / 0.002)):
        if claim():
            return
        pause.wait(0.002)
    raise AssertionError(f"within {DEADLINE_S:g} s not: {what}")


class Steps:
    """Runs what is added, in order, on a pool of its own."""

    def __init__(self, name: str = "test-action") -> None:
        self.lock = threading.Lock()
        self.waiting: deque[Step] = deque()
        self.pool = WorkerPool(self.lock, self._drain, lambda: len(self.waiting), name, lambda: None)
        self.threads: set[int] = set()
        self.local = threading.local()

    def add(self, *steps: Step) -> None:
        with self.lock:
            self.waiting.extend(steps)
            worker = self.pool.claim() if self.waiting else None
        if worker is not None:
            self.pool.wake(worker)

    def worker(self) -> Worker:
        """The worker that runs the step that asks."""
        worker: Worker = self.local.worker
        return worker

    def _drain(self, worker: Worker) -> None:
        self.local.worker = worker
        self.threads.add(threading.get_ident())
        while (step := self._next(worker)) is not None:
            step()

    def _next(self, worker: Worker) -> Step | None:
        with self.lock:
            worker.steps += 1
            may_drain = not worker.is_detached or self.pool.takes_back(worker)
            step = self.waiting.popleft() if may_drain and self.waiting else None
            worker.is_busy = step is not None
            if step is not None:
                return step
            self.pool.park(worker)
            another = self.pool.claim() if self.waiting else None
        if another is not None:
            self.pool.wake(another)
        return None


class Held:
    """A step that blocks until it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self._may_end = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> None:
        self.began.set()
        assert self._may_end.wait(DEADLINE_S), "a held step was never let go"
        self.ended.set()

    def let_go(self) -> None:
        self._may_end.set()
