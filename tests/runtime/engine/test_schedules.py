"""Messages for later: kept, executed once, also over restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runtime import Actor, Context, action, errors
from runtime.drivers.step_driver import Pending, StepDriver
from runtime.engine.state import EngineOptions
from runtime.ids import ActorId
from runtime.records import Lifecycle
from runtime.stores.base import flatten
from runtime.stores.registry import open_store
from tests.runtime.engine.actors import Counter, Flow
from tests.runtime.engine.conftest import KEY


@pytest.fixture
def unwritten(stepping: StepDriver) -> StepDriver:
    stepping.deploy(Counter)
    stepping.run()
    stepping.write()
    stepping.writes_at_once = False
    return stepping


def later(stepping: StepDriver, seconds: float, value: int = 1) -> Pending:
    due = datetime.fromtimestamp(stepping.clock.now_us() / 1e6, UTC) + timedelta(seconds=seconds)
    return stepping.send("counter", "add", {"value": value}, scheduled_to=due)


class Late(Actor, name="late"):
    @action
    def tell(self, ctx: Context) -> None:
        ctx.tell("counter", "add", {"value": 3}, delay=0)


class Distant(Actor, name="distant"):
    @action
    def later(self, ctx: Context) -> None:
        ctx.tell("counter", "add", {"value": 3}, system="other", delay=5)


def recover(stepping: StepDriver) -> None:
    """The store can be written again."""
    stepping.engine.journal.mark(Lifecycle(stepping.clock.now_us(), ActorId("test", "counter"), "deployed", 0, ""))
    stepping.write()


def total(stepping: StepDriver) -> int:
    return int(stepping.ask("counter", "look"))


def test_caller_is_answered_when_the_schedule_is_on_disk(unwritten: StepDriver) -> None:
    pending = later(unwritten, 5)
    assert not pending.is_done

    unwritten.write()

    assert pending.result() is None
    assert [each.id for each in unwritten.store.schedules()] == [pending.invocation.id]


def test_schedule_survives_a_restart_and_runs_once(unwritten: StepDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    unwritten.crash()

    unwritten.advance(5)
    unwritten.run()
    unwritten.write()
    unwritten.crash()
    unwritten.advance(60)

    assert total(unwritten) == 7
    assert unwritten.store.schedules() == []


def test_crash_before_the_turn_is_written_runs_it_again(unwritten: StepDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    unwritten.advance(5)
    unwritten.run()

    unwritten.crash()
    unwritten.advance(1)
    unwritten.run()
    unwritten.write()

    assert total(unwritten) == 7
    assert sum(1 for turn in flatten(unwritten.store.turns()) if turn.action == "add") == 1


def test_schedule_that_was_due_while_nothing_ran_is_made_up_for(unwritten: StepDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    unwritten.clock.advance(3600)

    unwritten.crash()
    unwritten.advance(0)

    assert total(unwritten) == 7


def test_schedule_waits_for_code_that_is_deployed_late(unwritten: StepDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    fresh = StepDriver(unwritten.store, options=unwritten.options, clock=unwritten.clock)
    fresh.advance(10)
    fresh.run()

    fresh.deploy(Counter)
    fresh.advance(0)

    assert total(fresh) == 7


def test_schedule_whose_action_fails_is_not_repeated(unwritten: StepDriver) -> None:
    due = datetime.fromtimestamp(unwritten.clock.now_us() / 1e6, UTC) + timedelta(seconds=5)
    unwritten.send("counter", "fail", {"value": 1}, scheduled_to=due)
    unwritten.write()
    unwritten.advance(5)
    unwritten.run()
    unwritten.write()

    unwritten.crash()
    unwritten.advance(60)
    unwritten.run()
    unwritten.write()

    assert sum(1 for turn in flatten(unwritten.store.turns()) if turn.action == "fail") == 1


def test_delayed_effects_are_kept_too(unwritten: StepDriver) -> None:
    from runtime import SideEffect, Value, action

    class Delaying(Flow, name="delaying"):
        @action
        def start(self) -> Value:
            return Value.of().effect(SideEffect.to("counter", "add", {"value": 3}, delay="5s"))

    unwritten.deploy(Delaying)
    unwritten.ask("delaying", "start")
    unwritten.write()
    unwritten.crash()
    unwritten.advance(5)

    assert total(unwritten) == 3


def test_delayed_message_that_is_due_when_its_turn_ends_is_kept_too(unwritten: StepDriver) -> None:
    unwritten.deploy(Late)
    unwritten.send("late", "tell")
    while not any(each.actor == "counter" for each in unwritten.possible()):
        unwritten.step()

    unwritten.write()
    unwritten.crash()
    unwritten.advance(0)

    assert total(unwritten) == 3
    unwritten.write()
    assert unwritten.store.schedules() == []


def test_overdue_message_of_a_turn_that_is_lost_is_lost_with_it(unwritten: StepDriver) -> None:
    unwritten.deploy(Late)
    unwritten.ask("late", "tell")

    unwritten.crash()
    unwritten.advance(0)

    assert total(unwritten) == 0


def test_schedule_that_is_due_while_the_store_fails_runs_afterwards(unwritten: StepDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    unwritten.engine.store_failed("the disk is full", unwritten.clock.now_us())
    unwritten.advance(5)
    unwritten.run()

    recover(unwritten)
    unwritten.advance(1)

    assert total(unwritten) == 7


def test_schedule_for_a_full_mailbox_runs_when_there_is_room(stepping: StepDriver) -> None:
    class Narrow(Counter, name="counter", mailbox=1):
        pass

    stepping.deploy(Narrow)
    for value in (1, 2):
        later(stepping, 5, value)

    stepping.advance(5)
    stepping.run()
    stepping.advance(1)
    stepping.run()

    assert total(stepping) == 3


def test_schedule_that_waits_when_the_system_stops_runs_after_it(unwritten: StepDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    unwritten.advance(5)
    unwritten.engine.stop(unwritten.clock.now_us())
    unwritten.write()

    unwritten.crash()
    unwritten.advance(1)

    assert total(unwritten) == 7


def test_unknown_action_is_refused_now_and_not_when_it_is_due(unwritten: StepDriver) -> None:
    due = datetime.fromtimestamp(unwritten.clock.now_us() / 1e6, UTC) + timedelta(seconds=5)

    with pytest.raises(errors.UnknownAction, match=r"'ad'\. Did you mean add"):
        unwritten.send("counter", "ad", {"value": 1}, scheduled_to=due).result()

    assert not unwritten.engine.journal.has_work


def test_call_for_the_past_to_nobody_is_refused_at_once(unwritten: StepDriver) -> None:
    past = datetime.fromtimestamp(unwritten.clock.now_us() / 1e6, UTC) - timedelta(seconds=5)

    pending = unwritten.send("nobody", "add", {"value": 1}, scheduled_to=past)
    unwritten.run()

    with pytest.raises(errors.UnknownActor, match="nobody"):
        pending.result()


def test_delayed_message_to_another_system_is_kept_and_run_there_once(stepping: StepDriver) -> None:
    other = StepDriver(open_store("memory://", key=KEY), options=EngineOptions(system="other"), clock=stepping.clock)
    stepping.peers["other"] = other
    stepping.deploy(Distant)
    other.deploy(Counter)

    stepping.ask("distant", "later")
    other.write()
    assert (len(stepping.store.schedules()), len(other.store.schedules())) == (0, 1)
    other.advance(5)
    other.run()
    other.crash()
    other.advance(5)

    assert total(other) == 3
    assert other.store.schedules() == []


def test_time_without_a_zone_is_refused(stepping: StepDriver) -> None:
    stepping.deploy(Counter)

    with pytest.raises(errors.BadSetting, match="no time zone"):
        stepping.send("counter", "add", {"value": 1}, scheduled_to=datetime(2030, 1, 1))  # noqa: DTZ001
