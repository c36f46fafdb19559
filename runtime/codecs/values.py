"""Payloads and responses: JSON for plain values, protobuf for messages."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.codecs.base import MAX_VALUE_BYTES
from runtime.codecs.numbers import without_json
from runtime.errors import BadPayload, shown
from runtime.records import JSON, NOTHING, Encoded

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
    if b"null" in data:  # which is what the encoder makes of NaN and infinity
        for path, why in without_json("", value):
            raise BadPayload(f"Cannot encode {what}: {path or 'it'} {why}")
    if len(data) > MAX_VALUE_BYTES:
        raise BadPayload(f"Cannot send {what}: it is {len(data):,} bytes, at most {MAX_VALUE_BYTES:,} are allowed.")
    return Encoded(JSON, data)


def decode_value(value: Encoded | None) -> Any:
    """The value; None for None and for nothing; a protobuf message of a class that this process knows.

    Else, and for bytes from outside that are no value of their type, the `Encoded` itself: decoding never fails.
    """
    if value is None:
        return None
    if value.type != JSON:
        return None if value.type in NOTHING else _decode_message(value)
    try:
        return _decode(value.data)
    except (msgspec.DecodeError, RecursionError):
        return value


def _decode_message(value: Encoded) -> Any:
    from runtime.codecs.messages import decoded

    message = decoded(value.type, value.data)
    return value if message is None else message
