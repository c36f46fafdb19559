"""The tables of an archive as Parquet: turns in parts, the states between which they lie, code, and life-cycle marks.

This module imports pyarrow: import it only where tables are really wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from runtime.errors import BadSetting, StoreDamaged, StoreTooNew, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Lifecycle, State, StoredDefinition
from runtime.stores.archive import rows
from runtime.stores.archive.rows import encoded, value_text

TURNS, STATES = "turns/", "states.parquet"
DEFINITIONS, LIFECYCLE = "definitions.parquet", "lifecycle.parquet"
FILE_VERSION = 1
"""Of a file of Parquet with turns alone."""
_MARK = b"spawn-workbench history"

_TEXT, _INTEGER, _TIME = pa.string(), pa.int64(), pa.timestamp("us", tz="UTC")
_MAP = pa.map_(_TEXT, _TEXT)


class StoredState(msgspec.Struct, frozen=True, kw_only=True):
    """An actor at one moment of an archive."""

    actor: ActorId
    parent: str
    is_end: bool
    """At the end of what the archive has; else before its first turn there."""
    revision: int
    at_us: int
    definition: str
    state: State | None
    tags: dict[str, str]


_STATE_SCHEMA = pa.schema(
    {
        "system": _TEXT, "actor": _TEXT, "parent": _TEXT, "is_end": pa.bool_(), "revision": _INTEGER, "at": _TIME,
        "definition": _TEXT, "state_type": _TEXT, "state": _TEXT, "tags": _MAP, "dropped_fields": pa.binary(),
    }
)  # fmt: skip
_DEFINITION_SCHEMA = pa.schema(
    {
        "actor": _TEXT, "definition": _TEXT, "deployed_at": _TIME, "source": _TEXT, "settings": _TEXT, "fields": _MAP,
        "actions": _MAP, "classes": _MAP,
    }
)  # fmt: skip
_LIFECYCLE_SCHEMA = pa.schema(
    {"at": _TIME, "system": _TEXT, "actor": _TEXT, "event": _TEXT, "revision": _INTEGER, "definition": _TEXT}
)


def turns_bytes(batch: rows.Rows) -> bytes:
    """A part of the turns."""
    return _bytes(pa.Table.from_batches([batch]))


def read_turns(data: bytes, name: str, names: Sequence[str] | None = None) -> Any:
    """A part of the turns as a table, all columns or some.

    Raises:
        StoreDamaged: it is no Parquet, or has other columns.
    """
    table = _read(data, name, names)
    wanted = rows.SCHEMA if names is None else pa.schema([rows.SCHEMA.field(each) for each in names])
    if table.schema.remove_metadata() != wanted:
        raise StoreDamaged(f"{name} has other columns than an archive of this version.")
    return table


def states_bytes(states: Iterable[StoredState]) -> bytes:
    """`states.parquet`."""
    found = []
    for each in states:
        kind, text = value_text(None if each.state is None else each.state.value)
        found.append(
            {
                "system": each.actor.system, "actor": each.actor.name, "parent": each.parent, "is_end": each.is_end,
                "revision": each.revision, "at": each.at_us, "definition": each.definition, "state_type": kind,
                "state": text, "tags": list(each.tags.items()),
                "dropped_fields": b"" if each.state is None else each.state.dropped_fields,
            }
        )  # fmt: skip
    return _bytes(pa.Table.from_pylist(found, schema=_STATE_SCHEMA))


def read_states(data: bytes) -> list[StoredState]:
    """The states again."""
    found = []
    for row in _rows(data, STATES, _STATE_SCHEMA):
        value = encoded(row["state_type"], row["state"])
        found.append(
            StoredState(
                actor=ActorId(row["system"], row["actor"]), parent=row["parent"], is_end=row["is_end"],
                revision=row["revision"], at_us=row["at"], definition=row["definition"],
                state=None if value is None else State(value, row["dropped_fields"]), tags=dict(row["tags"] or ()),
            )
        )  # fmt: skip
    return found


def definitions_bytes(definitions: Sequence[StoredDefinition]) -> bytes:
    """`definitions.parquet`."""
    found = [
        {
            "actor": each.name, "definition": each.hash, "deployed_at": each.deployed_us, "source": each.source,
            "settings": msgspec.json.encode(each.settings, enc_hook=str).decode(),
            "fields": list(each.fields.items()), "actions": list(each.actions.items()),
            "classes": list(each.classes.items()),
        }
        for each in definitions
    ]  # fmt: skip
    return _bytes(pa.Table.from_pylist(found, schema=_DEFINITION_SCHEMA))


def read_definitions(data: bytes) -> list[StoredDefinition]:
    """The definitions again: text, which is shown and never executed."""
    return [
        StoredDefinition(
            hash=row["definition"], name=row["actor"], source=row["source"], settings=_settings(row["settings"]),
            fields=dict(row["fields"] or ()), actions=dict(row["actions"] or ()), deployed_us=row["deployed_at"],
            classes=dict(row["classes"] or ()),
        )
        for row in _rows(data, DEFINITIONS, _DEFINITION_SCHEMA)
    ]  # fmt: skip


def lifecycle_bytes(marks: Sequence[Lifecycle]) -> bytes:
    """`lifecycle.parquet`."""
    found = [
        {
            "at": each.at_us, "system": each.actor.system, "actor": each.actor.name, "event": each.event,
            "revision": each.revision, "definition": each.definition,
        }
        for each in marks
    ]  # fmt: skip
    return _bytes(pa.Table.from_pylist(found, schema=_LIFECYCLE_SCHEMA))


def read_lifecycle(data: bytes) -> list[Lifecycle]:
    """The marks again."""
    return [
        Lifecycle(row["at"], ActorId(row["system"], row["actor"]), row["event"], row["revision"], row["definition"])
        for row in _rows(data, LIFECYCLE, _LIFECYCLE_SCHEMA)
    ]


# --- A file of Parquet with turns alone -------------------------------------------------------------------------------


class HistoryFile:
    """Writes one Parquet file, a row group for each part; `facts` are its metadata."""

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        data = msgspec.json.encode({"version": FILE_VERSION, **facts})
        self._writer = pq.ParquetWriter(path, rows.SCHEMA.with_metadata({_MARK: data}), compression="zstd")

    def add(self, batch: rows.Rows) -> None:
        """One more part."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """The file is complete."""
        self._writer.close()


def read_history_file(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """What a file says of itself, empty for one that others made, and its turns in parts.

    Raises:
        StoreUnavailable: there is no such file, or it cannot be read.
        BadSetting: it is no Parquet, or has not the columns of a history.
        StoreTooNew: a later version made it.
    """
    if not path.is_file():
        raise StoreUnavailable(f"There is no file {path}.")
    try:
        with pq.ParquetFile(path) as file:
            facts = msgspec.json.decode((file.schema_arrow.metadata or {}).get(_MARK, b"{}"), type=dict[str, Any])
            if int(facts.get("version", FILE_VERSION)) > FILE_VERSION:
                raise StoreTooNew(
                    f"{path} was made by a later version of spawn-workbench ({facts.get('made_by', '')})."
                )
            parts = [file.read_row_group(number) for number in range(file.num_row_groups)]
    except pa.ArrowException as error:
        what = str(error).partition("\n")[0]
        raise BadSetting(f"{path} is no Parquet file that can be read: {what}") from None
    except (msgspec.MsgspecError, TypeError, ValueError):
        raise BadSetting(f"{path} is no history: what it says of itself cannot be read.") from None
    except OSError as error:
        raise StoreUnavailable(f"Cannot read {path}: {error}.") from error
    return facts, [rows.as_history(part, str(path)) for part in parts]


# --- Parquet in memory ------------------------------------------------------------------------------------------------


def _bytes(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _read(data: bytes, name: str, names: Sequence[str] | None = None) -> Any:
    try:
        return pq.read_table(pa.BufferReader(data), columns=None if names is None else list(names))
    except (pa.ArrowException, OSError) as error:
        what = str(error).partition("\n")[0]
        raise StoreDamaged(f"{name} of an archive is no Parquet that can be read: {what}") from None


def _rows(data: bytes, name: str, schema: Any) -> list[dict[str, Any]]:
    table = _read(data, name)
    if table.schema.remove_metadata() != schema:
        raise StoreDamaged(f"{name} has other columns than an archive of this version.")
    arrays = [
        table.column(field.name).cast(pa.int64()) if pa.types.is_timestamp(field.type) else table.column(field.name)
        for field in schema
    ]
    found: list[dict[str, Any]] = pa.table(arrays, names=schema.names).to_pylist()
    return found


def _settings(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError:
        return {}
