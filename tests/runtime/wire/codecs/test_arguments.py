"""From payloads to arguments."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from runtime import Actor, Context, action
from runtime.authoring.definition import define
from runtime.errors import BadPayload, DefinitionError
from runtime.wire.codecs.arguments import argument_reader
from runtime.wire.codecs.values import decode_value, encode_value


class Taker(Actor):
    @action
    def typed(self, count: int, when: datetime.date, tags: list[str] = []) -> None: ...  # noqa: B006

    @action
    def free(self, anything, **others) -> None: ...  # type: ignore[no-untyped-def]

    @action
    def nothing(self, ctx: Context) -> None: ...

    @action
    def named(self, *, only: bool) -> None: ...


def read(name: str, payload: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    spec = define(Taker).actions[name]
    return argument_reader("taker", spec)(encode_value(payload, what="it"))


def test_fields_become_arguments_of_their_types() -> None:
    arguments, _ = read("typed", {"count": 3, "when": "2013-01-01", "tags": ["a"]})

    assert arguments == (3, datetime.date(2013, 1, 1), ["a"])


def test_mutable_default_is_fresh_for_each_call() -> None:
    spec = define(Taker).actions["typed"]
    reader = argument_reader("taker", spec)
    payload = encode_value({"count": 3, "when": "2013-01-01"}, what="it")

    reader(payload)[0][2].append("leak")

    assert reader(payload)[0][2] == []


def test_keyword_only_and_free_fields_are_passed_by_name() -> None:
    assert read("named", {"only": True}) == ((), {"only": True})
    assert read("free", {"anything": [1], "more": 2}) == ((), {"anything": [1], "more": 2})


def test_no_payload_fits_an_action_without_parameters() -> None:
    assert read("nothing", None)[0] == ()


WRONG = {
    "missing": ({"count": 1}, r"parameter 'when' is missing; expected date"),
    "unknown": ({"count": 1, "when": "2013-01-01", "tag": []}, "no parameter 'tag'. Did you mean tags"),
    "type": ({"count": "1", "when": "2013-01-01"}, "count expected `int`, and got '1'"),
    "deep type": (
        {"count": 1, "when": "2013-01-01", "tags": ["a", 2]},
        r"tags\[1\] expected `str`, and got \['a', 2\]",
    ),
    "bad date": ({"count": 1, "when": "1st of May"}, "when"),
    "no mapping": ([1, 2], r"takes named fields, and got \[1, 2\]"),
}


@pytest.mark.parametrize("case", WRONG)
def test_payload_that_does_not_fit_says_what_and_where(case: str) -> None:
    payload, message = WRONG[case]

    with pytest.raises(BadPayload, match=message):
        read("typed", payload)


def test_value_without_an_encoding_is_refused_where_it_is_sent() -> None:
    with pytest.raises(BadPayload, match=r"Cannot encode the payload of a\.b"):
        encode_value({"x": object()}, what="the payload of a.b")


def test_nothing_is_encoded_as_nothing() -> None:
    assert encode_value(None, what="it") is None
    assert decode_value(None) is None


def test_positional_parameters_are_refused_when_defined() -> None:
    class Star(Actor):
        @action
        def any(self, *values: int) -> None: ...

    with pytest.raises(DefinitionError, match="cannot be filled from a payload"):
        define(Star)


@pytest.mark.parametrize("value", [float("nan"), {"x": [1.0, float("inf")]}, [None, {"y": float("-inf")}]])
def test_number_that_json_has_not_is_refused_not_made_null(value: Any) -> None:
    with pytest.raises(BadPayload, match=r"Cannot encode the payload: .* is (nan|-?inf), which JSON has no number for"):
        encode_value(value, what="the payload")


def test_null_and_text_of_it_are_values() -> None:
    for value in ({"x": None}, "null", [None, 1.5]):
        assert decode_value(encode_value(value, what="it")) == value
