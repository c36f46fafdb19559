"""Annotated attributes as JSON: what comes back equal, and what is refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import math
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import Actor
from runtime.authoring.definition import define
from runtime.errors import BadState, DefinitionError
from runtime.records import JSON, Encoded, State
from runtime.testing.codec_checks import StateCodecChecks
from runtime.wire.codecs.json_state import JsonStateCodec


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: float
    y: float


class Rich(Actor):
    number: int = 0
    ratio: float = 0.5
    text: str = "é"
    maybe: str | None = None
    raw: bytes = b""
    when: datetime.datetime = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    price: decimal.Decimal = decimal.Decimal("1.10")
    identity: uuid.UUID = uuid.UUID(int=5)
    colour: Colour = Colour.RED
    point: Point = Point(0.0, 1.0)
    pair: tuple[int, str] = (1, "a")
    names: set[str] = set()
    by_number: dict[int, list[str]] = {}
    free: Any = None
    mode: Literal["a", "b"] = "a"


class Loose(Actor):
    free: Any = None
    things: list = []  # type: ignore[type-arg]
    table: dict = {}  # type: ignore[type-arg]


def rich() -> JsonStateCodec:
    return JsonStateCodec(define(Rich))


def loose(**fields: Any) -> dict[str, Any]:
    return {"free": None, "things": [], "table": {}, **fields}


class TestRichState(StateCodecChecks):
    def codec(self) -> JsonStateCodec:
        return rich()

    def samples(self) -> list[dict[str, Any]]:
        changed = {
            "number": 2**60,
            "ratio": -1e300,
            "text": "\0 \u2028 🎉",
            "maybe": "",
            "raw": bytes(range(256)),
            "when": datetime.datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=datetime.UTC),
            "price": decimal.Decimal("0.30000000000000000001"),
            "identity": uuid.UUID(int=2**128 - 1),
            "colour": Colour.BLUE,
            "point": Point(1.5, -0.0),
            "pair": (2, "b"),
            "names": {"x", "y"},
            "by_number": {1: ["one"], -2: []},
            "free": {"deep": [1, 2.5, None, True, {"": ""}]},
            "mode": "b",
        }
        return [changed, {**changed, "number": 3}]


REFUSED = {
    "nan": ({"free": math.nan}, "free is nan"),
    "infinity deep inside": ({"table": {"a": [1, math.inf]}}, r"table\['a'\]\[1\] is inf"),
    "non-text key": ({"table": {1: "one"}}, r"table=\{1: 'one'\} would come back as \{'1': 'one'\}"),
    "tuple in an untyped list": ({"things": [(1, 2)]}, "things=.* would come back as"),
    "set in an untyped field": ({"free": {1}}, "free=.* would come back as"),
    "counter that would become a dict": ({"table": collections.Counter("aab")}, "table=Counter"),
    "object without an encoding": ({"free": object()}, "free=<object"),
    "text in place of a list": ({"things": "abc"}, "things='abc' is not a list"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_state_that_would_not_come_back_equal_names_the_field(case: str) -> None:
    fields, message = REFUSED[case]

    with pytest.raises(BadState, match=message):
        JsonStateCodec(define(Loose)).seal(loose(**fields), None)


def test_wrong_type_names_field_value_and_type() -> None:
    with pytest.raises(BadState, match=r"number='five' is not a int"):
        rich().seal({**rich().initial(), "number": "five"}, None)


def test_whole_number_in_a_float_field_comes_back_as_the_equal_float() -> None:
    codec = rich()

    _, back = codec.seal({**codec.initial(), "ratio": 3}, None)

    assert (back["ratio"], type(back["ratio"])) == (3.0, float)


def test_deleted_field_is_refused() -> None:
    fields = loose()
    del fields["table"]

    with pytest.raises(BadState, match="lost its field 'table'"):
        JsonStateCodec(define(Loose)).seal(fields, None)


def test_state_that_contains_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)

    with pytest.raises(BadState, match="things is nested too deeply, or contains itself"):
        JsonStateCodec(define(Loose)).seal(loose(things=ring), None)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    free=json_values,
    things=st.lists(json_values, max_size=4),
    table=st.dictionaries(st.text(), json_values, max_size=4),
)
def test_plain_values_come_back_equal(free: Any, things: list[Any], table: dict[str, Any]) -> None:
    codec = JsonStateCodec(define(Loose))
    fields = loose(free=free, things=things, table=table)

    state, back = codec.seal(fields, None)

    assert back == fields
    if state is not None:
        assert codec.restore(state) == fields


def test_migration_keeps_adds_and_sets_aside() -> None:
    stored = State(Encoded(JSON, b'{"free": 1, "gone": [1], "table": {"a": 1}}'))

    fields, aside = JsonStateCodec(define(Loose)).migrate(stored)

    assert fields == loose(free=1, table={"a": 1})
    assert aside == b'{"gone":[1]}'


def test_field_that_comes_back_gets_its_kept_value() -> None:
    stored = State(Encoded(JSON, b'{"free": 1}'), b'{"things": [7], "other": 2}')

    fields, aside = JsonStateCodec(define(Loose)).migrate(stored)

    assert fields == loose(free=1, things=[7])
    assert aside == b'{"other":2}'


def test_type_without_a_json_form_is_refused_when_defined() -> None:
    class Odd(Actor):
        lock: complex = 1j

    with pytest.raises(
        DefinitionError,
        match=r"A default of odd cannot be kept as state: lock is 1j \(complex\)",
    ):
        JsonStateCodec(define(Odd))


def test_default_that_does_not_fit_is_refused_when_defined() -> None:
    class Wrong(Actor):
        count: int = "none"  # type: ignore[assignment]

    with pytest.raises(DefinitionError, match="count='none' is not a int"):
        JsonStateCodec(define(Wrong))
