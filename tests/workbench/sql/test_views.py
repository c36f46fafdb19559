import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contracts.compiler import compile_text
from runtime.errors import BadQuery
from runtime.records import Encoded, State
from runtime.testing.turns import SYSTEM
from tests.workbench.sql.fake_system import FakeSystem, database, rows
from workbench.sql.json_text import as_message
from workbench.sql.statements import quoted


def one_state(annotation: str, value: object) -> tuple[str, Any]:
    """Type and value of a column for a field of that annotation."""
    system = FakeSystem()
    system.define("a", {"field": annotation})
    system.past.turn("a", json.dumps({"field": value}).encode())
    relation = database(system).query("SELECT field FROM history.a")
    return str(relation.types[0]), relation.fetchall()[0][0]


def test_the_public_promise_holds() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int"})
    system.past.turn("counter", b'{"total": 5}')
    system.past.turn("counter", b'{"total": 7}')

    found = database(system).query("SELECT at, total FROM history.counter ORDER BY revision")

    assert found.columns == ["at", "total"]
    assert [str(kind) for kind in found.types] == ["TIMESTAMP WITH TIME ZONE", "BIGINT"]
    assert [total for _, total in found.fetchall()] == [5, 7]
    assert found.fetchall()[0][0] == datetime.fromtimestamp(system.past.turns[0].finished_us / 1e6, UTC)


def test_five_columns_come_first_then_the_fields() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int", "note": "str"})
    system.past.turn("counter", b'{"total": 5, "note": "x"}')

    found = database(system).query("FROM history.counter")

    assert found.columns == ["actor", "revision", "at", "cause", "definition", "total", "note"]
    assert found.fetchall()[0][3:] == ("i-1", "d1", 5, "x")


def test_a_deployed_actor_has_a_view_before_its_first_turn() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int"})

    assert rows(database(system), "SELECT at, total FROM history.counter") == []


def test_children_are_under_the_name_of_their_template() -> None:
    system = FakeSystem()
    system.define("plane", {"flights": "int"})
    system.past.turn("N1", b'{"flights": 1}', parent="plane")
    system.past.turn("N2", b'{"flights": 2}', parent="plane")

    assert rows(database(system), "SELECT actor, flights FROM history.plane ORDER BY actor") == [("N1", 1), ("N2", 2)]


def test_another_system_has_a_schema_of_its_own() -> None:
    system = FakeSystem()
    system.past.turn("counter", b'{"total": 1}', system="billing")

    assert rows(database(system), "SELECT state->>'total' FROM history_billing.counter") == [("1",)]


def test_turns_that_change_nothing_are_no_revisions() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int"})
    system.past.turn("counter", b'{"total": 1}')
    system.past.turn("counter")
    system.past.turn("counter", fails=True)

    assert rows(database(system), "SELECT count(*) FROM history.counter") == [(1,)]


@pytest.mark.parametrize(
    ("annotation", "value", "column", "expected"),
    [
        ("int", 2**53 + 1, "BIGINT", 2**53 + 1),
        ("float", 0.1, "DOUBLE", 0.1),
        ("float", "NaN", "DOUBLE", None),
        ("bool", True, "BOOLEAN", True),
        ("str", "Grüße 🎈 \x00 '\"", "VARCHAR", "Grüße 🎈 \x00 '\""),
        ("bytes", "aGk=", "BLOB", b"hi"),
        ("datetime", "2024-01-02T03:04:05.000006Z", "TIMESTAMP WITH TIME ZONE", datetime(2024, 1, 2, 3, 4, 5, 6, UTC)),
        ("timedelta", "P1DT3.000005S", "INTERVAL", timedelta(days=1, seconds=3, microseconds=5)),
        ("timedelta", "-PT86397S", "INTERVAL", timedelta(days=-1, seconds=3)),
        ("timedelta", "P0D", "INTERVAL", timedelta(0)),
        ("timedelta", "P999999999DT86399.999999S", "INTERVAL", timedelta.max),
        ("Decimal", "-12.50", "DECIMAL(38,9)", Decimal("-12.5")),
        ("Decimal", "9" * 29 + ".999999999", "DECIMAL(38,9)", Decimal("9" * 29 + ".999999999")),
        ("list[int]", [1, 2], "BIGINT[]", [1, 2]),
        ("dict[str, list[float]]", {"a": [1.5]}, "MAP(VARCHAR, DOUBLE[])", {"a": [1.5]}),
        ("dict[int, str]", {"1": "x"}, "MAP(BIGINT, VARCHAR)", {1: "x"}),
        ("__main__.Point", {"x": 1}, "JSON", '{"x":1}'),
        ("int | None", None, "BIGINT", None),
        ("list[int]", None, "BIGINT[]", None),
    ],
)
def test_fields_are_typed(annotation: str, value: object, column: str, expected: object) -> None:
    kind, found = one_state(annotation, value)

    assert kind == column
    assert found == expected or (value == "NaN" and found != found)


