"""One message, one turn: what it changes, what it leaves alone, what is recorded."""

from __future__ import annotations

import random

import pytest

from runtime import Actor, Pipe, Value, action, errors
from runtime.drivers.step_driver import StepDriver
from tests.runtime.engine import actors
from tests.runtime.engine.actors import Counter, Dice, Starter, Unready
from tests.runtime.engine.conftest import System, actor


def test_response_and_state_come_from_the_action(system: System) -> None:
    system.deploy(Counter)

    answer = system.ask("counter", "add", {"value": 5})

    assert answer == {"total": 5}
    assert system.state("counter") == {"total": 5, "seen": [5]}


def test_failed_action_leaves_no_trace_in_the_state(system: System) -> None:
    system.deploy(Counter)
    system.ask("counter", "add", {"value": 1})

    with pytest.raises(errors.ActionFailed, match=r"counter\.fail failed with ValueError: cannot take 9"):
        system.ask("counter", "fail", {"value": 9})

    assert system.state("counter") == {"total": 1, "seen": [1]}
    assert system.ask("counter", "add", {"value": 1}) == {"total": 2}


def test_failure_is_recorded_with_the_users_own_frames(system: System) -> None:
    system.deploy(Counter)

    system.send("counter", "fail", {"value": 9})

    failure = system.turns()[-1].failure
    assert failure is not None
    assert (failure.type_name, failure.text) == ("ValueError", "cannot take 9")
    assert "actors.py" in failure.trace
    assert "runtime/hosts" not in failure.trace


def test_revision_grows_only_when_the_state_changes(system: System) -> None:
    system.deploy(Counter)

    for name, payload in [("add", {"value": 1}), ("look", None), ("add", {"value": 0}), ("look", None)]:
        system.ask("counter", name, payload)

    turns = [turn for turn in system.turns() if turn.action != "get"]
    assert [(t.revision_before, t.revision) for t in turns] == [(0, 1), (1, 1), (1, 2), (2, 2)]


def test_tags_that_were_there_already_change_nothing(system: System) -> None:
    class Tagged(Actor, name="tagged"):
        @action
        def tag(self, colour: str) -> Value:
            return Value.of().tags({"colour": colour})

    system.deploy(Tagged)

    for colour in ("red", "red", "blue"):
        system.ask("tagged", "tag", {"colour": colour})

    turns = system.turns()
    assert [turn.tags_after for turn in turns] == [{"colour": "red"}, None, {"colour": "blue"}]
    assert [turn.revision for turn in turns] == [1, 1, 2]


def test_turns_and_failures_are_counted_also_over_an_absence(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    for name in ("add", "fail", "fail", "look"):
        stepping.send("counter", name, {"value": 1} if name != "look" else None)
    assert stepping.engine.directory.counts(actor("counter")) == (0, 0)
    stepping.run()
    activation = stepping.engine.directory.active[actor("counter")]
    assert (activation.turns, activation.failures) == (4, 2)

    stepping.advance(3_600)
    assert actor("counter") not in stepping.engine.directory.active
    counts = stepping.engine.directory.counts(actor("counter"))
    assert (counts.turns, counts.failures) == (4, 2)
    stepping.ask("counter", "look")

    activation = stepping.engine.directory.active[actor("counter")]
    assert (activation.turns, activation.failures) == (5, 2)


def test_journal_numbers_turns_without_gaps(system: System) -> None:
    system.deploy(Counter)

    for value in range(5):
        system.send("counter", "fail" if value % 2 else "add", {"value": value})

    assert [turn.sequence for turn in system.turns()] == [1, 2, 3, 4, 5]


def test_list_that_an_action_leaked_cannot_change_the_state(system: System) -> None:
    leaked: list[list[int]] = []

    class Leaky(Counter, name="leaky"):
        @action
        def leak(self) -> None:
            leaked.append(self.seen)

    system.deploy(Leaky)
    system.ask("leaky", "add", {"value": 1})
    system.ask("leaky", "leak")

    leaked[0].append(99)
    system.ask("leaky", "add", {"value": 2})

    assert system.state("leaky") == {"total": 3, "seen": [1, 2]}


def test_unknown_names_are_answered_with_the_nearest(system: System) -> None:
    system.deploy(Counter)

    with pytest.raises(errors.UnknownActor, match="Did you mean counter"):
        system.ask("conter", "add", {"value": 1})
    with pytest.raises(errors.UnknownAction, match="Did you mean add"):
        system.ask("counter", "ad", {"value": 1})
    with pytest.raises(errors.BadPayload, match=r"no parameter 'vale'\. Did you mean value"):
        system.ask("counter", "add", {"vale": 1})
    assert system.turns()[0].failure is not None, "the payload is the only one that reached the actor"
    assert len(system.turns()) == 1


def test_payload_of_the_wrong_type_names_field_and_type(system: System) -> None:
    system.deploy(Counter)

    with pytest.raises(errors.BadPayload, match="value expected `int`, and got 'five'"):
        system.ask("counter", "add", {"value": "five"})


def test_init_runs_once_before_the_first_message(system: System) -> None:
    system.deploy(Starter)

    first = system.ask("starter", "work")
    second = system.ask("starter", "work")

    assert first == ["init", "work"]
    assert second == ["init", "work", "work"]


def test_failing_init_fails_the_call_and_is_tried_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "MISSING", ["prices.csv"])
    system.deploy(Unready)

    for _ in range(2):
        with pytest.raises(errors.ActionFailed) as caught:
            system.ask("unready", "work")
        assert str(caught.value).startswith(
            "unready.init failed with FileNotFoundError: prices.csv\nwork was not run: init is the @init"
        )
        assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert [(turn.action, turn.failure is None) for turn in system.turns()] == [("init", False)] * 2

    monkeypatch.setattr(actors, "MISSING", [])
    assert system.ask("unready", "work") == 1
    assert system.ask("unready", "work") == 1


