"""Values that someone hands over by mistake, or on purpose: what every parameter has to take, or to refuse by name.

By name, so that a test of another process can say which one it means.
"""

from __future__ import annotations

import enum
import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from runtime.errors import SpawnError
from runtime.records import JSON, Encoded


class NoRepr:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError("no repr")


class NoEquality:
    """Cannot be compared, nor hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError("no ==")


class NoTruth:
    """Is neither true nor false."""

    def __bool__(self) -> bool:
        raise ValueError("no bool")


class AnyAttribute:
    """Has every attribute that is asked for, as mocks have."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return AnyAttribute()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return AnyAttribute()


class Text(str):
    """Text of a class of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Number(int):
    """A number of a class of its own."""


class Colour(enum.StrEnum):
    """Text by name."""

    RED = "red"


class NoText(Exception):
    """Cannot say what went wrong."""

    def __str__(self) -> str:
        raise ValueError("no text")


class OddCode(SpawnError):
    """Has a code that is no text."""

    code: Any = 5  # type: ignore[misc]


class ListCode(SpawnError):
    """Has a code that cannot be hashed."""

    code: Any = []  # type: ignore[misc]


def _endless() -> list[Any]:
    itself: list[Any] = []
    itself.append(itself)
    return itself


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


VALUES: dict[str, Any] = {
    "none": None,
    "true": True,
    "number": 5,
    "zero": 0,
    "negative": -1,
    "largest of 64 bits": 2**64 - 1,
    "more than 64 bits": 2**64,
    "400 digits": 10**400,
    "5,000 digits": 10**5000,
    "fraction": 1.5,
    "1e15": 1e15,
    "1e308": 1e308,
    "nan": float("nan"),
    "infinity": float("inf"),
    "number of a class": Number(3),
    "decimal": Decimal("1.5"),
    "empty text": "",
    "text": "text",
    "long text": "x" * 100_000,
    "other letters": "Zürich 日本 🎈",
    "nul": "a\0b",
    "half a surrogate pair": "\ud800",
    "text of a class": Text("x"),
    "surrogate of a class": Text("\ud800"),
    "enumeration": Colour.RED,
    "bytes": b"x",
    "bytes that are no text": b"\xff\xfe",
    "list": ["a"],
    "tuple": (1, 2),
    "set": {1},
    "dict": {"a": 1},
    "dict of text": {"a": "b"},
    "dict with number as key": {1: "a"},
    "dict with surrogate": {"\ud800": "\udfff"},
    "deep": _nested(500),
    "deeper": _nested(50_000),
    "endless": _endless(),
    "object": object(),
    "class": int,
    "function": len,
    "lock": threading.Lock(),
    "no repr": NoRepr(),
    "no equality": NoEquality(),
    "no truth": NoTruth(),
    "any attribute": AnyAttribute(),
    "exception": ValueError("\ud800"),
    "exception without text": NoText(),
    "error with odd code": OddCode("odd"),
    "error with list as code": ListCode("odd"),
    "first time": datetime.min.replace(tzinfo=UTC),
    "last time": datetime.max.replace(tzinfo=UTC),
    "time": datetime(2030, 1, 1, tzinfo=UTC),
    "time without zone": datetime(2030, 1, 1),  # noqa: DTZ001
    "time in the past of the zone": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "span": timedelta(days=999_999_999),
    "uuid": UUID(int=1),
    "encoded": Encoded(JSON, b"{}"),
    "encoded nonsense": Encoded(JSON, b"nonsense"),
    "encoded of no type": Encoded(5, b""),  # type: ignore[arg-type]
    "encoded without bytes": Encoded(JSON, object()),  # type: ignore[arg-type]
}
"""Value by name."""
