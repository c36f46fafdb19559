"""Values of numpy, pandas, pydantic and attrs as state, payload and answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

import runtime
from runtime import Actor, action
from runtime.errors import BadPayload, BadResponse, BadState
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.codecs import library_types

pydantic = pytest.importorskip("pydantic")


class Customer(pydantic.BaseModel):  # type: ignore[name-defined, misc]
    name: str
    age: int = 0
    since: datetime | None = None


@attrs.define
class Item:
    name: str
    price: float = 0.0


PRICES = pd.DataFrame({"name": ["a", "b"], "price": [1.5, float("nan")]}, index=[3, 4])


class Store(Actor, name="store"):
    count: int = 0
    weight: float = 0.0
    open: bool = False
    label: str = ""
    at: datetime | None = None
    size: np.int64 = np.int64(0)
    numbers: list[int] = []
    any: Any = None
    plain: list[float] = []
    customer: Customer = Customer(name="nobody")
    item: Item = Item("nothing")
    points: np.ndarray = np.zeros((0,))
    prices: pd.DataFrame = pd.DataFrame()
    by_name: dict[str, np.ndarray] = {}

    @action
    def put(self, field: str) -> Any:
        setattr(self, field, GIVEN[0])
        return getattr(self, field)

    @action
    def typed(self, customer: Customer, points: np.ndarray, prices: pd.DataFrame, item: Item, n: int) -> list[str]:
        return [type(value).__name__ for value in (customer, points, prices, item, n)]

    @action
    def any_type(self, value) -> str:  # type: ignore[no-untyped-def]
        return type(value).__name__

    @action
    def answer(self) -> Any:
        return GIVEN[0]


GIVEN: list[Any] = [None]


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with runtime.embedded() as system:
        system.deploy(Store)
        yield system


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("count", np.int64(5), 5),
        ("count", pd.Series([1, 2]).iloc[0], 1),
        ("weight", np.float64(2.5), 2.5),
        ("weight", np.float32(0.1), float(np.float32(0.1))),
        ("open", np.bool_(True), True),
        ("label", np.str_("x"), "x"),
        ("at", pd.Timestamp("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        ("size", np.int64(7), 7),
        ("numbers", [np.int64(1), 2], [1, 2]),
        ("any", np.int64(9), 9),
        ("customer", Customer(name="x", age=3), {"name": "x", "age": 3, "since": None}),
        ("item", Item("x", 2.0), {"name": "x", "price": 2.0}),
    ],
)
def test_scalar_or_model_is_kept_where_an_equal_value_comes_back(
    system: EmbeddedSystem, field: str, value: Any, kept: Any
) -> None:
    GIVEN[0] = value

    system.invoke("store", "put", {"field": field})
    system.invoke("store", "put", {"field": field})

    assert system.state("store")[field] == kept


@pytest.mark.parametrize(
    "value", [np.arange(6.0).reshape(2, 3), np.array(["a", "bc"]), np.array(3), np.array([np.nan, -0.0])]
)
def test_array_comes_back_equal_to_the_bit(system: EmbeddedSystem, value: Any) -> None:
    GIVEN[0] = value

    answer = system.invoke("store", "put", {"field": "points"})
    state = system.state("store")["points"]

    for read in (answer, state):
        assert library_types.are_equal(read, value)
        assert read.flags.writeable


def test_data_frame_and_nested_arrays_are_kept(system: EmbeddedSystem) -> None:
    GIVEN[0] = PRICES
    system.invoke("store", "put", {"field": "prices"})
    GIVEN[0] = {"a": np.arange(3)}
    system.invoke("store", "put", {"field": "by_name"})

    state = system.state("store")

    pd.testing.assert_frame_equal(state["prices"], PRICES)
    assert state["by_name"]["a"].tolist() == [0, 1, 2]


def test_payload_becomes_what_the_annotation_says(system: EmbeddedSystem) -> None:
    payload = {
        "customer": Customer(name="x"),
        "points": np.arange(3),
        "prices": PRICES,
        "item": Item("y"),
        "n": np.int64(3),
    }
    plain = {"customer": {"name": "x"}, "points": [1, 2], "prices": [{"a": 1}], "item": {"name": "y"}, "n": 3}

    for given in (payload, plain):
        kinds = system.invoke("store", "typed", given)
        assert kinds == ["Customer", "ndarray", "DataFrame", "Item", "int"]
    assert system.invoke("store", "any_type", {"value": PRICES}) == "DataFrame"


@pytest.mark.parametrize("value", [np.float64(1.5), np.int64(3), np.bool_(False)])
def test_answer_of_a_scalar_is_the_plain_one(system: EmbeddedSystem, value: Any) -> None:
    GIVEN[0] = value

    assert system.invoke("store", "answer") == value


def test_wrong_model_in_a_payload_is_named(system: EmbeddedSystem) -> None:
    with pytest.raises(BadPayload, match=r"customer|Customer"):
        system.invoke(
            "store", "typed", {"customer": {"age": 1}, "points": [], "prices": [], "item": {"name": ""}, "n": 1}
        )


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        (
            "plain",
            np.arange(3.0),
            "plain is a ndarray of shape (3,), and declared as list[float]: declare it as ndarray",
        ),
        ("any", PRICES, "any is a DataFrame of shape (2, 2), and declared as Any: declare it as DataFrame"),
        ("any", np.complex128(1j), "(complex128): a complex128 has no JSON form. Use its .real and .imag"),
        ("any", [1, {"x": pd.Series([1])}], "any[1]['x'] is"),
        ("any", pd.NaT, "Use None"),
        ("numbers", [np.datetime64("2020-01-01")], "numbers="),
    ],
)
def test_value_that_cannot_be_kept_is_named_with_the_way_out(
    system: EmbeddedSystem, field: str, value: Any, told: str
) -> None:
    GIVEN[0] = value

    with pytest.raises(BadState) as caught:
        system.invoke("store", "put", {"field": field})

    assert told in str(caught.value)


def test_part_of_a_payload_or_an_answer_is_named(system: EmbeddedSystem) -> None:
    with pytest.raises(BadPayload, match=r"Cannot encode the payload: rows\[1\] is .*Series.*\.tolist\(\)"):
        system.invoke("store", "any_type", {"rows": [1, pd.Series([1])]})
    with pytest.raises(BadPayload, match=r"path is .*Use str\(…\)"):
        system.invoke("store", "any_type", {"path": Path("x")})
    GIVEN[0] = {"x": 1j}
    with pytest.raises(BadResponse, match=r"x is 1j \(complex\)"):
        system.invoke("store", "answer")


def test_array_above_the_limit_says_its_size(system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_types, "MAX_ARROW_BYTES", 1_000)
    GIVEN[0] = np.zeros(1_000)

    with pytest.raises(BadState, match=r"points is a ndarray of shape \(1000,\).*takes 8,000 bytes, and at most 1,000"):
        system.invoke("store", "put", {"field": "points"})


def test_no_library_is_imported_for_plain_values() -> None:
    code = (
        "import sys, runtime\n"
        "class A(runtime.Actor, name='a'):\n    n: int = 0\n    @runtime.action\n    def up(self, by: int) -> int:\n"
        "        self.n += by\n        return self.n\n"
        "with runtime.embedded() as s:\n    s.deploy(A)\n    assert s.invoke('a', 'up', {'by': 2}) == 2\n"
        "print([m for m in ('numpy', 'pandas', 'pydantic', 'attrs') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


def test_model_that_does_not_fit_is_said_field_by_field_and_without_its_values(system: EmbeddedSystem) -> None:
    wrong = {"customer": {"age": "hush4711"}, "points": [], "prices": [], "item": {"name": "x"}, "n": 1}

    with pytest.raises(BadPayload) as caught:
        system.invoke("store", "typed", wrong)

    assert "no Customer: name: Field required; age: Input should be a valid integer" in str(caught.value)
    assert "hush4711" not in str(caught.value)
    assert "://" not in str(caught.value)
