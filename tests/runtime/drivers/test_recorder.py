"""Group commit, and a store that fails: nothing that was answered is lost, and callers are told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from runtime import Actor, action, errors
from runtime.config import Durability, RuntimeConfig
from runtime.drivers.recorder import Recorder
from runtime.records import EventKind
from runtime.stores.base import Group, flatten
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.drivers.steps import DEADLINE_S, wait_until


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


class Careful(Counter, name="careful", durability=Durability.COMMIT):
    pass


class Fragile:
    """A store that refuses a number of commits, or blocks them."""

    def __init__(self) -> None:
        self._inner = open_store("memory://", key=bytes(32))
        self.refusals = 0
        self.attempts = 0
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.groups: list[int] = []

    def commit(self, group: Group) -> None:
        assert self.may_commit.wait(DEADLINE_S), "the store was never let go on"
        self.attempts += 1
        if self.refusals:
            self.refusals -= 1
            raise errors.StoreUnavailable("Cannot write to memory://: the disk is full.")
        self._inner.commit(group)
        self.groups.append(len(group.turns))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.fixture
def store() -> Fragile:
    return Fragile()


@pytest.fixture
def system(store: Fragile) -> Iterator[EmbeddedSystem]:
    running = EmbeddedSystem(RuntimeConfig(system="test", timeout_s=DEADLINE_S), store)
    running.deploy(Counter)
    running.deploy(Careful)
    running.flush()
    yield running
    store.refusals = 0
    store.may_commit.set()
    running.close()


def add(system: EmbeddedSystem, count: int = 1, actor: str = "counter") -> None:
    for _ in range(count):
        system.invoke(actor, "add", {"value": 1})


def add_and_fail(system: EmbeddedSystem, store: Fragile, count: int) -> None:
    """So many answered turns, whose group then cannot be written."""
    store.may_commit.clear()
    add(system, count)
    store.refusals = 1_000
    store.may_commit.set()
    wait_until(lambda: system.status().store_error, "the failure was noticed")


def test_turns_that_come_during_a_commit_go_together(system: EmbeddedSystem, store: Fragile) -> None:
    store.may_commit.clear()
    add(system, 50)
    store.may_commit.set()
    system.flush()

    assert sum(store.groups[-2:]) == 50


def test_failed_group_is_tried_again_until_it_is_written(system: EmbeddedSystem, store: Fragile) -> None:
    store.refusals = 3
    add(system)

    wait_until(lambda: system.status().committed == system.status().sequence == 1, "the group was written")

    assert [turn.response is not None for turn in flatten(store.turns())] == [True]


def test_new_calls_are_refused_with_the_count_while_the_store_fails(system: EmbeddedSystem, store: Fragile) -> None:
    add_and_fail(system, store, 3)

    with pytest.raises(errors.StoreUnavailable, match=r"(?s)disk is full.*3 answered turns are not on disk"):
        add(system)


def test_calls_work_again_when_the_store_does(system: EmbeddedSystem, store: Fragile) -> None:
    feed = system.subscribe()
    add_and_fail(system, store, 3)

    store.refusals = 0
    wait_until(lambda: not system.status().store_error, "the recovery was noticed")
    add(system)
    system.flush()

    kinds = [event.kind for event in feed.drain()]
    assert kinds.index(EventKind.STORE_FAILED) < kinds.index(EventKind.STORE_RECOVERED)
    assert [turn.sequence for turn in flatten(store.turns())] == [1, 2, 3, 4]


def test_commit_reply_is_held_back_while_the_store_fails(system: EmbeddedSystem, store: Fragile) -> None:
    store.may_commit.clear()
    answered = threading.Event()
    asking = threading.Thread(target=lambda: (add(system, actor="careful"), answered.set()))
    asking.start()
    wait_until(lambda: system.status().sequence == 1, "the turn ended")
    store.refusals = 1_000
    store.may_commit.set()
    wait_until(lambda: system.status().store_error, "the failure was noticed")
    assert not answered.is_set()

    store.refusals = 0
    asking.join(DEADLINE_S)

    assert answered.is_set()
    assert system.status().committed == 1


def test_callers_at_commit_share_commits(system: EmbeddedSystem, store: Fragile) -> None:
    store.may_commit.clear()
    asking = [threading.Thread(target=add, args=(system, 1, "careful")) for _ in range(16)]
    for each in asking:
        each.start()
    wait_until(lambda: system.status().sequence == 16, "the turns ended")
    before = store.attempts
    store.may_commit.set()
    for each in asking:
        each.join(DEADLINE_S)

    assert store.attempts - before <= 2


@pytest.mark.parametrize(("count", "said"), [(1, "1 answered turn is"), (2, "2 answered turns are")])
def test_flush_says_how_many_turns_are_missing(system: EmbeddedSystem, store: Fragile, count: int, said: str) -> None:
    add_and_fail(system, store, count)

    with pytest.raises(errors.StoreUnavailable, match=f"{said} not yet on disk"):
        system.flush(timeout=0.1)


def test_unexpected_error_of_a_store_loses_nothing(system: EmbeddedSystem, store: Fragile) -> None:
    broken = [OSError("the cable was pulled")]
    commit = store._inner.commit

    def pulled(group: Group) -> None:
        if broken:
            raise broken.pop()
        commit(group)

    store._inner.commit = pulled  # type: ignore[method-assign]
    add(system)
    system.flush()

    assert [turn.sequence for turn in flatten(store.turns())] == [1]


def test_checkpoint_that_meets_damage_is_said_and_turns_go_on(store: Fragile, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> bool:
        raise errors.StoreDamaged("a row is damaged")

    monkeypatch.setattr(store._inner, "checkpoint", damaged)
    with EmbeddedSystem(RuntimeConfig(system="test", checkpoint_interval_ms=1), store) as system:
        system.deploy(Counter)
        add(system)
        wait_until(lambda: system.status().problems, "the damage was said")
        add(system)
        system.flush()
        status = system.status()

    assert (status.problems, status.store_error, status.committed) == (("a row is damaged",), "", 2)


def test_closing_waits_for_a_store_that_comes_back(store: Fragile) -> None:
    system = EmbeddedSystem(RuntimeConfig(system="test"), store)
    system.deploy(Counter)
    store.may_commit.clear()  # so that the store does not fail before the last call was answered
    add(system, 5)
    store.refusals = 2
    store.may_commit.set()

    system.close()

    assert store._inner.head() == 5


def test_closing_says_what_could_not_be_written(store: Fragile, monkeypatch: pytest.MonkeyPatch) -> None:
    system = EmbeddedSystem(RuntimeConfig(system="test"), store)
    stop = system.driver.stop
    monkeypatch.setattr(system.driver, "stop", lambda timeout_s, drain_s: stop(0.3))
    system.deploy(Counter)
    system.flush()
    add_and_fail(system, store, 5)

    with pytest.raises(errors.StoreUnavailable, match=r"(?s)5 answered turns of test .* are lost.*disk is full"):
        system.close()


def test_caller_whose_answer_was_held_back_is_told_when_its_turn_is_lost(
    store: Fragile, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = EmbeddedSystem(RuntimeConfig(system="test", timeout_s=DEADLINE_S), store)
    stop = system.driver.stop
    monkeypatch.setattr(system.driver, "stop", lambda timeout_s, drain_s: stop(0.3))
    system.deploy(Careful)
    store.may_commit.clear()
    told: list[str] = []

    def call() -> None:
        with pytest.raises(errors.StoreUnavailable) as raised:
            add(system, actor="careful")
        told.append(str(raised.value))

    asking = threading.Thread(target=call)
    asking.start()
    wait_until(lambda: system.status().sequence == 1, "the turn ended")
    store.refusals = 1_000
    store.may_commit.set()
    wait_until(lambda: system.status().store_error, "the failure was noticed")
    with pytest.raises(errors.StoreUnavailable):
        system.close()
    asking.join(DEADLINE_S)

    assert told
    assert told[0].startswith("test was stopped before the turn could be written, so it is lost.")


class Unannounced:
    """Turns that are recorded without a word while the group before them is written."""

    def __init__(self) -> None:
        self.url = "memory://"
        self.waiting = deque([Group()])
        self.written: list[Group] = []

    def take_group(self) -> Group | None:
        return self.waiting.popleft() if self.waiting else None

    def commit(self, group: Group) -> None:
        self.written.append(group)
        if len(self.written) == 1:
            self.waiting.append(Group())

    def checkpoint(self) -> bool:
        return False


def test_turns_recorded_during_a_write_are_written_though_nobody_notified() -> None:
    store = Unannounced()
    recorder = Recorder(
        store,  # type: ignore[arg-type]
        has_work=lambda: bool(store.waiting),
        take_group=store.take_group,
        committed=lambda: None,
        failed=lambda _: None,
        corrected=lambda _: None,
        noted=lambda _: None,
        interval_s=0.0,
        checkpoint_s=3_600.0,
        name="test-recorder",
    )
    recorder.start()
    recorder.notify()
    try:
        wait_until(lambda: len(store.written) == 2, "the second group was written")
    finally:
        recorder.stop(1.0)
