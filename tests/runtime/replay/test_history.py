"""A recorded past as tasks: ranges, and what is left of a past that was thinned out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from runtime import embedded
from runtime.api import SystemApi
from runtime.authoring.definition import define
from runtime.errors import UnknownRevision
from runtime.ids import ActorId
from runtime.records import Encoded, Turn
from runtime.replay.history import NOT_KEPT, ActorHistory, following
from runtime.replay.rerun import Rerun
from runtime.stores.base import flatten
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.replay.actors import Till


class Thinned:
    """A system that has kept only the last turns, and no state before them."""

    def __init__(self, system: EmbeddedSystem, kept: int) -> None:
        system.flush()
        self._system = system
        self._turns: list[Turn] = list(flatten(system.turns()))[-kept:]

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        return iter([self._turns])

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        oldest = self._turns[0].revision
        if revision is not None and revision < oldest:
            raise UnknownRevision(actor, revision, now=5, oldest=oldest)
        return self._system.encoded_state(actor, revision)

    def info(self, actor: str) -> Any:
        return self._system.info(actor)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    """`till` has taken 1, 2, 3, 4 and 5, which made the revisions 1 to 5."""
    with embedded() as system:
        system.deploy(Till)
        for amount in range(1, 6):
            system.invoke("till", "take", {"amount": amount})
        system.flush()
        yield system


def _thinned(system: EmbeddedSystem, kept: int) -> SystemApi:
    return cast(SystemApi, Thinned(system, kept))


def test_a_turn_whose_state_is_not_kept_is_not_run(system: EmbeddedSystem) -> None:
    tasks = list(ActorHistory(_thinned(system, 3), "till"))

    assert [task.skip for task in tasks] == [NOT_KEPT, "", ""]
    rerun = Rerun(define(Till), ActorId("spawn-system", "till"), carry=False)
    assert [each.parts for each in rerun.run(tasks)] == [(), (), ()]


def test_a_fork_of_a_revision_that_is_gone_says_what_is_kept(system: EmbeddedSystem) -> None:
    with pytest.raises(UnknownRevision, match="the oldest revision that is kept is 3"):
        following(_thinned(system, 3), "till", 1, 100)


def test_a_fork_of_a_thinned_past_begins_at_what_is_kept(system: EmbeddedSystem) -> None:
    found = following(_thinned(system, 3), "till", 3, 100)

    assert found.at.state is not None
    assert found.at.state.value.data == b'{"cents":6,"receipts":[],"customers":[]}'
    assert [turn.revision for turn in found.turns] == [4, 5]


def test_a_range_in_the_middle_is_told_where_it_begins(system: EmbeddedSystem) -> None:
    past = ActorHistory(system, "till", since=2, until=4)

    tasks = list(past)

    assert [task.turn.revision for task in tasks] == [3, 4]
    assert tasks[0].at is not None
    assert tasks[0].at.revision == 2
    assert tasks[1].at is None
    assert past.reached is not None
    assert past.reached.revision == 4


def test_a_limit_ends_it_and_says_so(system: EmbeddedSystem) -> None:
    past, whole = ActorHistory(system, "till", limit=2), ActorHistory(system, "till", limit=5)

    assert (len(list(past)), past.is_cut) == (2, True)
    assert (len(list(whole)), whole.is_cut) == (5, False)