@pytest.mark.parametrize(
    ("annotation", "value", "column", "expected"),
    [
        ("int", 2**64, "HUGEINT", 2**64),
        ("int", -(10**50), "VARCHAR", str(-(10**50))),
        ("list[int]", [1, 2**64], "JSON", "[1,18446744073709551616]"),
        ("dict[str, int]", {"a": 2**64}, "JSON", '{"a":18446744073709551616}'),
        ("int", "seven", "VARCHAR", "seven"),
        ("datetime", "soon", "VARCHAR", "soon"),
        ("bytes", "no base64!", "VARCHAR", "no base64!"),
        ("timedelta", "P1Y", "VARCHAR", "P1Y"),
        ("Decimal", "0.1234567891", "VARCHAR", "0.1234567891"),
        ("Decimal", "1" * 30, "VARCHAR", "1" * 30),
        ("Decimal", "NaN", "VARCHAR", "NaN"),
        ("Decimal", "1E+3", "VARCHAR", "1E+3"),
        ("list[int]", "text", "JSON", '"text"'),
    ],
)
def test_a_value_that_does_not_fit_widens_its_column(
    annotation: str, value: object, column: str, expected: object
) -> None:
    assert one_state(annotation, value) == (column, expected)


def test_a_column_widens_when_a_later_value_does_not_fit() -> None:
    system = FakeSystem()
    system.define("a", {"n": "int", "other": "int"})
    system.past.turn("a", b'{"n": 1, "other": 1}')
    history = database(system)
    before = history.query("SELECT n FROM history.a")

    system.past.turn("a", b'{"n": 18446744073709551616, "other": 2}')

    after = history.query("SELECT n, other FROM history.a ORDER BY revision")
    assert (before.fetchall(), after.fetchall()) == ([(1,)], [(1, 1), (2**64, 2)])
    assert [str(kind) for kind in after.types] == ["HUGEINT", "BIGINT"]
    assert rows(history, "SELECT type FROM columns WHERE name = 'n'") == [("HUGEINT",)]


def test_every_definition_adds_its_fields() -> None:
    system = FakeSystem()
    system.define("a", {"old": "str", "n": "int"}, "d1")
    system.past.turn("a", b'{"old": "x", "n": 1}', definition="d1")
    history = database(system)
    rows(history, "FROM history.a")

    system.define("a", {"n": "float", "new": "bool"}, "d2")
    system.past.turn("a", b'{"n": 1.5, "new": true}', definition="d2")

    found = history.query("SELECT n, new, old FROM history.a ORDER BY revision")
    assert found.fetchall() == [(1.0, None, "x"), (1.5, True, None)]


def test_without_a_known_field_the_state_is_shown_whole() -> None:
    system = FakeSystem()
    system.past.turn("a", b'{"x": [1]}')
    system.past.turn("b", State(Encoded("type.googleapis.com/shop.Cart", b"\x08\x01")))

    history = database(system)

    assert rows(history, "SELECT state FROM history.a") == [('{"x": [1]}',)]
    assert json.loads(rows(history, "SELECT state FROM history.b")[0][0]) == {
        "@type": "type.googleapis.com/shop.Cart",
        "value": "CAE=",
    }


def test_fields_that_no_definition_tells_are_taken_from_the_states() -> None:
    system = FakeSystem()
    system.define("foreign", {})
    db = database(system)
    system.past.turn("foreign", b'{"n": 1, "by": null, "state": true}')
    before = db.query("FROM history.foreign")
    system.past.turn("foreign", b'{"n": 2.5, "by": "node", "parts": [1]}')

    found = db.query("FROM history.foreign ORDER BY revision")

    assert before.columns[5:] == ["n", "by", "state", "state_2"]
    assert found.columns[5:] == ["n", "by", "state", "parts", "state_2"]
    assert [row[5:8] for row in found.fetchall()] == [(1.0, None, True), (2.5, "node", None)]
    assert str(found.types[5]) == "DOUBLE"


def test_states_that_are_no_objects_are_shown_whole() -> None:
    system = FakeSystem()
    system.past.turn("odd", b"[1, 2]")
    system.past.turn("odd", b'"text"')

    found = database(system).query("SELECT * EXCLUDE (at, cause, definition) FROM history.odd ORDER BY revision")

    assert found.columns == ["actor", "revision", "state"]
    assert [row[2] for row in found.fetchall()] == ["[1, 2]", '"text"']


def test_states_of_a_known_message_have_its_fields() -> None:
    thing = compile_text(
        'syntax = "proto3"; package seen.v1; message Thing { int64 a = 1; repeated string b = 2; }'
    ).Thing
    system = FakeSystem()
    data = thing(a=5, b=["x"]).SerializeToString()
    system.past.turn("typed", State(Encoded("type.googleapis.com/seen.v1.Thing", data)))

    found = database(system, decode_state=as_message).query("SELECT a, b, state->>'a' AS again FROM history.typed")

    assert found.fetchall() == [(5, '["x"]', "5")]


