"""The short way into a mailbox, beside the long one: what is let in without the lock is what `submit` would take as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from runtime.drivers.step_driver import StepDriver
from runtime.engine.state import NOTHING, EngineOptions
from runtime.ids import ActorId
from runtime.invocations import build_invocation
from runtime.records import Invocation
from runtime.security.access_policies import AccessRules
from runtime.stores.registry import open_store
from tests.runtime.engine.actors import Account, Counter
from tests.runtime.engine.conftest import KEY

SYSTEM = "test"


def _driver(rules: AccessRules | None = None) -> StepDriver:
    """A system in which `counter` has had one turn and nothing waits."""
    options = EngineOptions(system=SYSTEM, mailbox_limit=2, rules=rules)
    driver = StepDriver(open_store("memory://", key=KEY), options=options)
    driver.deploy(Counter)
    driver.deploy(Account)
    driver.ask("counter", "add", {"value": 1})
    return driver


def _message(**changes: Any) -> Invocation:
    return msgspec.structs.replace(build_invocation("i", SYSTEM, "counter", "add", {"value": 1}, {}), **changes)


UNUSUAL = {
    "another actor": {"actor": ActorId(SYSTEM, "nobody")},
    "another system": {"actor": ActorId("elsewhere", "counter")},
    "an unknown action": {"action": "fly"},
    "an implicit read": {"action": "get"},
    "another parent": {"parent": "account"},
    "a time": {"scheduled_to_us": 2_000_000_000_000_000},
    "a place on disk": {"asynchronous": True, "durable": True},
    "callers that wait": {"path": (ActorId(SYSTEM, "account"),)},
}


@pytest.mark.parametrize("changes", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_an_unusual_message_takes_the_long_way(changes: dict[str, Any]) -> None:
    driver = _driver()

    assert driver.engine.precheck(_message(**changes), None, 1, 0) is None


def _close(driver: StepDriver) -> None:
    driver.engine.store_failed("the disk is full", 1)


def _fill(driver: StepDriver) -> None:
    driver.send("counter", "add", {"value": 1})
    driver.send("counter", "add", {"value": 1})


def _undeploy(driver: StepDriver) -> None:
    driver.engine.undeploy("counter", 1)


@pytest.mark.parametrize("change", [_close, _fill, _undeploy])
def test_an_unusual_system_has_messages_take_the_long_way(change: Callable[[StepDriver], None]) -> None:
    driver = _driver()

    change(driver)

    assert driver.engine.precheck(_message(), None, 1, 0) is None


def test_policies_have_every_message_take_the_long_way() -> None:
    driver = _driver(rules=AccessRules([]))

    assert driver.engine.precheck(_message(), None, 1, 0) is None


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_usual_message_enters_as_if_submitted(asynchronous: bool) -> None:
    long, short = _driver(), _driver()
    message = _message(asynchronous=asynchronous)

    by_submit = long.engine.submit(message, None, 5)
    arrival = short.engine.precheck(message, None, 5, 0)
    assert arrival is not None
    by_admit = short.engine.admit(arrival)

    assert by_submit == by_admit == NOTHING
    left, right = (each.engine.directory.active[message.actor] for each in (long, short))
    assert left.mailbox == right.mailbox
    assert len(long.engine.ready) == len(short.engine.ready) == 1


def test_messages_that_have_not_entered_yet_count_for_the_limit() -> None:
    driver = _driver()

    assert driver.engine.precheck(_message(), None, 1, 1) is not None
    assert driver.engine.precheck(_message(), None, 1, 2) is None
