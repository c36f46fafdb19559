"""All places at which two values differ, whatever their size."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render.differences import ABSENT, differences, value_at

json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3),
    max_leaves=12,
)


def found(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    return [(each.path, each.old, each.new) for each in differences(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, [("a.b[1].c", 2, 3)]),
        ({"a": 1}, {"b": 1}, [("b", ABSENT, 1), ("a", 1, ABSENT)]),
        ([1, 2, 3], [0, 1, 2, 3], [("[0]", ABSENT, 0)]),
        ([1, 2, 3], [1, 3], [("[1]", 2, ABSENT)]),
        ([1, 2], [1, 5, 6], [("[1]", 2, 5), ("[2]", ABSENT, 6)]),
        ({"a": None}, {}, [("a", None, ABSENT)]),
        (1, 1.0, []),
        ({"a": True}, {"a": 1}, [("a", True, 1)]),
        ([True], [1], [("[0]", True, 1)]),
        ({"a": float("nan")}, {"a": float("nan")}, []),
        ({"a": {}}, {"a": []}, [("a", {}, [])]),
        (None, {"a": 1}, [("", None, {"a": 1})]),
    ],
)
def test_each_place_is_found_with_both_sides(old: Any, new: Any, expected: list[Any]) -> None:
    assert found(old, new) == expected


@given(json)
def test_a_value_does_not_differ_from_its_copy(value: Any) -> None:
    assert found(value, copy.deepcopy(value)) == []


@given(json, json)
def test_both_sides_stand_at_the_place_in_their_value(old: Any, new: Any) -> None:
    for each in differences(old, new):
        sides = [(old, each.old), (new, each.new)]
        assert all(side is ABSENT or value_at(value, each.keys) is side for value, side in sides)


def test_a_hundred_thousand_entries_are_compared_whole() -> None:
    old = {"rows": {str(n): {"price": n} for n in range(100_000)}}
    new = copy.deepcopy(old)
    new["rows"]["99999"]["price"] = 0

    assert found(old, new) == [("rows.99999.price", 99_999, 0)]
