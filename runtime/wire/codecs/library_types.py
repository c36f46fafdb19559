"""Values of numpy, pandas and pydantic as JSON and back, without an import of any of them.

A value of theirs can only exist where its user has imported the library, so the class of the value, or the annotation, says
all: its module and its name.  msgspec calls `encode_hook` and `decode_hook` for what it does not know itself, so plain values pay
nothing.

- A number, text or time of numpy or pandas becomes the plain one that is equal to it.
- A pydantic model becomes what its own `model_dump` gives, and is validated when it is read.
- An array or a DataFrame becomes `{"$arrow": …}`: an Arrow IPC stream in base64, with what Arrow does not keep beside it.  It
  comes back where the annotation says so, in an answer, and in a parameter without annotation; elsewhere it stays that object,
  which every reader of JSON understands.
"""

from __future__ import annotations

import base64
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from typing import Any

import msgspec

from runtime.errors import shown, type_name

MAX_ARROW_BYTES = 16 << 20
"""The largest array or DataFrame that is kept or sent: a state is written whole at each turn that changes it."""

ARROW = "$arrow"
ARROW_BYTES = b'"$arrow"'
"""How the key looks in encoded JSON; bytes without it hold no array and no DataFrame."""

_PLAIN = (bool, int, float, str, bytes, datetime, date, timedelta, time)
_SCALARS = (bool, int, float, str, bytes, type(None))
_LIBRARIES = frozenset({"numpy", "pandas"})
_TABULAR = frozenset({"pandas", "polars", "pyarrow"})
_SAID = 5
"""Fields of a pydantic model that are said not to fit; more are counted."""


def encode_hook(value: Any) -> Any:
    """What msgspec encodes in place of the value.

    Raises:
        TypeError: it has no JSON form; the text says what to use instead.
    """
    kind = type(value)
    if _library(kind) in _LIBRARIES:
        if is_table(kind):
            return _as_arrow(value)
        plain = _plain(value)
        if plain is not None:
            return plain
    elif _is_model(kind):
        return value.model_dump(mode="json", by_alias=True, round_trip=True)
    raise TypeError(f"a {type_name(value)} has no JSON form")


def decode_hook(kind: Any, value: Any) -> Any:
    """A value of an annotated class, from its JSON form; the value itself for a class that is not known here.

    Raises:
        TypeError, ValueError: it is none.
    """
    origin = typing.get_origin(kind) or kind
    if not isinstance(origin, type):
        return value
    if _is_model(origin):
        return _validated(origin, value)
    if is_table(origin):
        return restored(value) if type(value) is dict and ARROW in value else _from_plain(origin, value)
    if _library(origin) in _LIBRARIES:
        read = origin(value)
        if isinstance(value, (int, float)) and read != value:
            raise ValueError(f"{value!r} is no {origin.__name__}")
        return read
    return value


def _validated(model: Any, value: Any) -> Any:
    """A pydantic model; what does not fit is said field by field, without the value, which may be a secret."""
    try:
        return model.model_validate_json(msgspec.json.encode(value))
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        found = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = [f"{'.'.join(map(str, each['loc'])) or model.__name__}: {each['msg']}" for each in found[:_SAID]]
        more = [f"and {len(found) - _SAID} more"] if len(found) > _SAID else []
        raise ValueError(f"no {model.__name__}: {'; '.join([*wrong, *more])}") from None


def restored(value: Any) -> Any:
    """The value with the arrays and DataFrames in it; what cannot be restored in this process stays as it is."""
    if type(value) is dict:
        if ARROW in value:
            return _from_arrow(value)
        return {name: restored(item) for name, item in value.items()}
    return [restored(item) for item in value] if type(value) is list else value


def becomes_plain(given: type, read: type) -> bool:
    """Whether a class is a library's form of a plain one, so that an equal value of that may come back."""
    return read in _PLAIN and _library(given) in _LIBRARIES


def holds_tables(annotation: Any) -> bool:
    """Whether an annotation names an array or a DataFrame, which `==` compares item by item."""
    origin = typing.get_origin(annotation) or annotation
    return (isinstance(origin, type) and is_table(origin)) or any(map(holds_tables, typing.get_args(annotation)))


def is_scalar(annotation: Any) -> bool:
    """Whether an annotation names nothing but plain numbers, texts and None, in which no array can be."""
    kinds = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return all(kind in _SCALARS for kind in kinds)


def are_equal(one: Any, other: Any) -> bool:
    """`==` for values that may hold arrays and DataFrames: these are equal to the bit, NaN included."""
    kind = type(one)
    if kind is not type(other):
        return not is_table(kind) and not is_table(type(other)) and bool(one == other)
    if kind is dict:
        return one.keys() == other.keys() and all(are_equal(item, other[name]) for name, item in one.items())
    if kind in (list, tuple):
        return len(one) == len(other) and all(map(are_equal, one, other))
    if not is_table(kind):
        return bool(one == other)
    if kind.__name__ == "DataFrame":
        return bool(one.equals(other)) and list(one.dtypes) == list(other.dtypes)
    return bool(one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes())


