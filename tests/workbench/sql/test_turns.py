"""What a query reads of the turns, and that it answers what plain Python makes of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import StoreUnavailable
from runtime.records import Turn
from runtime.stores.base import Group
from runtime.stores.journal.backend import Writes
from runtime.stores.journal.columns import sealed_columns
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from tests.runtime.stores.conftest import KEY
from tests.workbench.sql.fake_system import FakeSystem, database, rows

ACTORS = ("a", "b", "c")


class StoredSystem(FakeSystem):
    """Gives the turns of a real store, and notes which columns it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.backend = Killable()
        self.store = JournalStore(self.backend, key=KEY)
        self.asked = list[set[str]]()

    def commit(self, actors: str) -> None:
        turns = [self.past.turn(actor, json.dumps({"n": len(self.past.turns) + 1}).encode()) for actor in actors]
        self.store.commit(Group(turns=tuple(turns)))

    def reopen(self) -> None:
        self.backend.kills_at = None
        self.store = JournalStore(self.backend, key=KEY)

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        self.asked.append(set(columns or ()))
        return self.store.history_batches(after=after, until=until, columns=columns)


class Killed(BaseException):
    """The process would be gone here."""


class Killable(MemoryBackend):
    """Ends the process, in a manner of speaking, before or after it has written columns."""

    kills_at: str | None = None

    def write(self, writes: Writes) -> int:
        if writes.sealed is not None and self.kills_at == "before":
            raise Killed
        written = super().write(writes)
        if writes.sealed is not None and self.kills_at == "after":
            raise Killed
        return written


@pytest.fixture(autouse=True)
def small_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_columns, "SEALED_TURNS", 8)
    monkeypatch.setattr(sealed_columns, "FEWEST_TURNS", 2)
    monkeypatch.setattr(sealed_columns, "PORTION_TURNS", 4)


def test_only_the_columns_that_a_query_needs_are_read() -> None:
    system = StoredSystem()
    system.define("a", {"n": "int"})
    system.commit("ab" * 20)

    assert rows(database(system), "SELECT max(n) FROM history.a") == [(max(values(system.past.turns)["a"]),)]

    assert "state" in set().union(*system.asked)
    assert not set().union(*system.asked) & {"payload", "response", "metadata", "tags", "trace"}


def test_a_column_that_was_not_foreseen_is_read_by_the_query_itself() -> None:
    system = StoredSystem()
    system.commit("ab" * 20)
    history = database(system)
    rows(history, "SELECT count(*) FROM invocations")
    system.commit("c")

    found = rows(history, "SELECT * FROM invocations ORDER BY sequence")

    assert [row[0] for row in found] == [turn.invocation for turn in system.past.turns]


def test_what_was_read_once_is_not_read_again() -> None:
    system = StoredSystem()
    system.define("a", {"n": "int"})
    system.commit("ab" * 20)
    history = database(system)
    rows(history, "SELECT sum(n) FROM history.a")
    given_before = len(system.asked)

    rows(history, "SELECT sum(n) FROM history.a")

    assert len(system.asked) == given_before + 1, "one look for turns that are new"


def test_turns_that_are_gone_in_the_middle_of_a_query_are_said_to_be_gone() -> None:
    system = StoredSystem()
    system.commit("ab" * 20)
    history = database(system)
    history.refresh("SELECT count(*) FROM invocations")
    system.store = JournalStore(MemoryBackend(), key=KEY)

    with pytest.raises(StoreUnavailable, match="removed meanwhile"):
        history._answer(history._cursor(), "SELECT max(id) FROM invocations", None)


@given(
    st.lists(st.sampled_from(["commit", "seal", "read", "query", "kill before", "kill after", "reopen"]), max_size=25),
    st.data(),
)
@settings(max_examples=12)
def test_answers_are_those_of_plain_python_with_some_turns_sealed_and_after_kills(
    steps: list[str], data: st.DataObject
) -> None:
    system = StoredSystem()
    for actor in ACTORS:
        system.define(actor, {"n": "int"})
    history = database(system)
    for step in steps:
        take(step, system, history, data)

    by_actor = values(system.past.turns)
    last = len(system.past.turns) // 2
    for asked in (history, database(system)):
        sums = " UNION ALL ".join(f"SELECT '{actor}', count(*), sum(n) FROM history.{actor}" for actor in ACTORS)
        assert rows(asked, sums) == [(name, len(by_actor[name]), sum(by_actor[name]) or None) for name in ACTORS]
        assert rows(
            asked, "SELECT id FROM invocations WHERE actor = 'a' AND sequence > ? ORDER BY sequence", [last]
        ) == [(turn.invocation,) for turn in system.past.turns if turn.actor.name == "a" and turn.sequence > last]


def take(step: str, system: StoredSystem, history: Any, data: st.DataObject) -> None:
    """One step of a random history."""
    if step == "commit":
        system.commit(data.draw(st.text("abc", min_size=1, max_size=12)))
    elif step == "reopen":
        system.reopen()
    elif step == "query":
        rows(
            history,
            data.draw(st.sampled_from(["SELECT count(*) FROM failures", "SELECT * FROM states", "FROM history.a"])),
        )
    else:
        system.backend.kills_at = step.removeprefix("kill ") if step.startswith("kill") else None
        try:
            if step == "seal":
                while system.store.seal():
                    pass
            else:
                list(system.store.history_batches())
        except Killed:
            system.reopen()


def values(turns: list[Turn]) -> dict[str, list[int]]:
    """By actor, the field of each of its states."""
    found = defaultdict[str, list[int]](list)
    for turn in turns:
        if turn.state is not None:
            found[turn.actor.name].append(json.loads(turn.state.value.data)["n"])
    return found
