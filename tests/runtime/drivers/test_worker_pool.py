"""The workers by themselves: who blocks delays nobody, threads come and go, nothing is lost."""

from __future__ import annotations

import _thread
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from runtime.drivers import worker_pool as pool_module
from runtime.drivers.worker_pool import SPARES_KEPT
from tests.runtime.drivers.steps import DEADLINE_S, Held, Steps, wait_until


@pytest.fixture
def steps() -> Iterator[Steps]:
    running = Steps()
    running.pool.start()
    yield running
    running.pool.stop()


@pytest.fixture
def held() -> Iterator[Callable[[int], list[Held]]]:
    """Makes steps that block, and lets go of all of them at the end."""
    made: list[Held] = []

    def make(count: int) -> list[Held]:
        made.extend(Held() for _ in range(count))
        return made[-count:]

    yield make
    for each in made:
        each.let_go()


def test_one_worker_runs_quick_steps_in_order(steps: Steps) -> None:
    done: list[int] = []

    steps.add(*(lambda number=number: done.append(number) for number in range(1_000)))  # type: ignore[misc]
    wait_until(lambda: len(done) == 1_000, "the quick steps ran")

    assert done == list(range(1_000))
    assert len(steps.threads) == 1


def test_no_step_runs_in_the_thread_that_adds_it(steps: Steps) -> None:
    ran_in: list[int] = []

    steps.add(lambda: ran_in.append(threading.get_ident()))
    wait_until(lambda: ran_in, "the step ran")

    assert ran_in != [threading.get_ident()]


def test_stuck_step_delays_nobody(steps: Steps, held: Callable[[int], list[Held]]) -> None:
    stuck, other = *held(1), threading.Event()

    steps.add(stuck, other.set)

    assert other.wait(DEADLINE_S), "the other step waited for the stuck one"
    assert not stuck.ended.is_set()


def test_two_hundred_stuck_steps_delay_nobody(steps: Steps, held: Callable[[int], list[Held]]) -> None:
    stuck, other = held(200), threading.Event()

    steps.add(*stuck, other.set)

    assert other.wait(DEADLINE_S), "the other step waited for the stuck ones"
    assert all(each.began.is_set() and not each.ended.is_set() for each in stuck)


def test_short_blocking_steps_get_more_workers(steps: Steps) -> None:
    pause, done = threading.Event(), list[int]()

    def block_shortly() -> None:
        pause.wait(0.001)
        done.append(threading.get_ident())

    steps.add(*(block_shortly for _ in range(400)))
    wait_until(lambda: len(done) == 400, "the blocking steps ran")

    assert len(set(done)) > 8


def test_computing_steps_get_no_more_workers(steps: Steps) -> None:
    done: list[int] = []

    def compute() -> None:
        done.append(sum(range(3_000)))

    steps.add(*(compute for _ in range(1_000)))
    wait_until(lambda: len(done) == 1_000, "the computing steps ran")

    assert len(steps.threads) <= 4


def test_known_wait_frees_its_worker_without_the_monitor(held: Callable[[int], list[Held]]) -> None:
    steps, (stuck,), other = Steps(), held(1), threading.Event()

    def wait_for_another() -> None:
        steps.pool.yield_slot(steps.worker())
        stuck()

    steps.add(wait_for_another, other.set)

    assert other.wait(DEADLINE_S), "nobody took over from the step that said that it would wait"
    stuck.let_go()
    steps.pool.stop()


def test_surplus_threads_end_when_the_rush_is_over(steps: Steps, held: Callable[[int], list[Held]]) -> None:
    stuck = held(50)
    steps.add(*stuck)
    wait_until(lambda: all(each.began.is_set() for each in stuck), "all blocking steps began")

    for each in stuck:
        each.let_go()

    wait_until(lambda: steps.pool.size <= SPARES_KEPT, "surplus threads ended")


