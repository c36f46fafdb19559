"""Turns as rows of Parquet, and back: the schema is public (docs/archive.md), so columns are only ever added at its end.

What SQL shows of a turn is in columns that any tool reads; what only a replay needs is in the last one, `record`.  A file without
it is read all the same.

This module imports pyarrow: import it only where rows are really wanted.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from runtime.errors import BadSetting, StoreDamaged
from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Encoded, Failure, Sent, State, Turn, Workflow
from runtime.stores.journal.columns import batches

Rows = Any
"""A `pyarrow.RecordBatch` of `SCHEMA`."""

VALUES = ("payload", "response", "state")
_AS_BASE64 = ";base64"
_TEXT = pa.string()

SCHEMA = pa.schema(
    [field.with_type(_TEXT) if field.name in VALUES else field for field in batches.SCHEMA]
    + [pa.field("record", pa.binary())]
)
"""The columns of `batches.SCHEMA`, values as text: JSON, or base64 where `x_type` says anything but `json`."""

_NEEDED = frozenset({"sequence", "id", "system", "actor", "action", "finished_at", "revision_before", "revision"})
"""Without these a file is no history."""


class Remainder(msgspec.Struct, frozen=True, array_like=True):
    """What a row's columns do not say of its turn.  Add fields at the end only, with a default."""

    now_us: int
    seed: int
    sent: tuple[Sent, ...]
    tags_before: dict[str, str]
    tags_after: dict[str, str] | None
    failure: Failure | None
    workflow: Workflow | None
    dropped_fields: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Remainder).decode


