"""Records as Arrow tables: column by column, without a Python object for any state.

This runs while the kernel also runs actors, so it works on a few thousand turns at a time: nothing here holds the
interpreter for more than a few milliseconds.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from runtime.api import ActorInfo
from runtime.records import JSON, Encoded, Lifecycle, StoredDefinition, Turn

Rows = Any
"""A `pyarrow.Table`."""

ToJson = Callable[[Encoded], bytes | None]
"""JSON text of a value that is not JSON; None where it cannot tell."""

_TEXT, _INTEGER = pa.string(), pa.int64()
_TIME = pa.timestamp("us", tz="UTC")
_MAP = pa.map_(_TEXT, _TEXT)


def turn_rows(turns: Sequence[Turn], to_json: ToJson) -> Rows:
    """Rows of `journal.turns`, with payload, response and state as JSON text and empty text where there is nothing."""

    def column(name: str) -> list[Any]:
        return list(map(attrgetter(name), turns))

    states = [None if state is None else state.value for state in column("state")]
    tags = [turn.tags_before if turn.tags_after is None else turn.tags_after for turn in turns]
    failures, callers = column("failure"), column("caller")
    return pa.table(
        {
            "sequence": _integers(column("sequence")),
            "id": _texts(column("invocation")),
            "system": _texts(column("actor.system")),
            "actor": _texts(column("actor.name")),
            "parent": _texts(column("parent")),
            "action": _texts(column("action")),
            "caller": _some(callers, lambda caller: caller.name),
            "caller_system": _some(callers, lambda caller: caller.system),
            "cause": _texts(column("cause")),
            "correlation": _texts(column("correlation")),
            "key": _texts(column("key")),
            "payload": _json(column("payload"), to_json),
            "response": _json(column("response"), to_json),
            "metadata": _maps(column("metadata")),
            "tags": _maps(tags),
            "enqueued_at": _times(column("enqueued_us")),
            "started_at": _times(column("started_us")),
            "finished_at": _times(column("finished_us")),
            "revision_before": _integers(column("revision_before")),
            "revision": _integers(column("revision")),
            "state": _json(states, to_json),
            "definition": _texts(column("definition")),
            "error_code": _some(failures, lambda failure: failure.code),
            "error_type": _some(failures, lambda failure: failure.type_name),
            "error": _some(failures, lambda failure: failure.text or failure.message),
            "trace": _some(failures, lambda failure: failure.trace),
        }
    )


def lifecycle_rows(marks: Sequence[Lifecycle]) -> Rows:
    """Rows of `lifecycle`."""
    return pa.table(
        {
            "at": _times([mark.at_us for mark in marks]),
            "actor": _texts([mark.actor.name for mark in marks]),
            "event": _texts([mark.event for mark in marks]),
            "revision": _integers([mark.revision for mark in marks]),
            "definition": _texts([mark.definition for mark in marks]),
            "system": _texts([mark.actor.system for mark in marks]),
        }
    )


def definition_rows(definitions: Sequence[StoredDefinition]) -> Rows:
    """Rows of `definitions`."""
    return pa.table(
        {
            "actor": _texts([d.name for d in definitions]),
            "definition": _texts([d.hash for d in definitions]),
            "deployed_at": _times([d.deployed_us for d in definitions]),
            "source": _texts([d.source for d in definitions]),
            "settings": _texts([msgspec.json.encode(d.settings, enc_hook=str) for d in definitions]),
            "fields": _maps([d.fields for d in definitions]),
            "actions": _maps([d.actions for d in definitions]),
        }
    )


def actor_rows(actors: Sequence[ActorInfo]) -> Rows:
    """Rows of `journal.actors_now`."""
    return pa.table(
        {
            "system": _texts([a.id.system for a in actors]),
            "actor": _texts([a.id.name for a in actors]),
            "parent": _texts([a.parent or a.id.name for a in actors]),
            "kind": _texts([a.kind for a in actors]),
            "phase": _texts([a.phase for a in actors]),
            "revision": _integers([a.revision for a in actors]),
            "definition": _texts([a.definition for a in actors]),
            "is_deployed": pa.array([a.deployed for a in actors], pa.bool_()),
            "waiting": _integers([a.waiting for a in actors]),
            "oldest_waiting_at": _times([a.oldest_waiting_us or None for a in actors]),
        }
    )


def text_rows(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Rows:
    """Rows in which every column is text."""
    return pa.table({name: _texts([row[index] for row in rows]) for index, name in enumerate(names)})


def text_columns(rows: Rows) -> list[str]:
    """Names of the columns that are text."""
    return [column.name for column in rows.schema if column.type == _TEXT]


def joined(parts: Sequence[Rows]) -> Rows:
    """Several tables of one shape as one, without copying."""
    return pa.concat_tables(parts)


def wrapped(value: Encoded) -> bytes:
    """A value that cannot be decoded here, in the form protobuf gives an `Any`: its type URL and base64."""
    return msgspec.json.encode({"@type": value.type, "value": b64encode(value.data).decode("ascii")})


def _json(values: Iterable[Encoded | None], to_json: ToJson) -> Any:
    texts = [None if v is None else v.data if v.type == JSON else _decoded(v, to_json) for v in values]
    try:
        return pa.array(texts, _TEXT)
    except pa.ArrowInvalid:  # not UTF-8: shown as well as it can be
        return pa.array([None if text is None else text.decode("utf-8", "replace") for text in texts], _TEXT)


def _decoded(value: Encoded, to_json: ToJson) -> bytes:
    try:
        return to_json(value) or wrapped(value)
    except Exception:  # noqa: BLE001 - whatever one value does to a decoder, the others are to be seen
        return wrapped(value)


def _texts(values: Sequence[Any]) -> Any:
    return pa.array(values, _TEXT)


def _some(records: Sequence[Any], text: Callable[[Any], str]) -> Any:
    """A text of each record, where few or none are there."""
    if not any(records):
        return pa.nulls(len(records), _TEXT)
    return _texts([None if record is None else text(record) for record in records])


def _integers(values: Sequence[int]) -> Any:
    return pa.array(values, _INTEGER)


def _times(values: Sequence[int | None]) -> Any:
    return pa.array(values, _INTEGER).cast(_TIME)


def _maps(values: Sequence[Mapping[str, str]]) -> Any:
    if not any(values):
        return pa.MapArray.from_arrays([0] * (len(values) + 1), _texts([]), _texts([]))
    return pa.array([list(value.items()) for value in values], _MAP)
