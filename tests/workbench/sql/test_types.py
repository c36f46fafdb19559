"""State fields arrive with the types that they have in Python, and after a change of the class with all their values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, TypedDict

import msgspec
import numpy as np
import pytest

import runtime
from runtime import Actor, action
from tests.workbench.sql.fake_system import FakeSystem, database, rows
from workbench.sql.database import HistoryDatabase

pydantic, attrs = pytest.importorskip("pydantic"), pytest.importorskip("attrs")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Point:
    x: int = 0
    color: Color = Color.RED
    day: date = date(2024, 1, 2)


@attrs.define
class Size:
    width: int = 3


class Note(pydantic.BaseModel):  # type: ignore[name-defined,misc]
    text: str = pydantic.Field(alias="theText")
    marks: list[int] = []


class Tagged(msgspec.Struct, tag=True):
    levels: list[Level] = []


class Seat(TypedDict):
    row: int


class Typed(Actor, name="typed"):
    color: Color = Color.RED
    level: Level = Level.LOW
    point: Point = Point()
    points: list[Point] = []
    size: Size | None = None
    note: Note = Note(theText="größer")
    tagged: Tagged = Tagged([Level.HIGH])
    seat: Seat = {"row": 4}
    day: date = date(2024, 1, 1)
    hour: time = time(1, 2)
    moment: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    took: timedelta = timedelta(seconds=90)
    price: Decimal = Decimal("1.50")
    numbers: np.ndarray = np.array([1.5, 2, np.nan])
    grid: np.ndarray = np.array([[1, 2], [3, 4]])

    @action
    def fill(self) -> None:
        self.level = Level.HIGH
        self.points.append(Point(1, Color.BLUE))
        self.size = Size(7)


TYPES = {
    "color": ("ENUM('red', 'blue')", "red"),
    "level": ("ENUM('LOW', 'HIGH')", "HIGH"),
    "point": ('STRUCT(x BIGINT, color VARCHAR, "day" DATE)', {"x": 0, "color": "red", "day": date(2024, 1, 2)}),
    "points": ('STRUCT(x BIGINT, color VARCHAR, "day" DATE)[]', [{"x": 1, "color": "blue", "day": date(2024, 1, 2)}]),
    "size": ("STRUCT(width BIGINT)", {"width": 7}),
    "note": ("STRUCT(theText VARCHAR, marks BIGINT[])", {"theText": "größer", "marks": []}),
    "tagged": ('STRUCT("type" VARCHAR, levels BIGINT[])', {"type": "Tagged", "levels": [2]}),
    "seat": ('STRUCT("row" BIGINT)', {"row": 4}),
    "day": ("DATE", date(2024, 1, 1)),
    "hour": ("TIME", time(1, 2)),
    "moment": ("TIMESTAMP WITH TIME ZONE", datetime(2024, 1, 1, tzinfo=UTC)),
    "took": ("INTERVAL", timedelta(seconds=90)),
    "price": ("DECIMAL(38,9)", Decimal("1.5")),
    "numbers": ("DOUBLE[]", [1.5, 2.0, None]),
    "grid": ("JSON", "[[1,2],[3,4]]"),
}


def test_every_field_has_its_type_and_its_value() -> None:
    with runtime.embedded(store="memory://") as system:
        system.deploy(Typed)
        system.invoke("typed", "fill")

        relation = HistoryDatabase(system).query(f"SELECT {', '.join(TYPES)} FROM history.typed")

        found = zip(relation.columns, map(str, relation.types), relation.fetchall()[0], strict=True)
        assert {name: (kind, value) for name, kind, value in found} == TYPES


def test_a_struct_is_asked_by_its_fields_and_an_enumeration_by_its_values() -> None:
    with runtime.embedded(store="memory://") as system:
        system.deploy(Typed)
        system.invoke("typed", "fill")
        history = HistoryDatabase(system)

        assert rows(history, "SELECT points[1].color, size.width FROM history.typed WHERE level = 'HIGH'") == [
            ("blue", 7)
        ]
        assert rows(history, "SELECT color FROM history.typed WHERE color = 'none of them'") == []


POINT_1 = {"Point": '{"fields":{"x":"int"}}', "Color": '{"members":{"RED":1,"BLUE":2}}'}
POINT_2 = {"Point": '{"fields":{"x":"float","y":"int"}}', "Color": '{"members":{"GREEN":1,"BLUE":2,"GREY":3}}'}


def two_versions() -> FakeSystem:
    """Its class `Point` got a field, and its class `Color` other members."""
    system = FakeSystem()
    fields = {"at_": "Point", "color": "Color"}
    system.define("ship", fields, "d1", POINT_1)
    system.past.turn("ship", b'{"at_": {"x": 1}, "color": 2}', definition="d1")
    system.define("ship", fields, "d2", POINT_2)
    system.past.turn("ship", b'{"at_": {"x": 1.5, "y": null}, "color": 3}', definition="d2")
    system.past.turn("ship", b'{"at_": null, "color": null}', definition="d2")
    return system


def test_a_struct_whose_class_changed_has_the_fields_of_both() -> None:
    relation = database(two_versions()).query("SELECT at_ FROM history.ship ORDER BY revision")

    assert str(relation.types[0]) == "STRUCT(x DOUBLE, y BIGINT)"
    assert relation.fetchall() == [({"x": 1.0, "y": None},), ({"x": 1.5, "y": None},), (None,)]


def test_an_enumeration_whose_members_changed_is_text_with_their_names() -> None:
    relation = database(two_versions()).query("SELECT color FROM history.ship ORDER BY revision")

    assert str(relation.types[0]) == "VARCHAR"
    assert relation.fetchall() == [("BLUE",), ("GREY",), (None,)]


ODD: list[tuple[bytes, Any]] = [
    (b'{"at_": {"x": "far"}, "color": 1}', '{"x":"far"}'),
    (b'{"at_": [1, 2], "color": 1}', "[1,2]"),
    (b'{"at_": 7, "color": 1}', "7"),
]


@pytest.mark.parametrize(("state", "shown"), ODD)
def test_a_value_that_does_not_fit_a_struct_makes_the_column_json(state: bytes, shown: str) -> None:
    system = two_versions()
    system.past.turn("ship", state, definition="d2")

    relation = database(system).query("SELECT at_ FROM history.ship ORDER BY revision")

    assert str(relation.types[0]) == "JSON"
    values = [value for (value,) in relation.fetchall()]
    assert values[-1] == shown
    assert values[0] == '{"x":1}'


def test_a_value_that_is_no_member_makes_the_column_text() -> None:
    system = FakeSystem()
    system.define("ship", {"color": "Color"}, "d1", POINT_1)
    for value in (b"1", b"9", b'"odd"'):
        system.past.turn("ship", b'{"color": %s}' % value)

    relation = database(system).query("SELECT color FROM history.ship ORDER BY revision")

    assert str(relation.types[0]) == "VARCHAR"
    assert relation.fetchall() == [("RED",), ("9",), ("odd",)]


def test_what_is_no_array_where_one_was_declared_is_shown_as_it_is() -> None:
    system = FakeSystem()
    system.define("ship", {"path": "ndarray"})
    for value in (b"null", b"[1, 2]", b'{"$arrow": "broken"}'):
        system.past.turn("ship", b'{"path": %s}' % value)

    relation = database(system).query("SELECT path FROM history.ship ORDER BY revision")

    assert relation.fetchall() == [(None,), ("[1,2]",), ('{"$arrow":"broken"}',)]
