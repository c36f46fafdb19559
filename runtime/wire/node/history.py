"""The past as Arrow: turns and life-cycle marks, one record batch per message, readable by any Arrow library.

Columns of a turn are the fields of `records.Turn`; a field that is a record itself is a group of columns with its name as
prefix, except `sent` and `workflow`, which are rare and are JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from runtime.ids import ActorId
from runtime.records import JSON, Encoded, Failure, Lifecycle, Sent, State, Turn, Workflow

_PLAIN: dict[str, Any] = {
    "sequence": pa.int64(),
    "invocation": pa.string(),
    "parent": pa.string(),
    "action": pa.string(),
    "correlation": pa.string(),
    "cause": pa.string(),
    "key": pa.string(),
    "revision_before": pa.int64(),
    "revision": pa.int64(),
    "definition": pa.string(),
    "seed": pa.int64(),
}
_TIMES = ("enqueued_us", "started_us", "finished_us", "now_us")
_VALUES = ("payload", "response")
_MAPS = ("metadata", "tags_before", "tags_after")
_FAILURE = ("code", "message", "type_name", "text", "trace")
_TEXT = pa.string()
_TIME = pa.timestamp("us", tz="UTC")

_sent = msgspec.json.Decoder(tuple[Sent, ...])
_workflow = msgspec.json.Decoder(Workflow)
_encode = msgspec.json.Encoder().encode


def turns_as_ipc(turns: Sequence[Turn]) -> bytes:
    """One batch, as a complete Arrow IPC stream."""
    columns: dict[str, Any] = {name: pa.array([getattr(t, name) for t in turns], kind) for name, kind in _PLAIN.items()}
    columns |= {name: pa.array([getattr(t, name) for t in turns], pa.int64()).cast(_TIME) for name in _TIMES}
    columns |= {name: _maps([getattr(t, name) for t in turns]) for name in _MAPS}
    columns |= _identities("actor", [t.actor for t in turns]) | _identities("caller", [t.caller for t in turns])
    for name in _VALUES:
        columns |= _encoded(name, [getattr(t, name) for t in turns])
    columns |= _encoded("state", [None if t.state is None else t.state.value for t in turns])
    columns["state_kept_aside"] = pa.array([t.state.dropped_fields if t.state else None for t in turns], pa.binary())
    for name in _FAILURE:
        texts = [None if t.failure is None else getattr(t.failure, name) for t in turns]
        columns[f"failure_{name}"] = pa.array(texts, pa.string())
    columns["sent"] = pa.array([_encode(t.sent).decode() if t.sent else None for t in turns], pa.string())
    columns["workflow"] = pa.array([_encode(t.workflow).decode() if t.workflow else None for t in turns], pa.string())
    return _ipc(columns)


def turns_of_ipc(data: bytes) -> list[Turn]:
    """The turns of one message."""
    table = _table(data)
    count, column = table.num_rows, _reader(table)
    plain = {name: column(name) for name in _PLAIN} | {name: _microseconds(table, name) for name in _TIMES}
    records: dict[str, Sequence[Any]] = {name: _encoded_of(column, name, count) for name in _VALUES}
    records["actor"], records["caller"] = _identities_of(column, "actor"), _identities_of(column, "caller")
    records |= {name: _maps_of(column, name) for name in _MAPS}
    records["failure"] = _failures_of(column, count)
    records["state"] = _states_of(column, count)
    records["sent"] = [() if text is None else _sent.decode(text) for text in column("sent")]
    records["workflow"] = [None if text is None else _workflow.decode(text) for text in column("workflow")]
    columns = {**plain, **records}
    names = tuple(columns)
    return [Turn(**dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def columns_as_ipc(batch: Any) -> bytes:
    """A record batch of a store's own columns."""
    return _written(batch)


def columns_of_ipc(data: bytes) -> Any:
    """The record batch of one message."""
    with pa.ipc.open_stream(data) as reader:
        return reader.read_next_batch()


