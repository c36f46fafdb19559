"""Tables of the notebook in SQL: a DataFrame of pandas or polars, an Arrow table or an earlier answer, by its variable's name.

DuckDB would find them itself by looking through the Python frames that call it, which here are ours.  So a name that the
database does not have is looked up in the variables that were handed over; tables of the history come first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from duckdb import DuckDBPyConnection, DuckDBPyRelation

FRAMES = "a DataFrame of pandas or polars, an Arrow table or the answer of a query"
"""What can be read as a table, for messages."""

_LIBRARIES = {
    "pandas": ("DataFrame", "Series"),
    "polars": ("DataFrame", "LazyFrame", "Series"),
    "pyarrow": ("Table", "RecordBatch"),
}


def is_frame(value: object) -> bool:
    """Whether a query can read this value as a table.  Imports nothing."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return isinstance(value, DuckDBPyRelation) or kind.__name__ in _LIBRARIES.get(library, ())


def handed_over(params: Sequence[Any] | Mapping[str, Any] | None) -> tuple[dict[str, Any], Any]:
    """The tables among the parameters of a query, by name, and the other parameters."""
    if not isinstance(params, Mapping):
        return {}, params
    frames = {name: value for name, value in params.items() if is_frame(value)}
    return frames, {name: value for name, value in params.items() if name not in frames} or None


@contextmanager
def readable_frames(connection: DuckDBPyConnection, frames: Mapping[str, Any]) -> Iterator[None]:
    """While inside, statements of this connection read these values as tables; others do not see them."""
    done = list[str]()
    try:
        for name, frame in frames.items():
            connection.register(name, _table(frame))
            done.append(name)
        yield
    finally:
        for name in done:
            connection.unregister(name)


def _table(frame: Any) -> Any:
    """What DuckDB takes: one table, that belongs to no other connection and is not computed twice."""
    if isinstance(frame, DuckDBPyRelation):
        return frame.to_arrow_table()
    if type(frame).__name__ == "LazyFrame":
        return frame.collect()
    return frame.to_frame() if type(frame).__name__ == "Series" else frame