def test_message_after_a_failed_init_comes_after_another_try(
    stepping: StepDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors, "MISSING", ["prices.csv"])
    stepping.deploy(Unready)
    calls = [stepping.send("unready", "work") for _ in range(3)]
    stepping.run()

    for call in calls:
        with pytest.raises(errors.ActionFailed):
            call.result()


def test_durable_message_survives_a_failed_init(stepping: StepDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "MISSING", ["prices.csv"])
    stepping.deploy(Unready)
    stepping.send("unready", "work", asynchronous=True, durable=True)
    stepping.run()

    monkeypatch.setattr(actors, "MISSING", [])
    stepping.clock.advance(2)
    stepping.run()

    assert stepping.ask("unready", "get") == {"begun": 1}
    assert not stepping.engine.feed.recent_letters


def test_chance_and_time_of_a_turn_are_recorded(system: System) -> None:
    system.deploy(Dice)

    answer = system.ask("dice", "roll")

    turn = system.turns()[-1]
    assert answer["roll"] == random.Random(turn.seed).randint(1, 1_000_000)
    assert turn.now_us == turn.started_us


def test_implicit_read_answers_the_default_state(system: System) -> None:
    system.deploy(Counter)

    assert system.ask("counter", "getState") == {"total": 0, "seen": []}


def test_undeployed_actor_refuses_and_keeps_its_state(system: System) -> None:
    system.deploy(Counter)
    system.ask("counter", "add", {"value": 3})

    system.undeploy("counter")

    with pytest.raises(errors.NotDeployed, match="revision 1"):
        system.ask("counter", "look")
    system.deploy(Counter)
    assert system.ask("counter", "look") == 3


@pytest.mark.parametrize("name", ["init", "Init", "setup", "Setup"])
def test_action_with_an_init_name_runs_once_before_the_first_message(system: System, name: str) -> None:
    class Named(Actor, name="named"):
        log: list[str] = []

        @action(name=name)
        def begin(self) -> None:
            self.log.append("init")

        @action
        def work(self) -> list[str]:
            self.log.append("work")
            return self.log

    system.deploy(Named)

    assert [system.ask("named", "work") for _ in range(2)] == [["init", "work"], ["init", "work", "work"]]


def test_route_that_cannot_be_recorded_fails_its_turn_and_no_other(system: System) -> None:
    class Router(Actor, name="router"):
        @action
        def route(self) -> Value:
            return Value.of("x").pipe(Pipe.to("bad\ud800", "say"))

    system.deploy(Router)
    system.deploy(Counter)

    with pytest.raises(errors.SpawnError, match="pipe"):
        system.ask("router", "route")
    system.ask("counter", "add", {"value": 1})

    assert [(turn.action, turn.failure is None) for turn in system.turns()] == [("route", False), ("add", True)]
