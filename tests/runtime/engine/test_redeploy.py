"""Another definition of the same actor: what survives and what is refused."""

from __future__ import annotations

import pytest

from runtime import Actor, Context, action, errors
from runtime.drivers.step_driver import StepDriver
from tests.runtime.engine.actors import Caller, Counter, Echo
from tests.runtime.engine.conftest import System


class Doubling(Actor, name="counter"):
    total: int = 0
    unit: str = "km"

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += 2 * value
        return {"total": self.total}

    @action
    def look(self) -> int:
        return self.total


def test_next_turn_runs_the_new_code_on_the_old_state(system: System) -> None:
    system.deploy(Counter)
    system.ask("counter", "add", {"value": 5})

    system.deploy(Doubling)

    assert system.ask("counter", "add", {"value": 5}) == {"total": 15}
    assert system.state("counter") == {"total": 15, "unit": "km"}


def test_dropped_field_is_kept_and_comes_back(system: System) -> None:
    system.deploy(Counter)
    system.ask("counter", "add", {"value": 5})
    system.deploy(Doubling)
    system.ask("counter", "add", {"value": 1})

    system.deploy(Counter)

    assert system.ask("counter", "add", {"value": 1}) == {"total": 8}
    assert system.state("counter") == {"total": 8, "seen": [5, 1]}


def test_confirmed_drop_forgets_the_value(system: System) -> None:
    system.deploy(Counter)
    system.ask("counter", "add", {"value": 5})
    system.deploy(Doubling)

    assert system.ask("counter", "spawn.confirm_dropped") == ["seen"]

    system.deploy(Counter)
    system.ask("counter", "add", {"value": 1})
    assert system.state("counter") == {"total": 6, "seen": [1]}


def test_reading_after_a_redeploy_changes_no_revision(system: System) -> None:
    class Commented(Counter, name="counter", deactivate_timeout="77s"):
        pass

    system.deploy(Counter)
    system.ask("counter", "add", {"value": 5})

    system.deploy(Commented)
    system.ask("counter", "look")

    assert system.turns()[-1].revision == 1


def test_waiting_messages_keep_their_order_and_run_the_new_code(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    stepping.ask("counter", "add", {"value": 1})
    waiting = [stepping.send("counter", "add", {"value": value}) for value in (1, 2, 3)]
    stepping.step()

    stepping.deploy(Doubling)
    stepping.run()

    assert [each.result()["total"] for each in waiting] == [2, 6, 12]


def test_turn_in_progress_ends_under_the_code_it_began_with(stepping: StepDriver) -> None:
    class Patient(Actor, name="caller"):
        answers: list[str] = []

        @action
        async def ask(self, ctx: Context, text: str) -> str:
            return "new code"

    stepping.deploy(Echo)
    stepping.deploy(Caller)
    first = stepping.send("caller", "ask", {"text": "hi"})
    stepping.step()
    stepping.step()

    stepping.deploy(Patient)
    second = stepping.send("caller", "ask", {"text": "hi"})
    stepping.run()

    assert (first.result(), second.result()) == ("HI", "new code")


def test_message_for_an_action_that_is_gone_gets_an_error(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    stepping.ask("counter", "look")
    waiting = stepping.send("counter", "fail", {"value": 1})

    stepping.deploy(Doubling)
    stepping.run()

    with pytest.raises(errors.UnknownAction):
        waiting.result()


def test_state_that_does_not_fit_the_new_type_fails_the_turn_and_stays(stepping: StepDriver) -> None:
    class Worded(Actor, name="counter"):
        total: list[str] = []

        @action
        def look(self) -> list[str]:
            return self.total

    stepping.deploy(Counter)
    stepping.ask("counter", "add", {"value": 5})
    stepping.deploy(Worded)

    with pytest.raises(errors.BadState, match="stored total of counter is 5"):
        stepping.ask("counter", "look")

    stepping.deploy(Counter)
    assert stepping.ask("counter", "look") == 5


def test_two_definitions_differ_only_by_what_differs() -> None:
    from runtime.authoring.definition import define

    assert define(Counter).hash == define(Counter).hash
    assert define(Counter).hash != define(Doubling).hash