def test_a_decoder_shows_protobuf_states_as_json() -> None:
    system = FakeSystem()
    system.define("b", {"total": "int"})
    system.past.turn("b", State(Encoded("type.googleapis.com/shop.Cart", b"\x08\x07")))

    history = database(system, decode_state=lambda value: b'{"total": %d}' % value.data[1])

    assert rows(history, "SELECT total FROM history.b") == [(7,)]


def test_a_decoder_that_fails_leaves_type_and_bytes() -> None:
    system = FakeSystem()
    system.past.turn("b", State(Encoded("type.googleapis.com/shop.Cart", b"\x08\x07")))

    history = database(system, decode_state=lambda value: bytes(1 // 0))

    assert rows(history, "SELECT state->>'@type' FROM history.b") == [("type.googleapis.com/shop.Cart",)]


def test_a_field_named_like_a_fixed_column_is_renamed() -> None:
    system = FakeSystem()
    system.define("a", {"at": "int", "Cause": "int", "state_at": "int"})
    system.past.turn("a", b'{"at": 1, "Cause": 2, "state_at": 3}')
    history = database(system)

    assert rows(history, "SELECT state_at, state_Cause, state_at_2 FROM history.a") == [(1, 2, 3)]
    assert rows(history, "SELECT name, field FROM columns WHERE field IS NOT NULL ORDER BY field") == [
        ("state_Cause", "Cause"), ("state_at", "at"), ("state_at_2", "state_at"),
    ]  # fmt: skip


def test_names_that_differ_only_in_case_are_numbered_and_listed() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int", "Total": "list[int]"})
    system.define("Counter", {"n": "int"})
    system.past.turn("counter", b'{"total": 1, "Total": [2]}')
    system.past.turn("Counter", b'{"n": 3}')
    history = database(system)

    assert rows(history, "SELECT total, Total_2 FROM history.counter") == [(1, [2])]
    assert rows(history, "SELECT n FROM history.Counter_2") == [(3,)]
    assert rows(history, "SELECT DISTINCT view, actor FROM columns ORDER BY view") == [
        ('history."Counter_2"', "Counter"), ("history.counter", "counter"),
    ]  # fmt: skip


ODD = 'x"; DROP TABLE audit; --'


def test_names_are_never_taken_for_sql() -> None:
    system = FakeSystem()
    system.define(ODD, {ODD: "int", "a'b": "int", "a/b~c": "list[int]", "": "str"})
    system.past.turn(ODD, json.dumps({ODD: 1, "a'b": 2, "a/b~c": [3], "": "e"}).encode(), system=SYSTEM)
    system.past.turn(ODD, b'{"x": 1}', system=ODD)
    history = database(system)

    found = history.query(f"FROM history.{quoted(ODD)}")

    assert found.fetchall()[0][5:] == (1, 2, [3], "e")
    assert rows(history, f"SELECT count(*) FROM {quoted(f'history_{ODD}')}.{quoted(ODD)}") == [(1,)]
    assert rows(history, "SELECT count(*) FROM audit") == [(0,)]


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(
    actors=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    fields=st.lists(NAMES, min_size=1, max_size=4, unique=True),
)
def test_any_names_give_views_with_every_value(actors: list[str], fields: list[str]) -> None:
    system = FakeSystem()
    for actor in actors:
        system.define(actor, dict.fromkeys(fields, "int"))
        system.past.turn(actor, json.dumps({field: len(field) + i for i, field in enumerate(fields)}).encode())
    history = database(system)

    views = dict(rows(history, "SELECT DISTINCT actor, view FROM columns"))

    assert set(views) == set(actors)
    for actor in actors:
        found = rows(history, f"FROM {views[actor]}")
        assert [row[5:] for row in found] == [tuple(len(field) + i for i, field in enumerate(fields))]


def test_a_state_that_is_no_json_does_not_fail_the_query() -> None:
    system = FakeSystem()
    system.define("a", {"n": "int"})
    system.past.turn("a", b'{"n": 1}')
    system.past.turn("a", b"{broken \xff")
    history = database(system)

    assert rows(history, "SELECT revision, n FROM history.a ORDER BY revision") == [(1, 1), (2, None)]
    assert rows(history, "SELECT state->>'$' FROM revisions WHERE revision = 2") == [("{broken \ufffd",)]


def test_an_unknown_view_names_the_nearest() -> None:
    system = FakeSystem()
    system.define("counter", {"n": "int"})

    with pytest.raises(BadQuery, match=r"no table countr\. Did you mean history\.counter"):
        database(system).query("FROM history.countr")
