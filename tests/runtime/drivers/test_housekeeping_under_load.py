"""Old turns go and columns are made also while something is written all the time, at a bounded cost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runtime
from runtime import Actor, action
from runtime.drivers import recorder as housekeeping_module
from runtime.drivers.recorder import SHARE, Housekeeping, Recorder
from runtime.records import RetentionMark
from runtime.stores.base import Group, Retention
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.turns import TurnHistory
from tests.runtime.drivers.steps import DEADLINE_S

KEY = bytes(range(32))
BLOCK = 2_048
KEEP = 100_000


class Load:
    """A store that is written to at a constant rate, in virtual time; each step of its housekeeping takes some of it."""

    def __init__(self, turns_per_s: float, *, cut_s: float = 0.008, seal_s: float = 0.004) -> None:
        self.rate, self.cut_s, self.seal_s = turns_per_s, cut_s, seal_s
        self.now = self.worked = 0.0
        self.gone = self.sealed = 0
        self.housekeeping = Housekeeping(
            self,  # type: ignore[arg-type]
            Retention(turns=KEEP),
            lambda: 0,
            pytest.fail,
            clock=lambda: self.now,
            work=lambda: self.worked,
        )

    @property
    def excess(self) -> int:
        return self.head() - self.gone - KEEP

    def run(self, seconds: float, *, group_s: float = 0.01) -> int:
        """So long a group comes every so often; the largest excess."""
        largest, end = 0, self.now + seconds
        while self.now < end:
            self.now += group_s
            self.housekeeping.committed()
            if self.housekeeping.is_due:
                self.housekeeping.step()
            largest = max(largest, self.excess)
        return largest

    def head(self) -> int:
        return int(self.now * self.rate)

    def retention_mark(self) -> RetentionMark:
        return RetentionMark(self.gone, 0)

    def definitions(self) -> list[Any]:
        return []

    def retain(self, retention: Retention, now_us: int) -> bool:
        if self.excess < BLOCK:
            return False
        self.gone += BLOCK
        self._take(self.cut_s)
        return True

    def seal(self) -> bool:
        if self.head() - self.sealed < 8_192:
            return False
        self.sealed += 512
        self._take(self.seal_s)
        return True

    def _take(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds


@pytest.mark.parametrize("turns_per_s", [100, 3_500, 8_000])
def test_what_is_too_much_stays_bounded_while_the_load_never_ends(turns_per_s: float) -> None:
    load = Load(turns_per_s)

    assert load.run(600) < 2 * BLOCK + turns_per_s

    assert load.worked <= SHARE * load.now * 1.01


def test_columns_are_made_while_old_turns_go_all_the_time() -> None:
    load = Load(3_500)

    load.run(600)

    assert load.head() - load.sealed < 20_000


def test_share_grows_only_when_the_journal_does() -> None:
    load = Load(20_000)

    largest = load.run(600)

    assert largest < KEEP  # which a twentieth of a core is not enough for
    assert SHARE * load.now < load.worked < 0.2 * load.now


def test_step_on_a_slow_disk_leaves_the_writer_most_of_the_time() -> None:
    load = Load(100)
    waiting = 0.0

    def slow(retention: Retention, now_us: int) -> bool:
        nonlocal waiting
        waiting += 0.5
        load.now += 0.5
        return True

    load.housekeeping._tasks.clear()
    load.housekeeping._tasks.append(lambda: slow(Retention(), 0))
    began = load.now
    load.run(60)

    assert 0 < waiting <= (load.now - began) / 3


class Steps:
    """What is to be done, which never ends."""

    def __init__(self) -> None:
        self.has_more, self.is_due = True, True
        self.taken = threading.Semaphore(0)

    def step(self) -> None:
        self.taken.release()

    def committed(self) -> None:
        pass


def test_recorder_that_is_never_idle_takes_steps_all_the_same() -> None:
    past, steps, is_over = TurnHistory(), Steps(), threading.Event()
    store = open_store("memory://", key=KEY)
    recorder = Recorder(
        store,
        has_work=lambda: not is_over.is_set(),
        take_group=lambda: None if is_over.is_set() else Group(turns=past.batch(1, "a")),
        committed=lambda: None,
        failed=pytest.fail,
        corrected=pytest.fail,  # type: ignore[arg-type]
        noted=pytest.fail,
        interval_s=0.001,
        checkpoint_s=0.05,
        name="recorder",
        housekeeping=steps,  # type: ignore[arg-type]
    )
    recorder.start()
    try:
        for _ in range(10):
            assert steps.taken.acquire(timeout=DEADLINE_S), "no step was taken while there was something to write"
    finally:
        is_over.set()
        assert recorder.stop(DEADLINE_S)


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self) -> int:
        self.total += 1
        return self.total


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind with fewer turns than at work, so that a busy machine under test sees it too."""
    monkeypatch.setattr(housekeeping_module, "_FEWEST_BEHIND", 4_000)


def put_on(load: EmbeddedSystem, until: Callable[[], bool]) -> int:
    """Calls one after the other, without a pause, until it is so; the most turns that there were at once."""
    most = 0
    for number in range(400_000):
        load.invoke("counter", "add", {})
        if number % 500 == 0:
            most = max(most, load.store.head() - load.store.retention_mark().gone)
            if until():
                return most
    raise AssertionError(f"after {load.store.head():,} turns, {load.store.retention_mark().gone:,} are gone")


def test_turns_go_in_a_real_store_under_a_load_without_pauses(tmp_path: Path, quick: None) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with runtime.embedded(store=url, key=KEY, keep_turns=5_000, checkpoint_interval_ms=200) as system:
        system.deploy(Counter)

        most = put_on(system, lambda: system.store.retention_mark().gone >= 120_000)

        assert most < 250_000  # of up to 400,000; some 20,000 on a machine that does nothing else
        assert system.invoke("counter", "add", {}) > 120_000


def test_limits_of_single_actors_hold_in_a_real_store_under_load(tmp_path: Path, quick: None) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with runtime.embedded(store=url, key=KEY, keep_revisions=100, checkpoint_interval_ms=200) as system:
        system.deploy(Counter)

        put_on(system, lambda: system.store.retention_mark().changes >= 2)  # two looks at the whole journal

        assert sum(map(len, system.store.turns())) < system.store.head()


def test_columns_are_made_in_a_real_store_under_load(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with runtime.embedded(store=url, key=KEY, checkpoint_interval_ms=200) as system:
        system.deploy(Counter)
        backend = system.store._backend  # type: ignore[attr-defined]

        put_on(system, lambda: len(backend.sealed_ranges(0, 10)) >= 2)
