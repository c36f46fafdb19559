"""Values of turns as JSON text, whatever they are encoded as."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa

from runtime.records import JSON, Encoded

JSON_COLUMNS = ("payload", "response", "state")
"""Columns of turns that are values: JSON text where they are shown."""

ToJson = Callable[[Encoded], bytes | None]
"""JSON text of a value that is not JSON; None where it cannot tell."""


def wrapped(value: Encoded) -> bytes:
    """A value that cannot be decoded here, in the form protobuf gives an `Any`: its type URL and base64."""
    return msgspec.json.encode({"@type": value.type, "value": b64encode(value.data).decode("ascii")})


def as_message(value: Encoded) -> bytes | None:
    """The JSON of a message whose class is known here, fields by their names in the contract; None for any other value."""
    from runtime.wire.codecs.messages import plain
    from runtime.wire.codecs.values import decode_value

    message = decode_value(value)
    return msgspec.json.encode(plain(message)) if hasattr(message, "DESCRIPTOR") else None


def json_text(types: Any, values: Any, to_json: ToJson) -> Any:
    """JSON text of a column of values; a Python object only for those that are not JSON."""
    if set(types.dictionary.to_pylist()) - {JSON}:
        pairs = zip(types.to_pylist(), values.to_pylist(), strict=True)
        texts = [data if kind in (None, JSON) else decoded(Encoded(kind, data), to_json) for kind, data in pairs]
        values = pa.array(texts, pa.binary())
    return as_text(values)


def as_text(values: Any) -> Any:
    """Bytes as text."""
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8: shown as well as it can be
        texts = values.to_pylist()
        return pa.array([None if text is None else text.decode("utf-8", "replace") for text in texts], pa.string())


def decoded(value: Encoded, to_json: ToJson) -> bytes:
    """JSON text of a value that is not JSON."""
    try:
        return to_json(value) or wrapped(value)
    except Exception:  # noqa: BLE001 - whatever one value does to a decoder, the others are to be seen
        return wrapped(value)
