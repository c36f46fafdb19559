"""Idempotency keys: executed once, answered from the record."""

from __future__ import annotations

import pytest

from runtime import Actor, action, errors
from runtime.drivers.step_driver import StepDriver
from tests.runtime.engine.actors import Counter
from tests.runtime.engine.conftest import System

attempts: list[int] = []


class Flaky(Actor, name="flaky", durability="snapshot"):
    @action
    def work(self) -> str:
        attempts.append(len(attempts) + 1)
        if len(attempts) == 1:
            raise OSError("the line is down")
        return "worked"


@pytest.fixture(autouse=True)
def no_attempts() -> None:
    attempts.clear()


def test_same_key_is_executed_once_and_answers_the_same(system: System) -> None:
    system.deploy(Counter)

    answers = [system.ask("counter", "add", {"value": 5}, key="k") for _ in range(3)]

    assert answers == [{"total": 5}] * 3
    assert system.ask("counter", "look") == 5


def test_key_with_another_payload_is_refused(system: System) -> None:
    system.deploy(Counter)
    system.ask("counter", "add", {"value": 5}, key="k")

    with pytest.raises(errors.KeyConflict, match="already used"):
        system.ask("counter", "add", {"value": 6}, key="k")


def test_failure_does_not_use_the_key_up(system: System) -> None:
    system.deploy(Counter)
    system.send("counter", "fail", {"value": 1}, key="k")

    assert system.ask("counter", "add", {"value": 5}, key="k") == {"total": 5}


def test_failure_uses_no_key_up_that_only_memory_keeps(system: System) -> None:
    system.deploy(Flaky)
    with pytest.raises(errors.ActionFailed):
        system.ask("flaky", "work", key="k")

    assert [system.ask("flaky", "work", key="k") for _ in range(2)] == ["worked", "worked"]
    assert attempts == [1, 2]


def test_same_key_of_another_actor_is_another_key(system: System) -> None:
    class Second(Counter, name="second"):
        pass

    system.deploy(Counter)
    system.deploy(Second)

    system.ask("counter", "add", {"value": 5}, key="k")

    assert system.ask("second", "add", {"value": 7}, key="k") == {"total": 7}


def test_key_waits_while_the_first_call_with_it_runs(stepping: StepDriver) -> None:
    stepping.deploy(Counter)

    pair = [stepping.send("counter", "add", {"value": 5}, key="k") for _ in range(2)]
    stepping.run()

    assert [each.result() for each in pair] == [{"total": 5}] * 2
    assert stepping.ask("counter", "look") == 5


def test_key_survives_a_crash(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    stepping.ask("counter", "add", {"value": 5}, key="k")

    stepping.crash()

    assert stepping.ask("counter", "add", {"value": 5}, key="k") == {"total": 5}
    assert stepping.ask("counter", "look") == 5
