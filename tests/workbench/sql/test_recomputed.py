"""SQL answers equal a plain Python recomputation, over random histories that are read in one go or piece by piece."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.records import JSON, Encoded
from tests.workbench.sql.fake_system import FakeSystem, database, rows
from workbench.commands.history import queries
from workbench.sql.database import HistoryDatabase
from workbench.sql.query_library import StandardQuery


class Step(NamedTuple):
    """One turn."""

    actor: str
    action: str
    state: dict[str, Any] | None
    """None where it does not change."""
    fails: bool
    waits_us: int
    takes_us: int
    is_asked_after: bool
    """A query runs before the next turn."""


NAMES = ("anna", "bert", "größe 'q\" 鶴")
ACTIONS = ("add", "take")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "int": NUMBERS | st.integers(-(2**100), 2**100),
    "float": FLOATS,
    "bool": st.booleans(),
    "str": TEXTS,
    "str | None": TEXTS | st.none(),
    "list[int]": st.lists(NUMBERS, max_size=3),
    "list[float]": st.lists(FLOATS, max_size=3),
    "dict[str, int]": st.dictionaries(TEXTS, NUMBERS, max_size=3),
    "Point": st.fixed_dictionaries({"x": NUMBERS, "y": TEXTS | st.none()}),
    "list[Point]": st.lists(st.fixed_dictionaries({"x": NUMBERS, "y": TEXTS}), max_size=2),
    "Color": st.sampled_from(["red", "blue"]),
    "Any": st.recursive(st.none() | NUMBERS | FLOATS | TEXTS, st.lists, max_leaves=3),
}
"""Annotation to values that the runtime lets a field with it have."""
CLASSES = {"Point": '{"fields":{"x":"int","y":"str | None"}}', "Color": '{"members":{"RED":"red","BLUE":"blue"}}'}


def steps(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Step]]:
    states = st.none() | st.fixed_dictionaries({"total": values, "note": TEXTS | st.none()})
    step = st.builds(
        Step, st.sampled_from(NAMES), st.sampled_from(ACTIONS), states, st.booleans(), st.integers(0, 10_000),
        st.integers(0, 10_000), st.booleans(),
    )  # fmt: skip
    return st.lists(step, max_size=30)


def told(history: list[Step], annotation: str, ask: str) -> tuple[FakeSystem, HistoryDatabase]:
    """The turns, read by a database that was asked in between."""
    system, now = FakeSystem(), 1_700_000_000_000_000
    system.define("pair", {"total": annotation, "note": "str | None"})
    sql = database(system)
    payload = Encoded(JSON, b"{}")
    for step in history:
        state = None if step.fails or step.state is None else msgspec.json.encode(step.state)
        turn = system.past.turn(step.actor, state, fails=step.fails, parent="pair")
        system.past.turns[-1] = msgspec.structs.replace(
            turn, payload=payload, action=step.action, enqueued_us=now, started_us=now + step.waits_us,
            finished_us=now + step.waits_us + step.takes_us,
        )  # fmt: skip
        now += step.waits_us + step.takes_us + 1
        if step.is_asked_after:
            sql.query(ask)
    return system, sql


recomputed = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@recomputed
@given(steps(NUMBERS))
def test_tables_have_what_happened(history: list[Step]) -> None:
    system, sql = told(history, "int", "FROM history.pair")
    turns = system.past.turns

    by_action = Counter((str(turn.actor.name), turn.action, turn.failure is not None) for turn in turns)
    assert sorted(
        rows(sql, "SELECT actor, action, error_code IS NOT NULL, count(*) FROM invocations GROUP BY ALL")
    ) == sorted((*key, count) for key, count in by_action.items())

    states = {actor.name: json.loads(each.state.value.data) for actor, each in system.past.actors.items() if each.state}
    assert {actor: json.loads(state) for actor, state in rows(sql, "SELECT actor, state FROM states")} == states

    sums: dict[str, int] = defaultdict(int)
    for turn in turns:
        if turn.state is not None:
            sums[turn.actor.name] += json.loads(turn.state.value.data)["total"]
    assert dict(rows(sql, "SELECT actor, sum(total::HUGEINT)::VARCHAR FROM history.pair GROUP BY actor")) == {
        actor: str(total) for actor, total in sums.items()
    }

    busy = Counter[str]()
    for turn in turns:
        busy[turn.actor.name] += turn.finished_us - turn.started_us
    found = dict(rows(sql, "SELECT actor, round(1000 * sum(run_ms))::BIGINT FROM invocations GROUP BY actor"))
    assert found == dict(busy)


@recomputed
@given(steps(NUMBERS), st.integers(0, 30))
def test_states_at_a_moment_are_those_after_the_turns_until_then(history: list[Step], until: int) -> None:
    system, sql = told(history, "int", "FROM states")
    turns = system.past.turns
    moment = turns[min(until, len(turns) - 1)].finished_us if turns else 0

    expected = {
        turn.actor.name: (turn.revision, json.loads(turn.state.value.data))
        for turn in turns
        if turn.state is not None and turn.finished_us <= moment
    }

    found = rows(sql, "SELECT actor, revision, state FROM states_at(make_timestamptz(?))", [moment])
    assert {actor: (revision, json.loads(state)) for actor, revision, state in found} == expected


@recomputed
@given(steps(NUMBERS))
def test_gaps_and_retries_of_the_library_are_those_of_a_plain_loop(history: list[Step]) -> None:
    system, sql = told(history, "int", "FROM invocations")
    turns = system.past.turns

    gaps = sorted((later.started_us - earlier.finished_us for earlier, later in pairwise(turns)), reverse=True)
    assert [us for (us,) in asked(sql, queries.gaps, "epoch_us(until) - epoch_us(since)")] == [us for us in gaps if us]

    chains: dict[tuple[str, str, bytes], list[bool]] = defaultdict(list)
    attempts = Counter[int]()
    for turn in turns:
        chain = chains[turn.actor.name, turn.action, turn.payload.data if turn.payload else b""]
        chain.append(turn.failure is not None)
        if turn.failure is None:
            attempts[len(chain)] += 1
            chain.clear()
    attempts.update(len(chain) for chain in chains.values())
    found = Counter(count for (count,) in asked(sql, queries.retries, "attempts"))
    assert found == Counter({length: count for length, count in attempts.items() if length > 1})


def asked(sql: HistoryDatabase, query: StandardQuery, columns: str) -> list[tuple[Any, ...]]:
    return sql.query(query.text(limit=1_000)).project(columns).fetchall()


@recomputed
@given(st.data(), st.lists(st.sampled_from(list(OF_TYPE)), min_size=1, max_size=3))
def test_no_value_of_a_field_is_lost_whose_type_was_changed(data: st.DataObject, annotations: list[str]) -> None:
    system, expected = FakeSystem(), []
    sql = database(system)
    for number, annotation in enumerate(annotations):
        system.define("pair", {"field": annotation}, f"d{number}", CLASSES)
        for value in data.draw(st.lists(OF_TYPE[annotation], max_size=4)):
            system.past.turn("pair", msgspec.json.encode({"field": value}), definition=f"d{number}")
            expected.append(value)
        if data.draw(st.booleans()):
            sql.query("FROM history.pair")

    relation = sql.query("SELECT field FROM history.pair ORDER BY revision")

    found, kind = [value for (value,) in relation.fetchall()], str(relation.types[0])
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        assert is_equal(value, wanted, kind), (value, wanted, kind)


def is_equal(value: Any, given: Any, kind: str) -> bool:
    """Whether a column of that type shows what the state has."""
    if given is None:
        return value is None
    if kind == "JSON":
        return bool(json.loads(value) == given)
    if kind == "VARCHAR":
        return bool(value == given if isinstance(given, str) else json.loads(value) == given)
    if kind == "DOUBLE":
        return bool(value == float(given))
    if kind == "JSON[]":
        return [json.loads(each) for each in value] == given
    if kind == "DOUBLE[]":
        return bool(value == [float(each) for each in given])
    return bool(value == given)