def test_spare_threads_are_used_again(steps: Steps, held: Callable[[int], list[Held]]) -> None:
    for _ in range(20):
        first, second = held(2)
        steps.add(first, second)
        wait_until(second.began.is_set, "the second of two blocking steps began")
        first.let_go()
        second.let_go()
        wait_until(lambda: len(steps.pool.parked) == steps.pool.size, "the workers parked")

    assert steps.pool.size <= SPARES_KEPT


def test_stop_ends_every_thread(held: Callable[[int], list[Held]]) -> None:
    steps, stuck = Steps("ending"), held(10)
    steps.pool.start()
    steps.add(*stuck)
    wait_until(lambda: all(each.began.is_set() for each in stuck), "all blocking steps began")

    steps.pool.stop()
    for each in stuck:
        each.let_go()

    wait_until(lambda: steps.pool.size == 0, "the threads ended")
    wait_until(lambda: not any(t.name == "ending-monitor" for t in threading.enumerate()), "the monitor ended")


def test_failing_step_costs_no_other_one(steps: Steps, caplog: pytest.LogCaptureFixture) -> None:
    other = threading.Event()

    with caplog.at_level(logging.ERROR, logger="runtime.drivers.worker_pool"):
        steps.add(lambda: 1 / 0, other.set)

        assert other.wait(DEADLINE_S), "the step after a failing one did not run"
        wait_until(lambda: "ZeroDivisionError" in caplog.text, "the failure was logged")


def test_thread_that_cannot_start_is_tried_again(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    start, refusals, other = _thread.start_new_thread, [1, 2, 3], threading.Event()

    def start_or_refuse(*arguments: object) -> int:
        if refusals:
            refusals.pop()
            raise RuntimeError("can't start new thread")
        return start(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(_thread, "start_new_thread", start_or_refuse)
    steps.add(other.set)

    assert other.wait(DEADLINE_S), "the step was forgotten after its thread could not be started"
    assert not refusals


def test_threads_are_limited_and_the_rest_waits(
    steps: Steps, held: Callable[[int], list[Held]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "MOST_WORKERS", 3)
    stuck, other = held(3), threading.Event()
    steps.add(*stuck, other.set)
    wait_until(lambda: all(each.began.is_set() for each in stuck), "the blocking steps began")
    assert (steps.pool.size, other.is_set()) == (3, False)

    stuck[0].let_go()

    assert other.wait(DEADLINE_S), "the step that had to wait for a thread never ran"


@pytest.mark.parametrize("seed", range(3))
def test_steps_from_many_threads_run_once_each(steps: Steps, seed: int) -> None:
    ran: Counter[int] = Counter()
    counting = threading.Lock()

    def step(number: int, pause_s: float, tells: bool) -> None:
        if tells:
            steps.pool.yield_slot(steps.worker())
        if pause_s:
            threading.Event().wait(pause_s)
        with counting:
            ran[number] += 1

    def add(first: int) -> None:
        chance = random.Random(seed * 1_000 + first)
        for number in range(first, first + 250):
            pause_s = chance.choice([0.0] * 12 + [0.0002, 0.002, 0.008])
            steps.add(partial(step, number, pause_s, chance.random() < 0.1))

    adding = [threading.Thread(target=add, args=(first,)) for first in range(0, 2_000, 250)]
    for each in adding:
        each.start()
    for each in adding:
        each.join()
    wait_until(lambda: len(ran) == 2_000, "every step ran")

    assert set(ran.values()) == {1}
    wait_until(lambda: not steps.pool.draining and not steps.pool.detached, "the workers came to rest")
    wait_until(lambda: steps.pool.size <= SPARES_KEPT, "surplus threads ended")


def test_only_a_step_that_runs_can_be_marked_to_be_ended(steps: Steps, held: Callable[[int], list[Held]]) -> None:
    (stuck,) = held(1)

    assert steps.pool.mark(stuck) is None
    assert steps.pool.ident_of(stuck) == 0
