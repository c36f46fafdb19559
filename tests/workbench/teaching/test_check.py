"""`wb.check` over the session's system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.errors import BadSetting, UnknownActor
from tests.workbench.teaching import actors
from workbench.commands.actors import state
from workbench.commands.deploy import deploy
from workbench.commands.invoke import invoke
from workbench.session import current
from workbench.teaching.check import check


@pytest.fixture(autouse=True)
def system() -> Iterator[None]:
    current.reset()
    current.start(store="memory")
    yield
    current.reset()


def test_check_runs_what_is_deployed() -> None:
    deploy(actors.TrustingSeats)
    before = check("seats")
    deploy(actors.CarefulSeats)
    after = check("seats")

    assert (before.passed, after.passed) == (False, True)


def test_check_neither_uses_nor_changes_the_actors_in_store() -> None:
    deploy(actors.CarefulSeats)
    invoke("seats", "book", {"guest": "zoe"})

    assert check("seats").passed
    assert state("seats") == {"left": 0, "guests": ["zoe"]}


def test_an_actor_that_is_missing_is_asked_for() -> None:
    with pytest.raises(UnknownActor) as raised:
        check("seats")

    assert raised.value.__notes__ == ["The exercise 'seats' needs it: run the cell that defines it, then check again."]


def test_an_unknown_exercise_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadSetting, match="Did you mean seats"):
        check("seat")
