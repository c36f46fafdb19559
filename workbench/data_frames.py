"""Rows of results as pandas, polars or Arrow, whichever is installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from runtime.codecs.values import decode_value
from runtime.errors import Mistake
from runtime.ids import ActorId
from runtime.records import Encoded

_SCALARS = (str, int, float, bool, datetime, type(None))


class NotInstalled(Mistake):
    """A package that the conversion needs is missing."""

    code = "not_installed"

    def __init__(self, package: str) -> None:
        super().__init__(f"This needs {package}, which is not installed here. Install it with: %pip install {package}")


def as_dict(record: Any) -> dict[str, Any]:
    """A record's fields as plain values: names for actors, decoded payloads and states."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__}


def to_pandas(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A pandas DataFrame; values that are no scalars stay the objects that they are.

    Raises:
        NotInstalled: there is no pandas.
    """
    return _package("pandas").DataFrame(list(rows))


def to_polars(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A polars DataFrame; values that are no scalars are JSON text.

    Raises:
        NotInstalled: there is no polars.
    """
    return _package("polars").DataFrame([_flat(row) for row in rows], strict=False, infer_schema_length=None)


def to_arrow(rows: Sequence[Mapping[str, Any]]) -> Any:
    """An Arrow table; values that are no scalars are JSON text, and so is a column of several types.

    Raises:
        NotInstalled: there is no pyarrow.
    """
    flat = [_flat(row) for row in rows]
    mixed = {name for name in (flat[0] if flat else ()) if len({type(r[name]) for r in flat} - {type(None)}) > 1}
    uniform = [{k: _json(v) if k in mixed and v is not None else v for k, v in row.items()} for row in flat]
    return _package("pyarrow").Table.from_pylist(uniform)


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise NotInstalled(name) from None


def _plain(value: Any) -> Any:
    if isinstance(value, ActorId):
        return value.name
    return decode_value(value) if isinstance(value, Encoded) else value


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, _SCALARS) else _json(value) for name, value in row.items()}


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        return repr(value)
