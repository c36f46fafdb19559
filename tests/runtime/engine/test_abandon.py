"""A turn that is given up: its caller is told, and what it gives later changes nothing."""

from __future__ import annotations

import pytest

from runtime import errors
from runtime.drivers.step_driver import Pending, StepCalls, StepDriver
from runtime.engine.commands import Run
from runtime.records import Outcome, Route, Workflow
from runtime.stores.base import flatten
from tests.runtime.engine.actors import Counter
from tests.runtime.engine.conftest import actor


@pytest.fixture
def counter(stepping: StepDriver) -> StepDriver:
    stepping.deploy(Counter)
    stepping.ask("counter", "look")
    return stepping


def begin(stepping: StepDriver, value: int) -> tuple[Pending, Run, Outcome]:
    """A call whose turn is in progress, and what its action will have given once it ends."""
    pending = stepping.send("counter", "add", {"value": value})
    run = stepping.engine.take(stepping.clock.now_us())
    assert isinstance(run, Run)
    return pending, run, run.host.run(run, StepCalls(stepping))


def abandon(stepping: StepDriver) -> None:
    error = errors.InvocationAbandoned("It was given up.")
    stepping.carry_out(stepping.engine.abandon(actor("counter"), error, stepping.clock.now_us()))


def test_late_result_of_an_abandoned_turn_is_fenced_off(counter: StepDriver) -> None:
    pending, run, late = begin(counter, 5)
    abandon(counter)

    assert counter.engine.finish(run, late, counter.clock.now_us()) == []

    with pytest.raises(errors.InvocationAbandoned):
        pending.result()
    assert counter.ask("counter", "get") == {"total": 0, "seen": []}
    added = [turn for turn in flatten(counter.store.turns()) if turn.action == "add"]
    assert [turn.failure is None for turn in added] == [False]


def test_late_result_does_not_end_the_turn_that_runs_by_then(counter: StepDriver) -> None:
    _, run, late = begin(counter, 5)
    abandon(counter)
    following, running, outcome = begin(counter, 70)

    counter.carry_out(counter.engine.finish(run, late, counter.clock.now_us()))
    assert not following.is_done

    counter.carry_out(counter.engine.finish(running, outcome, counter.clock.now_us()))
    assert following.result() == {"total": 70}


@pytest.mark.parametrize(
    ("field", "odd"),
    [("workflow", Workflow(pipe=Route("a\0b", "say"))), ("tags", {"colour": 5}), ("tags", {"colour": "\ud800"})],
)
def test_outcome_that_no_journal_can_keep_fails_its_turn_before_it_is_recorded(
    counter: StepDriver, field: str, odd: object
) -> None:
    pending, run, outcome = begin(counter, 5)
    setattr(outcome, field, odd)

    counter.carry_out(counter.engine.finish(run, outcome, counter.clock.now_us()))

    with pytest.raises(errors.BadResponse, match="The turn was refused; the state of counter is as it was before"):
        pending.result()
    assert counter.ask("counter", "get") == {"total": 0, "seen": []}
    assert [turn.failure is None for turn in flatten(counter.store.turns()) if turn.action == "add"] == [False]
