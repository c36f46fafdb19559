"""Turns as Arrow columns: what SQL shows of a journal, ready to be read without a Python object for each turn.

`batch` makes a record batch of turns; `to_bytes` and `from_bytes` keep batches as an Arrow IPC stream.  Texts that repeat
(names, types, hashes) are dictionaries, and buffers are compressed: a million turns of the flights take a tenth of what
their blocks do.

This module imports pyarrow: import it only where columns are really wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from runtime.records import Encoded, Turn

VERSION = 1
"""Of the columns below.  Another version is not read but made anew: columns are never the only copy."""

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd" if pa.Codec.is_available("zstd") else None)

Batch = Any
"""A `pyarrow.RecordBatch`."""

_TEXT, _INTEGER = pa.string(), pa.int64()
_REPEATED = pa.dictionary(pa.int32(), _TEXT)
_TIME = pa.timestamp("us", tz="UTC")
_MAP = pa.map_(_TEXT, _TEXT)

SCHEMA = pa.schema(
    {
        "sequence": _INTEGER,
        "id": _TEXT,
        "system": _REPEATED,
        "actor": _REPEATED,
        "parent": _REPEATED,
        "action": _REPEATED,
        "caller": _REPEATED,
        "caller_system": _REPEATED,
        "cause": _TEXT,
        "correlation": _TEXT,
        "key": _TEXT,
        "payload_type": _REPEATED,
        "payload": pa.binary(),
        "response_type": _REPEATED,
        "response": pa.binary(),
        "metadata": _MAP,
        "tags": _MAP,
        "enqueued_at": _TIME,
        "started_at": _TIME,
        "finished_at": _TIME,
        "revision_before": _INTEGER,
        "revision": _INTEGER,
        "state_type": _REPEATED,
        "state": pa.binary(),
        "definition": _REPEATED,
        "error_code": _REPEATED,
        "error_type": _REPEATED,
        "error": _TEXT,
        "trace": _TEXT,
    }
)
"""A column `x_type` says how to decode the bytes in `x`; both are NULL where there is no value.  `tags` are those that the
turn left."""


def batch(turns: Sequence[Turn]) -> Batch:
    """The turns, whole states included, in their order."""

    def column(name: str) -> list[Any]:
        return list(map(attrgetter(name), turns))

    actors, callers, failures = column("actor"), column("caller"), column("failure")
    columns = {
        "sequence": _integers(column("sequence")),
        "id": _texts(column("invocation")),
        "system": _repeated([actor.system for actor in actors]),
        "actor": _repeated([actor.name for actor in actors]),
        "parent": _repeated(column("parent")),
        "action": _repeated(column("action")),
        "caller": _repeated(_some(callers, lambda caller: caller.name)),
        "caller_system": _repeated(_some(callers, lambda caller: caller.system)),
        "cause": _texts(column("cause")),
        "correlation": _texts(column("correlation")),
        "key": _texts(column("key")),
        **_values("payload", column("payload")),
        **_values("response", column("response")),
        "metadata": maps(column("metadata")),
        "tags": maps([turn.tags_before if turn.tags_after is None else turn.tags_after for turn in turns]),
        "enqueued_at": _times(column("enqueued_us")),
        "started_at": _times(column("started_us")),
        "finished_at": _times(column("finished_us")),
        "revision_before": _integers(column("revision_before")),
        "revision": _integers(column("revision")),
        **_values("state", [None if state is None else state.value for state in column("state")]),
        "definition": _repeated(column("definition")),
        "error_code": _repeated(_some(failures, lambda failure: failure.code)),
        "error_type": _repeated(_some(failures, lambda failure: failure.type_name)),
        "error": _texts(_some(failures, lambda failure: failure.text or failure.message)),
        "trace": _texts(_some(failures, lambda failure: failure.trace)),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=SCHEMA)


def batches(lists: Iterable[list[Turn]], size: int = 2_048) -> Iterator[Batch]:
    """The same turns as batches of about `size` or more: a batch has a price whatever its size."""
    gathered: list[Turn] = []
    for turns in lists:
        gathered += turns
        if len(gathered) >= size:
            yield batch(gathered)
            gathered = []
    if gathered:
        yield batch(gathered)


def to_bytes(parts: Sequence[Batch]) -> bytes:
    """Several batches as one, as a complete IPC stream."""
    (whole,) = pa.Table.from_batches(parts, SCHEMA).unify_dictionaries().combine_chunks().to_batches() or [batch(())]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=_COMPRESSED) as writer:
        writer.write_batch(whole)
    return bytes(sink.getvalue())


def from_bytes(data: bytes, columns: Collection[str] = SCHEMA.names) -> list[Batch]:
    """The batches of an IPC stream, with these columns of it; the others are not decompressed.

    Raises:
        ValueError: it is none, or has other columns.
    """
    wanted = [index for index, name in enumerate(SCHEMA.names) if name in columns]
    with pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(included_fields=wanted)) as reader:
        if reader.schema != pa.schema([SCHEMA.field(index) for index in wanted]):
            raise ValueError("other columns")
        return list(reader)


def between(given: Batch, after: int, until: int) -> Batch:
    """The rows of a batch with a sequence above `after` and up to `until`."""
    if given.num_rows == 0 or (given["sequence"][0].as_py() > after and given["sequence"][-1].as_py() <= until):
        return given
    sequence = given["sequence"]
    return given.filter(pc.and_(pc.greater(sequence, after), pc.less_equal(sequence, until)))


def up_to(batches: Iterable[Batch], until: int) -> Iterator[Batch]:
    """The batches of turns in order, as far as that sequence."""
    for batch in batches:
        if (found := between(batch, 0, until)).num_rows:
            yield found
        if batch.num_rows and batch["sequence"][-1].as_py() >= until:
            return


def _integers(values: Sequence[int]) -> Any:
    return pa.array(values, _INTEGER)


def _times(values: Sequence[int]) -> Any:
    return pa.array(values, _INTEGER).cast(_TIME)


def _texts(values: Sequence[str | None]) -> Any:
    return pa.array(values, _TEXT)


def _repeated(values: Sequence[str | None]) -> Any:
    return pa.array(values, _TEXT).dictionary_encode()


def _some(records: Sequence[Any], text: Callable[[Any], str]) -> Sequence[str | None]:
    """A text of each record, where few or none are there."""
    return [None if record is None else text(record) for record in records] if any(records) else [None] * len(records)


def _values(name: str, values: Sequence[Encoded | None]) -> dict[str, Any]:
    return {
        f"{name}_type": _repeated([None if value is None else value.type for value in values]),
        name: pa.array([None if value is None else value.data for value in values], pa.binary()),
    }


def maps(values: Sequence[Mapping[str, str]]) -> Any:
    """Built from its parts: from Python lists of pairs it takes ten times as long."""
    if not any(values):
        return pa.MapArray.from_arrays(pa.array([0] * (len(values) + 1), pa.int32()), _texts([]), _texts([]))
    offsets, keys, items = [0], list[str](), list[str]()
    for value in values:
        keys += value
        items += value.values()
        offsets.append(len(keys))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), _texts(keys), _texts(items))
