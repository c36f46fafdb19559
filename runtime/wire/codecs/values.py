"""Payloads and responses: JSON for plain values, protobuf for messages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from runtime.errors import BadPayload, shown, shown_text, type_name
from runtime.records import JSON, NOTHING, Encoded
from runtime.wire.codecs.base import MAX_VALUE_BYTES
from runtime.wire.codecs.library_types import ARROW_BYTES, advice_for, described, encode_hook, restored, without_form

_encode = msgspec.json.Encoder(enc_hook=encode_hook).encode
_decode = msgspec.json.Decoder().decode
_check_json = msgspec.json.Decoder(msgspec.Raw).decode

_PLAIN = frozenset({dict, list, str, int, float, bool})
"""What is surely no protobuf message."""

TYPE_URL = "type.googleapis.com/"


def encode_value(value: Any, *, what: str) -> Encoded | None:
    """A value as bytes; None for None.

    Raises:
        BadPayload: it has no encoding, or is larger than 64 MiB, or its own code fails; `what` names it in the message.
    """
    if value is None:
        return None
    try:
        if type(value) not in _PLAIN:
            if type(value) is Encoded:  # a message of a class that this process does not know, passed on
                return _bounded(_passed_on(value, what), what)
            if hasattr(value, "SerializeToString"):
                return _bounded(_message(value), what)
        data = _encode(value)
    except RecursionError:
        raise BadPayload(f"Cannot encode {what}: it is nested too deeply, or contains itself.") from None
    except Exception as error:  # encoding runs code of the value's class, which may raise anything
        raise _without_form(value, what, error) from error
    if data.count(b"null"):  # which is what the encoder makes of NaN and infinity; `in` takes three times as long
        for path, why in without_json("", value):
            raise BadPayload(f"Cannot encode {what}: {path or 'it'} {why}")
    encoded = Encoded(JSON, data)
    return encoded if len(data) <= MAX_VALUE_BYTES else _bounded(encoded, what)


def _without_form(value: Any, what: str, error: Exception) -> BadPayload:
    for path, inner, why in without_form("", value, _encode):
        if path:
            advice = advice_for(inner) or "Use plain values: text, numbers, lists, dicts."
            return BadPayload(f"Cannot encode {what}: {path} is {described(inner)}: {_why(why)}. {advice}")
    advice = advice_for(value) or "Use plain values: text, numbers, lists, dicts."
    return BadPayload(f"Cannot encode {what}, {shown(value)}: {_why(error)}. {advice}")


def _message(value: Any) -> Encoded:
    name, data = value.DESCRIPTOR.full_name, value.SerializeToString(deterministic=True)
    if type(name) is not str or type(data) is not bytes:
        raise TypeError("it has SerializeToString, and is no protobuf message")
    return Encoded(TYPE_URL + name, data)


def _passed_on(value: Encoded, what: str) -> Encoded:
    if type(value.type) is not str or type(value.data) is not bytes or not value.type.isprintable():
        raise BadPayload(
            f"Cannot encode {what}: {shown(value)} is no encoded value, which has a type as text and its bytes."
        )
    if value.type == JSON:
        try:
            _check_json(value.data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadPayload(
                f"Cannot encode {what}: {shown(value)} says that it is JSON, and is none: {error}."
            ) from error
    return value


def _bounded(value: Encoded, what: str) -> Encoded:
    if len(value.data) > MAX_VALUE_BYTES:
        raise BadPayload(
            f"Cannot send {what}: it is {len(value.data):,} bytes, at most {MAX_VALUE_BYTES:,} are allowed."
        )
    return value


def _why(error: Exception) -> str:
    """The encoder's own words, and those of a user's exception with its kind."""
    text = shown_text(error)
    return text if isinstance(error, (TypeError, ValueError, OverflowError)) else f"{type_name(error)}: {text}"


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


def decode_answer(value: Encoded | None) -> Any:
    """`decode_value`, with the arrays and DataFrames in it: for the person or the action that asked for the value."""
    if value is None or value.type != JSON or value.data.count(ARROW_BYTES):
        return _decode_unusual(value)
    try:
        return _decode(value.data)
    except (msgspec.DecodeError, RecursionError):
        return value


def _decode_unusual(value: Encoded | None) -> Any:
    decoded = decode_value(value)
    return restored(decoded) if value is not None and value.type == JSON else decoded


def _decode_message(value: Encoded) -> Any:
    from runtime.wire.codecs.messages import decoded

    message = decoded(value.type, value.data)
    return value if message is None else message


# --- Numbers that JSON does not have ----------------------------------------------------------------------------------


_Steps = tuple[Any, ...]
"""The keys that lead to an item, linked: `(steps before, key)`, or empty."""


def without_json(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """NaN and infinity, wherever they are in plain containers: where, and what to do about it."""
    waiting: list[tuple[Any, _Steps]] = [(value, ())]
    while waiting:  # no recursion: the encoder goes deeper than Python's own functions can
        item, steps = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            yield path + _way(steps), f"is {item}, which JSON has no number for; use None or text."
        elif isinstance(item, dict):
            waiting += reversed([(each, (steps, key)) for key, each in item.items()])
        elif isinstance(item, (list, tuple, set, frozenset)):
            waiting += reversed([(each, (steps, index)) for index, each in enumerate(item)])


def _way(steps: _Steps) -> str:
    keys = []
    while steps:
        steps, key = steps
        keys.append(f"[{key!r}]")
    return "".join(reversed(keys))
