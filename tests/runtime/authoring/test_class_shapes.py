"""What definitions keep of the classes of their fields."""

from __future__ import annotations

import enum
import typing
from dataclasses import dataclass

import msgspec

from runtime.authoring.class_shapes import class_shapes
from runtime.authoring.definition import type_text


class Color(enum.Enum):
    RED = "red"


class Bits(enum.Flag):
    A = 1


class Strange(enum.Enum):
    IT = object()


@dataclass
class Inner:
    color: Color
    again: Inner | None = None
    _hidden: int = 0


@dataclass
class Outer:
    inner: list[Inner]


class Compact(msgspec.Struct, array_like=True):
    x: int


class Renamed(msgspec.Struct, rename="camel"):
    the_x: int


class Partial(typing.TypedDict, total=False):
    x: int


class Broken:
    __attrs_attrs__ = property(lambda self: 1 / 0)


def shapes(*annotations: object) -> dict[str, object]:
    return {name: msgspec.json.decode(text) for name, text in class_shapes(annotations, type_text).items()}


def test_classes_inside_classes_are_found_once() -> None:
    assert shapes(Outer | None, list[Outer]) == {
        "Outer": {"fields": {"inner": f"list[{__name__}.Inner]"}},
        "Inner": {"fields": {"color": "Color", "again": f"{__name__}.Inner | None"}},
        "Color": {"members": {"RED": "red"}},
    }


def test_fields_have_the_names_that_their_json_has() -> None:
    assert shapes(Renamed) == {"Renamed": {"fields": {"theX": "int"}}}


def test_a_class_whose_json_has_not_always_these_keys_is_left_out() -> None:
    assert shapes(Compact, Partial, Bits, Strange, Broken, int, list[str], typing.Any) == {}


def test_two_classes_of_one_name_are_left_out() -> None:
    other = enum.Enum("Color", {"X": "x"})

    assert shapes(Color, other) == {}
