"""Messages for later: kept, executed once, also over restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runtime import errors
from runtime.drivers.stepping import SteppingDriver
from runtime.drivers.stepping_calls import Pending
from runtime.statestores.base import flatten
from tests.runtime.engine.actors import Counter, Flow


@pytest.fixture
def unwritten(stepping: SteppingDriver) -> SteppingDriver:
    stepping.deploy(Counter)
    stepping.run()
    stepping.write()
    stepping.writes_at_once = False
    return stepping


def later(stepping: SteppingDriver, seconds: float, value: int = 1) -> Pending:
    due = datetime.fromtimestamp(stepping.clock.now_us() / 1e6, UTC) + timedelta(seconds=seconds)
    return stepping.send("counter", "add", {"value": value}, scheduled_to=due)


def total(stepping: SteppingDriver) -> int:
    return int(stepping.ask("counter", "look"))


def test_caller_is_answered_when_the_schedule_is_on_disk(unwritten: SteppingDriver) -> None:
    pending = later(unwritten, 5)
    assert not pending.is_done

    unwritten.write()

    assert pending.result() is None
    assert [each.id for each in unwritten.store.schedules()] == [pending.invocation.id]


def test_schedule_survives_a_restart_and_runs_once(unwritten: SteppingDriver) -> None:
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


def test_crash_before_the_turn_is_written_runs_it_again(unwritten: SteppingDriver) -> None:
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


def test_schedule_that_was_due_while_nothing_ran_is_made_up_for(unwritten: SteppingDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    unwritten.clock.advance(3600)

    unwritten.crash()
    unwritten.advance(0)

    assert total(unwritten) == 7


def test_schedule_waits_for_code_that_is_deployed_late(unwritten: SteppingDriver) -> None:
    later(unwritten, 5, value=7)
    unwritten.write()
    fresh = SteppingDriver(unwritten.store, options=unwritten.options, clock=unwritten.clock)
    fresh.advance(10)
    fresh.run()

    fresh.deploy(Counter)
    fresh.advance(0)

    assert total(fresh) == 7


def test_schedule_whose_action_fails_is_not_repeated(unwritten: SteppingDriver) -> None:
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


def test_delayed_effects_are_kept_too(unwritten: SteppingDriver) -> None:
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


def test_time_without_a_zone_is_refused(stepping: SteppingDriver) -> None:
    stepping.deploy(Counter)

    with pytest.raises(errors.BadSetting, match="no time zone"):
        stepping.send("counter", "add", {"value": 1}, scheduled_to=datetime(2030, 1, 1))  # noqa: DTZ001
