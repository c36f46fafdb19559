"""What a reply means for the disk, and what a store that fails does to callers."""

from __future__ import annotations

import pytest

from runtime import Actor, Pipe, Value, action, errors
from runtime.drivers.step_driver import StepDriver
from runtime.engine.commands import Answer
from runtime.engine.state import EngineOptions
from runtime.stores.base import Group
from runtime.stores.registry import open_store
from tests.runtime.engine.actors import Counter, Echo
from tests.runtime.engine.conftest import KEY


class Careful(Counter, name="careful", durability="commit"):
    pass


class Failing:
    """A store whose commits fail until told otherwise."""

    def __init__(self) -> None:
        self._inner = open_store("memory://", key=KEY)
        self.is_broken = False

    def commit(self, group: Group) -> None:
        if self.is_broken:
            raise errors.StoreUnavailable("Cannot write to memory://: the disk is full.")
        self._inner.commit(group)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


@pytest.fixture
def unwritten(stepping: StepDriver) -> StepDriver:
    stepping.writes_at_once = False
    return stepping


def test_journal_reply_comes_before_the_write(unwritten: StepDriver) -> None:
    unwritten.deploy(Counter)

    assert unwritten.ask("counter", "add", {"value": 5}) == {"total": 5}

    assert unwritten.store.head() == 0


def test_commit_reply_waits_for_the_write(unwritten: StepDriver) -> None:
    unwritten.deploy(Careful)
    pending = unwritten.send("careful", "add", {"value": 5})
    unwritten.run()
    assert not pending.is_done

    unwritten.write()

    assert pending.result() == {"total": 5}
    assert unwritten.store.head() == 1


def test_crash_loses_only_what_was_not_written(unwritten: StepDriver) -> None:
    unwritten.deploy(Counter)
    unwritten.ask("counter", "add", {"value": 1})
    unwritten.write()
    unwritten.ask("counter", "add", {"value": 10})

    unwritten.crash()

    assert unwritten.ask("counter", "add", {"value": 100}) == {"total": 101}


def test_actor_continues_from_its_last_revision_after_a_crash(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    for value in range(10):
        stepping.ask("counter", "add", {"value": value})

    stepping.crash()

    assert stepping.ask("counter", "get") == {"total": 45, "seen": list(range(10))}
    snapshot = stepping.store.load(stepping.engine.directory.active.popitem()[0])
    assert snapshot is not None
    assert snapshot.revision == 10


def test_actor_of_the_past_says_that_its_code_is_missing(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    stepping.ask("counter", "add", {"value": 5})
    fresh = StepDriver(stepping.store, options=stepping.options)

    with pytest.raises(errors.NotDeployed, match="at revision 1 in the store"):
        fresh.ask("counter", "look")


@pytest.fixture
def failing() -> StepDriver:
    store = Failing()
    driver = StepDriver(store, options=EngineOptions(system="test"), writes_at_once=False)  # type: ignore[arg-type]
    driver.deploy(Counter)
    driver.ask("counter", "add", {"value": 1})
    return driver


def test_store_that_fails_stops_turns_and_says_how_many_are_unwritten(failing: StepDriver) -> None:
    failing.store.is_broken = True  # type: ignore[attr-defined]
    with pytest.raises(errors.StoreUnavailable):
        failing.write()

    with pytest.raises(errors.StoreUnavailable, match=r"disk is full(.|\n)*1 answered turn is not on disk"):
        failing.ask("counter", "add", {"value": 1})


def test_store_that_recovers_keeps_every_answered_turn(failing: StepDriver) -> None:
    failing.store.is_broken = True  # type: ignore[attr-defined]
    for _ in range(3):
        with pytest.raises(errors.StoreUnavailable):
            failing.write()

    failing.store.is_broken = False  # type: ignore[attr-defined]
    failing.write()

    assert failing.ask("counter", "add", {"value": 1}) == {"total": 2}
    failing.write()
    assert [turn.sequence for batch in failing.store.turns() for turn in batch] == [1, 2]


def test_messages_that_waited_run_after_the_store_recovered(failing: StepDriver) -> None:
    waiting = failing.send("counter", "add", {"value": 5})
    failing.store.is_broken = True  # type: ignore[attr-defined]
    with pytest.raises(errors.StoreUnavailable):
        failing.write()
    assert failing.possible() == []

    failing.store.is_broken = False  # type: ignore[attr-defined]
    failing.write()
    failing.run()

    assert waiting.result() == {"total": 6}


def test_slow_store_holds_turns_back_before_memory_is_full() -> None:
    driver = StepDriver(
        open_store("memory://", key=KEY), options=EngineOptions(system="test", unwritten_limit=3), writes_at_once=False
    )
    driver.deploy(Counter)
    sent = [driver.send("counter", "add", {"value": 1}) for _ in range(10)]

    driver.run()
    assert [each.is_done for each in sent] == [True] * 4 + [False] * 6, "the fourth is one too many"
    driver.write()
    driver.run()
    driver.write()
    driver.run()

    assert all(each.is_done for each in sent)


class Passing(Actor, name="passing", durability="commit"):
    passed: int = 0

    @action
    def on(self, text: str) -> Value:
        self.passed += 1
        return Value.of({"text": text}).pipe(Pipe.to("echo", "say"))


class Pausing(Actor, name="pausing", durability="snapshot"):
    passed: int = 0

    @action
    def on(self) -> None:
        self.passed += 1

    @action
    def rest(self) -> Value:
        return Value.of("rested").checkpoint()


def test_answer_of_another_is_held_back_for_the_turn_that_passed_it_on(unwritten: StepDriver) -> None:
    unwritten.deploy(Passing)
    unwritten.deploy(Echo)
    pending = unwritten.send("passing", "on", {"text": "a"})
    unwritten.run()
    assert not pending.is_done

    unwritten.write()

    assert pending.result() == "A"


def test_repeated_key_is_answered_when_its_turn_is_on_disk(unwritten: StepDriver) -> None:
    unwritten.deploy(Careful)
    calls = [unwritten.send("careful", "add", {"value": 5}, key="once") for _ in range(2)]
    unwritten.run()
    assert [each.is_done for each in calls] == [False, False]

    unwritten.write()

    assert [each.result() for each in calls] == [{"total": 5}] * 2


def test_checkpoint_without_a_change_is_answered(unwritten: StepDriver) -> None:
    unwritten.deploy(Pausing)
    unwritten.ask("pausing", "get")
    unwritten.write()

    assert unwritten.ask("pausing", "rest") == "rested"


def test_checkpoint_waits_for_a_state_that_is_being_written(unwritten: StepDriver) -> None:
    unwritten.deploy(Pausing)
    unwritten.ask("pausing", "on")
    unwritten.advance(2)
    group = unwritten.engine.take_group()
    assert group is not None

    pending = unwritten.send("pausing", "rest")
    unwritten.run()
    assert not pending.is_done
    for answer in unwritten.engine.group_committed(unwritten.clock.now_us()):
        assert isinstance(answer, Answer)
        answer.waiter.deliver(answer.reply)

    assert pending.result() == "rested"