def is_table(kind: type) -> bool:
    """Whether this is exactly numpy's array or pandas' DataFrame, which Arrow holds."""
    return (_library(kind), kind.__name__) in (("numpy", "ndarray"), ("pandas", "DataFrame"))


def described(value: Any) -> str:
    """The value in one line: of an array or a DataFrame its kind and shape."""
    kind = type(value)
    if is_table(kind) or (_library(kind) in _TABULAR and hasattr(value, "shape")):
        return f"a {type_name(value)} of shape {value.shape}"
    return f"{shown(value)} ({type_name(value)})"


def advice_for(value: Any) -> str:
    """What to use in place of a value without JSON form, as a sentence; empty where nothing better is known than plain values."""
    for is_it, advice in _ADVICE:
        if is_it(value):
            return advice
    return ""


def without_form(path: str, value: Any, encode: Callable[[Any], bytes]) -> Iterator[tuple[str, Any, Exception]]:
    """The innermost values, in plain containers, that cannot be encoded: where, which, and why."""
    try:
        encode(value)
    except RecursionError as error:
        yield path, value, error
    except Exception as error:  # noqa: BLE001 - code of the value's class may raise anything
        inner = list(_inner(path, value))
        found = [each for name, item in inner for each in without_form(name, item, encode)]
        yield from found or [(path, value, error)]


def _inner(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield (
                (f"{path}[{shown(name)}]" if path else name if type(name) is str else shown(name)),
                item,
            )
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item


def _library(kind: type) -> str:
    module: object = kind.__module__
    return module.partition(".")[0] if isinstance(module, str) else ""


def _is_model(kind: type) -> bool:
    """A pydantic model, by the two methods that make one."""
    return hasattr(kind, "model_validate_json") and hasattr(kind, "model_dump") and not isinstance(kind, str)


def _plain(value: Any) -> Any:
    """The plain value that is equal to a scalar of numpy or pandas; None if there is none."""
    if hasattr(value, "to_pydatetime"):
        return None if value != value else value.isoformat()
    if hasattr(value, "to_pytimedelta"):
        return None if value != value else value.to_pytimedelta()
    if type(value).__name__ in ("datetime64", "timedelta64"):
        value = value.astype(f"{type(value).__name__}[us]")
    item = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else None
    return item if type(item) in _PLAIN else None


def _named(*names: str) -> Callable[[Any], bool]:
    return lambda value: (
        type(value).__name__ in names and _library(type(value)) in ("numpy", "pandas", "polars", "pyarrow")
    )


_ADVICE: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (inspect.isawaitable, "Nothing awaited it: write `await` before the call."),
    (inspect.isgenerator, "Use list(…) of it."),
    (lambda value: isinstance(value, PurePath), "Use str(…) of it."),
    (
        lambda value: type(value) is complex or _named("complex64", "complex128", "clongdouble")(value),
        "Use its .real and .imag.",
    ),
    (_named("NaTType", "NAType"), "Use None."),
    (
        _named("Series", "Index", "RangeIndex", "DatetimeIndex"),
        "Use .tolist() of it, or .to_frame() as a DataFrame.",
    ),
    (
        lambda value: _library(type(value)) in ("polars", "pyarrow") and hasattr(value, "to_pandas"),
        "Use .to_pandas() of it.",
    ),
    (lambda value: _library(type(value)) == "numpy", "Use .item() or .tolist() of it."),
)


# -- Arrow -----------------------------------------------------------------------------------------------------------------


def _as_arrow(value: Any) -> dict[str, Any]:
    import pyarrow as pa

    try:
        if type(value).__name__ == "DataFrame":
            table, beside = pa.Table.from_pandas(value), dict[str, Any](of="DataFrame")
        else:
            table = pa.table({"items": pa.array(value.ravel())})
            beside = {"of": "ndarray", "shape": list(value.shape), "dtype": value.dtype.str}
    except (pa.ArrowException, TypeError, ValueError) as error:
        text = str(error).partition("\n")[0]
        raise TypeError(f"{described(value)} has no Arrow form ({text}); use .tolist() or plain values") from error
    if table.nbytes > MAX_ARROW_BYTES:
        raise TypeError(
            f"{described(value)} takes {table.nbytes:,} bytes, and at most {MAX_ARROW_BYTES:,} are kept or sent: write it to a "
            "file, and use the path"
        )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return {ARROW: base64.b64encode(sink.getvalue()).decode("ascii"), **beside}


def _from_arrow(value: dict[str, Any]) -> Any:
    import pyarrow as pa

    try:
        table = pa.ipc.open_stream(base64.b64decode(value[ARROW])).read_all()
        if value.get("of") == "DataFrame":
            return table.to_pandas()
        items = table.column("items").to_numpy()
        return items.astype(value["dtype"]).reshape(value["shape"])
    except (ImportError, pa.ArrowException, KeyError, TypeError, ValueError):
        return value


def _from_plain(kind: type, value: Any) -> Any:
    """An array or a DataFrame from what a caller without one sends: lists, or records."""
    if not isinstance(value, (list, dict)) or (isinstance(value, dict) and kind.__name__ == "ndarray"):
        raise TypeError(f"{shown(value)} is no {kind.__name__}")
    return kind(value) if kind.__name__ == "DataFrame" else sys.modules["numpy"].asarray(value)