def to_rows(turns: Sequence[Turn]) -> Rows:
    """The turns, whole states included, in their order."""
    batch = batches.batch(turns)
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name in VALUES:
        arrays[f"{name}_type"], arrays[name] = _as_text(arrays[f"{name}_type"], arrays[name])
    arrays["record"] = pa.array([_encode(_remainder(turn)) for turn in turns], pa.binary())
    return pa.RecordBatch.from_arrays([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def to_columns(rows: Rows) -> batches.Batch:
    """The same turns as SQL reads them: a batch of `batches.SCHEMA`."""
    arrays = {name: rows.column(name) for name in batches.SCHEMA.names}
    for name in VALUES:
        arrays[f"{name}_type"], arrays[name] = _as_bytes(arrays[f"{name}_type"], arrays[name])
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=batches.SCHEMA)


def to_turns(rows: Rows) -> list[Turn]:
    """The turns again, equal to those that were written; what a foreign file does not say is empty.

    Raises:
        StoreDamaged: a `record` cannot be read.
    """
    arrays = [
        rows.column(field.name).cast(pa.int64()) if pa.types.is_timestamp(field.type) else rows.column(field.name)
        for field in SCHEMA
    ]
    return [_turn(row) for row in pa.table(arrays, names=SCHEMA.names).to_pylist()]


def as_history(table: Any, name: str) -> Rows:
    """A table with at least the columns that a history needs, as batches of `SCHEMA`; others are left out.

    Raises:
        BadSetting: it is no history.
    """
    missing = sorted(_NEEDED - set(table.schema.names))
    if missing:
        raise BadSetting(f"{name} is no history: it has no column {', '.join(missing)}.")
    if absent := sorted(column for column in _NEEDED if table.column(column).null_count):
        raise BadSetting(f"{name} is no history: a row of it has no {', '.join(absent)}.")
    arrays = []
    for field in SCHEMA:
        if field.name not in table.schema.names:
            arrays.append(pa.nulls(table.num_rows, field.type))
            continue
        try:
            arrays.append(_cast(table.column(field.name), field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            what = str(error).partition("\n")[0]
            raise BadSetting(f"{name} is no history: its column {field.name} cannot be read ({what}).") from None
    return pa.table(arrays, schema=SCHEMA)


def _cast(column: Any, kind: Any) -> Any:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(kind):
        return column.cast(_TEXT).dictionary_encode().cast(kind)
    return column.cast(kind)


# --- Values as text ---------------------------------------------------------------------------------------------------


def _as_text(types: Any, values: Any) -> tuple[Any, Any]:
    if set(types.dictionary.to_pylist()) <= {JSON}:
        try:
            return types, values.cast(_TEXT)
        except pa.ArrowInvalid:
            pass
    pairs = [_text_of(kind, data) for kind, data in zip(types.to_pylist(), values.to_pylist(), strict=True)]
    return pa.array([kind for kind, _ in pairs], _TEXT).dictionary_encode(), pa.array([t for _, t in pairs], _TEXT)


def _text_of(kind: str | None, data: bytes | None) -> tuple[str | None, str | None]:
    if kind is None or data is None:
        return None, None
    if kind == JSON:
        try:
            return kind, data.decode()
        except UnicodeDecodeError:
            kind = JSON + _AS_BASE64
    return kind, b64encode(data).decode("ascii")


def _as_bytes(types: Any, values: Any) -> tuple[Any, Any]:
    if values.null_count != len(values) and types.null_count == len(types):  # of a foreign file: JSON throughout
        types = pa.array([None if text is None else JSON for text in values.to_pylist()], _TEXT).dictionary_encode()
    if set(types.dictionary.to_pylist()) <= {JSON}:
        return types, values.cast(pa.binary())
    pairs = zip(types.to_pylist(), values.to_pylist(), strict=True)
    found = [encoded(kind, text) for kind, text in pairs]
    return (
        pa.array([None if each is None else each.type for each in found], _TEXT).dictionary_encode(),
        pa.array([None if each is None else each.data for each in found], pa.binary()),
    )


def encoded(kind: str | None, text: str | None) -> Encoded | None:
    """A value from its two columns; None for none."""
    if text is None:
        return None
    if kind in (None, "", JSON):
        return Encoded(JSON, text.encode())
    try:
        return Encoded(kind.removesuffix(_AS_BASE64), b64decode(text))
    except ValueError:
        return Encoded(JSON, msgspec.json.encode(text))


def value_text(value: Encoded | None) -> tuple[str | None, str | None]:
    """The two columns of a value."""
    return (None, None) if value is None else _text_of(value.type, value.data)


# --- Single turns -----------------------------------------------------------------------------------------------------


def _remainder(turn: Turn) -> Remainder:
    dropped = b"" if turn.state is None else turn.state.dropped_fields
    return Remainder(
        turn.now_us, turn.seed, turn.sent, turn.tags_before, turn.tags_after, turn.failure, turn.workflow, dropped
    )


def _turn(row: dict[str, Any]) -> Turn:
    rest = _remainder_of(row)
    state = encoded(row["state_type"], row["state"])
    return Turn(
        sequence=row["sequence"],
        invocation=InvocationId(row["id"]),
        actor=ActorId(row["system"], row["actor"]),
        parent=row["parent"] or row["actor"],
        action=row["action"],
        correlation=row["correlation"] or "",
        cause=row["cause"] or "",
        caller=None if not row["caller"] else ActorId(row["caller_system"] or row["system"], row["caller"]),
        key=row["key"] or "",
        payload=encoded(row["payload_type"], row["payload"]),
        metadata=dict(row["metadata"] or ()),
        enqueued_us=_first(row["enqueued_at"], row["finished_at"]),
        started_us=_first(row["started_at"], row["finished_at"]),
        finished_us=row["finished_at"],
        now_us=rest.now_us,
        seed=rest.seed,
        sent=rest.sent,
        tags_before=rest.tags_before,
        tags_after=rest.tags_after,
        failure=rest.failure,
        response=encoded(row["response_type"], row["response"]),
        revision_before=row["revision_before"],
        revision=row["revision"],
        state=None if state is None else State(state, rest.dropped_fields),
        definition=row["definition"] or "",
        workflow=rest.workflow,
    )


def _remainder_of(row: dict[str, Any]) -> Remainder:
    if row["record"] is None:
        return _assumed(row)
    try:
        return _decode(row["record"])
    except (msgspec.MsgspecError, ValueError) as error:
        raise StoreDamaged(f"The record of turn {row['sequence']} cannot be read: {error}.") from None


def _assumed(row: dict[str, Any]) -> Remainder:
    """What the columns say of it, where there is no more."""
    tags, failure = dict(row["tags"] or ()), None
    if row["error_code"]:
        text, kind = row["error"] or "", row["error_type"] or ""
        failure = Failure(row["error_code"], text, kind, text if kind else "", row["trace"] or "")
    return Remainder(_first(row["started_at"], row["finished_at"]), 0, (), tags, None, failure, None)


def _first(at_us: int | None, else_us: int) -> int:
    return else_us if at_us is None else at_us


def in_pieces(turns: Iterable[Turn], most: int, most_bytes: int) -> Iterator[list[Turn]]:
    """Lists of turns, each bounded in number and in the size of its states."""
    piece: list[Turn] = []
    size = 0
    for turn in turns:
        piece.append(turn)
        size += 200 + (len(turn.state.value.data) if turn.state is not None else 0)
        if len(piece) >= most or size >= most_bytes:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
