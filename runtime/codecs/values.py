"""Payloads and responses: JSON for plain values, protobuf for messages."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.codecs.base import MAX_VALUE_BYTES
from runtime.errors import BadPayload, shown
from runtime.records import JSON, Encoded

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

TYPE_URL = "type.googleapis.com/"


def encode_value(value: Any, *, what: str) -> Encoded | None:
    """A value as bytes; None for None.

    Raises:
        BadPayload: it has no encoding, or is larger than 64 MiB; `what` names it in the message.
    """
    if value is None:
        return None
    if hasattr(value, "SerializeToString"):
        return Encoded(TYPE_URL + value.DESCRIPTOR.full_name, value.SerializeToString(deterministic=True))
    if type(value) is Encoded:  # a message of a class that this process does not know, passed on
        return value
    try:
        data = _encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadPayload(
            f"Cannot encode {what}, {shown(value)}: {error}. Use plain values: text, numbers, lists, dicts."
        ) from error
    if len(data) > MAX_VALUE_BYTES:
        raise BadPayload(f"Cannot send {what}: it is {len(data):,} bytes, at most {MAX_VALUE_BYTES:,} are allowed.")
    return Encoded(JSON, data)


def decode_value(value: Encoded | None) -> Any:
    """The value; None for None; a protobuf message of a class that this process knows, else the `Encoded` itself."""
    if value is None:
        return None
    if value.type == JSON:
        return _decode(value.data)
    return _decode_message(value)


def _decode_message(value: Encoded) -> Any:
    from google.protobuf import symbol_database

    try:
        message_class = symbol_database.Default().GetSymbol(value.type.rpartition("/")[2])
    except KeyError:
        return value
    return message_class.FromString(value.data)
