"""What the history shows of turns that were removed, and of states that no turn tells of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import Actor, action
from runtime.config import Durability
from runtime.records import RetentionMark, Turn
from runtime.stores.base import Limits, Retention
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.workbench.sql.fake_system import FakeSystem, database, rows
from workbench.sql.database import HistoryDatabase

KEY = bytes(range(32))


class ShrinkingSystem(FakeSystem):
    """Gives only what it has kept."""

    removed: frozenset[int] = frozenset()

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        for batch in super().turns(after=after, actor=actor):
            yield [turn for turn in batch if turn.sequence not in self.removed]

    def remove(self, *sequences: int, gone: int = 0) -> None:
        self.removed |= set(sequences) | set(range(1, gone + 1))
        self.is_kept = RetentionMark(max(gone, self.is_kept.gone), self.is_kept.changes + bool(sequences))


@pytest.fixture
def system() -> ShrinkingSystem:
    system = ShrinkingSystem()
    system.define("counter", {"total": "int"})
    system.past.batch(6, "counter", "other")
    return system


def revisions(history: HistoryDatabase, view: str = "history.counter") -> list[int]:
    return [revision for (revision,) in rows(history, f"SELECT revision FROM {view} ORDER BY revision")]


def test_turns_that_went_from_the_front_are_gone_from_every_table(system: ShrinkingSystem) -> None:
    history = database(system)
    assert revisions(history) == [1, 2, 3]

    system.remove(gone=2)

    assert revisions(history) == [2, 3]
    assert rows(history, "SELECT min(sequence), count(*) FROM invocations") == [(3, 4)]


def test_turns_that_went_here_and_there_are_gone_too(system: ShrinkingSystem) -> None:
    history = database(system)
    assert revisions(history) == [1, 2, 3]

    system.remove(1, 3)
    system.past.batch(1, "counter")

    assert revisions(history) == [3, 4]
    assert rows(history, "SELECT list(sequence ORDER BY sequence) FROM invocations") == [([2, 4, 5, 6, 7],)]


def test_what_is_gone_before_the_first_query_needs_no_second_reading(system: ShrinkingSystem) -> None:
    system.remove(5, gone=1)
    history = database(system)
    assert revisions(history) == [2]
    given = system.given

    assert revisions(history) == [2]
    assert system.given == given


class Quiet(Actor, name="quiet", durability=Durability.SNAPSHOT):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


class Loud(Actor, name="loud"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


@pytest.fixture
def real(tmp_path: Path) -> Iterator[EmbeddedSystem]:
    with embedded(system="shop", store=f"sqlite:///{tmp_path}/store.db", key=KEY) as system:
        system.deploy(Quiet)
        system.deploy(Loud)
        yield system


def states(history: HistoryDatabase) -> list[tuple[object, ...]]:
    return rows(history, "SELECT actor, revision, state FROM states ORDER BY actor")


def test_states_are_shown_where_turns_are_not_recorded(real: EmbeddedSystem) -> None:
    history = HistoryDatabase(real)
    for value in (1, 2):
        real.invoke("quiet", "add", {"value": value})
        real.invoke("loud", "add", {"value": 10 * value})

        assert states(history) == [
            ("loud", value, f'{{"total":{(10, 30)[value - 1]}}}'),
            ("quiet", value, f'{{"total":{(1, 3)[value - 1]}}}'),
        ]
    assert rows(history, "SELECT kind, cause FROM states WHERE actor = 'quiet'") == [("named", None)]


def test_states_stay_when_their_turns_are_removed(real: EmbeddedSystem) -> None:
    history = HistoryDatabase(real)
    real.invoke("loud", "add", {"value": 4})
    assert states(history) == [("loud", 1, '{"total":4}')]
    real.flush()

    while real.store.checkpoint():
        pass
    while real.store.retain(Retention(every=Limits(age_us=0)), 2**60):
        pass

    assert rows(history, "SELECT count(*) FROM invocations") == [(0,)]
    assert states(history) == [("loud", 1, '{"total":4}')]