def lifecycle_as_ipc(marks: Sequence[Lifecycle]) -> bytes:
    return _ipc(
        {
            "at": pa.array([m.at_us for m in marks], pa.int64()).cast(_TIME),
            **_identities("actor", [m.actor for m in marks]),
            "event": pa.array([m.event for m in marks], pa.string()),
            "revision": pa.array([m.revision for m in marks], pa.int64()),
            "definition": pa.array([m.definition for m in marks], pa.string()),
        }
    )


def lifecycle_of_ipc(data: bytes) -> list[Lifecycle]:
    table = _table(data)
    column = _reader(table)
    rest = (column("event"), column("revision"), column("definition"))
    rows: Any = zip(_microseconds(table, "at"), _identities_of(column, "actor"), *rest, strict=True)
    return [Lifecycle(*row) for row in rows]


# -- to columns ------------------------------------------------------------------------------------------------------------


def _ipc(columns: Mapping[str, Any]) -> bytes:
    return _written(pa.record_batch(dict(columns)))


def _written(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _identities(name: str, actors: Sequence[ActorId | None]) -> dict[str, Any]:
    return {
        f"{name}_system": pa.array([None if a is None else a.system for a in actors], pa.string()),
        name: pa.array([None if a is None else a.name for a in actors], pa.string()),
    }


def _encoded(name: str, values: Sequence[Encoded | None]) -> dict[str, Any]:
    return {
        f"{name}_type": pa.array([None if v is None else v.type for v in values], pa.string()),
        name: pa.array([None if v is None else v.data for v in values], pa.binary()),
    }


def _maps(values: Sequence[Mapping[str, str] | None]) -> Any:
    """Built from its parts: from Python lists of pairs it takes ten times as long."""
    offsets: list[int | None] = []
    keys: list[str] = []
    items: list[str] = []
    for value in values:
        offsets.append(None if value is None else len(keys))
        if value:
            keys += value
            items += value.values()
    offsets.append(len(keys))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(keys, _TEXT), pa.array(items, _TEXT))


# -- from columns ----------------------------------------------------------------------------------------------------------


def _table(data: bytes) -> Any:
    with pa.ipc.open_stream(data) as reader:
        return reader.read_all()


def _reader(table: Any) -> Callable[[str], list[Any]]:
    """Columns by name as lists; a column that an older node does not send is empty."""
    known = set(table.column_names)
    return lambda name: table[name].to_pylist() if name in known else [None] * table.num_rows


def _microseconds(table: Any, name: str) -> list[int]:
    numbers: list[int] = table[name].cast(pa.int64()).to_pylist()
    return numbers


def _identities_of(column: Callable[[str], list[Any]], name: str) -> list[ActorId | None]:
    known: dict[tuple[str, str], ActorId] = {}
    pairs = zip(column(f"{name}_system"), column(name), strict=True)
    return [None if pair[1] is None else known.setdefault(pair, ActorId(*pair)) for pair in pairs]


def _encoded_of(column: Callable[[str], list[Any]], name: str, count: int) -> list[Encoded | None]:
    types = column(f"{name}_type")
    if types.count(None) == count:
        return [None] * count
    return [
        None if kind is None else Encoded(JSON if kind == JSON else kind, data)
        for kind, data in zip(types, column(name), strict=True)
    ]


def _states_of(column: Callable[[str], list[Any]], count: int) -> list[State | None]:
    values = _encoded_of(column, "state", count)
    aside = column("state_kept_aside")
    return [None if v is None else State(v, kept or b"") for v, kept in zip(values, aside, strict=True)]


def _maps_of(column: Callable[[str], list[Any]], name: str) -> list[dict[str, str] | None]:
    return [None if pairs is None else dict(pairs) for pairs in column(name)]


def _failures_of(column: Callable[[str], list[Any]], count: int) -> list[Failure | None]:
    codes = column("failure_code")
    if codes.count(None) == count:
        return [None] * count
    columns = [column(f"failure_{name}") for name in _FAILURE]
    return [None if row[0] is None else Failure(*row) for row in zip(*columns, strict=True)]
