"""What the monitor makes of what it sees: one look at a time, without threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from runtime.drivers import worker_pool as monitor_module
from runtime.drivers.service import Problems
from runtime.drivers.worker_pool import SPARES_KEPT, TICK_S, Monitor, Worker, WorkerPool


class Watched:
    """A pool whose workers do what a test says, and its monitor, looked through by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.backlog = 0
        self.crowded: list[bool] = []
        lock = threading.Lock()
        self.pool = WorkerPool(lock, lambda _: None, lambda: self.backlog, "test", lambda: None, self.crowded.append)
        self.monitor = self.pool._monitor = Monitor(self.pool, lock, lambda: None, "test-monitor", Problems())
        self.used_s: dict[int, float] = {}
        self._now = time.monotonic()
        monkeypatch.setattr(monitor_module, "_used_s", lambda worker, _: self.used_s.get(worker.number, 0.0))
        monkeypatch.setattr(monitor_module.time, "monotonic", lambda: self._now)  # type: ignore[attr-defined]

    def worker(self) -> Worker:
        """One that is in a step."""
        worker = self.pool.claim()
        assert worker is not None
        worker.is_busy = True
        return worker

    def look(self, *, steps: int = 0, used_s: float = 0.0) -> list[Worker]:
        """A look after a tick in which every worker did so many steps and used so much processor time."""
        for worker in self.pool.draining:
            worker.steps += steps
            self.used_s[worker.number] = used_s
        self._now += TICK_S
        self.monitor._bell.acquire(blocking=False)  # as its thread does before it looks
        return self.monitor._look()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def until(look: Callable[[], Any], claim: Callable[[], bool]) -> int:
    """How many looks it takes."""
    for number in range(1, 500):
        look()
        if claim():
            return number
    raise AssertionError("500 looks changed nothing")


def test_worker_stuck_while_others_wait_is_detached_at_the_second_look(watched: Watched) -> None:
    worker = watched.worker()
    watched.backlog = 1
    watched.look(steps=1, used_s=TICK_S)
    assert not worker.is_detached

    woken = watched.look()

    assert worker.is_detached
    assert len(woken) == 1


def test_worker_that_computes_long_is_detached_a_look_later(watched: Watched) -> None:
    worker = watched.worker()
    watched.backlog = 1
    watched.look(steps=1, used_s=TICK_S)
    watched.look(used_s=TICK_S)
    assert not worker.is_detached

    watched.look(used_s=TICK_S)

    assert worker.is_detached


def test_short_blocking_steps_widen_the_pool_at_once(watched: Watched) -> None:
    watched.worker()
    watched.backlog = 40

    woken = watched.look(steps=2)

    assert len(woken) == 40
    assert watched.crowded == [True]


def test_quick_steps_do_not_widen_the_pool_even_without_processor_time(watched: Watched) -> None:
    watched.worker()
    watched.backlog = 40

    assert watched.look(steps=100) == []


def test_computing_steps_narrow_a_wide_pool(watched: Watched) -> None:
    watched.worker()
    watched.backlog = 40
    watched.look(steps=1)

    until(lambda: watched.look(steps=1, used_s=TICK_S), lambda: watched.pool.wanted == 1)

    assert watched.crowded[-1] is False


def test_late_monitor_does_not_take_waiting_for_the_interpreter_for_blocking(watched: Watched) -> None:
    worker = watched.worker()
    watched.backlog = 400
    watched.monitor._late_s = 0.005

    woken = [watched.look(steps=steps) for steps in (0, 9, 0, 300, 0, 0, 12, 0)]

    assert not any(woken)
    assert watched.pool.draining == [worker]


def test_punctual_look_after_late_ones_is_still_careful(watched: Watched) -> None:
    worker = watched.worker()
    watched.backlog = 400
    watched.monitor._late_s = 0.005
    watched.look(steps=0)
    watched.monitor._late_s = 0.0

    watched.look(steps=0)

    assert watched.pool.draining == [worker]


def test_late_monitor_widens_little_and_only_after_a_while(watched: Watched) -> None:
    watched.worker()
    watched.backlog = 400
    watched.monitor._late_s = 0.01

    woken = [len(watched.look(steps=1)) for _ in range(7)]

    assert woken[:-1] == [0] * 6
    assert 0 < woken[-1] <= 16


def test_pool_narrows_when_nothing_waits(watched: Watched) -> None:
    watched.worker()
    watched.backlog = 200
    watched.look(steps=1)
    watched.backlog = 0

    assert until(watched.look, lambda: watched.pool.wanted == 1) < 20


def test_monitor_sleeps_once_nobody_drains_and_few_are_parked(watched: Watched) -> None:
    workers = [watched.worker()]
    watched.backlog = 30
    workers += watched.look(steps=1)
    watched.backlog = 0
    for worker in workers:
        watched.pool.park(worker)

    until(watched.look, lambda: watched.monitor._is_asleep)

    assert watched.pool.size <= SPARES_KEPT
    assert all(worker.is_retired for worker in workers if worker not in watched.pool.parked)


def test_claim_wakes_a_sleeping_monitor(watched: Watched) -> None:
    watched.pool.park(watched.worker())
    until(watched.look, lambda: watched.monitor._is_asleep)

    watched.pool.claim()

    assert not watched.monitor._is_asleep
