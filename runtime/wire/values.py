"""Payloads and states between `Encoded` and `google.protobuf.Any`, total in both directions."""

from __future__ import annotations

import re
from typing import Protocol

import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from runtime.records import JSON, NOOP, Encoded
from runtime.wire.dialect import JSON_NAMES, JSON_URL, NOOP_NAMES, NOOP_URL, RENAMED, Dialect, dialect_of
from runtime.wire.pb.spawn.actors.protocol_pb2 import JSONType, Noop

MOST_JSON_DEPTH = 200

_check_json = msgspec.json.Decoder(msgspec.Raw).decode
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = re.compile(rb"[^\[\]{}]+")
_NOOP = Encoded(NOOP, b"")
_CANONICAL_JSON, _CANONICAL_NOOP = JSON_URL[Dialect.NEW], NOOP_URL[Dialect.NEW]


class HasPayload(Protocol):
    """A message with the oneof `payload { value, noop }`."""

    @property
    def value(self) -> AnyMessage: ...

    @property
    def noop(self) -> Noop: ...


def from_any(value: AnyMessage) -> Encoded:
    """The value, whatever dialect wrote it.  JSON that is none, or is nested too deep, stays an opaque message."""
    url = value.type_url
    if not url.endswith(RENAMED):
        return Encoded(url, value.value)
    name = url.rpartition("/")[2]
    if name in JSON_NAMES:
        text = _json_text(value.value)
        return Encoded(_CANONICAL_JSON, value.value) if text is None else Encoded(JSON, text)
    if name in NOOP_NAMES:
        return Encoded(_CANONICAL_NOOP, value.value)
    return Encoded(url, value.value)


def to_any(value: Encoded, target: AnyMessage, dialect: Dialect) -> None:
    """Fill `target` so that an SDK of `dialect` can read it."""
    if value.type == JSON:
        target.type_url = JSON_URL[dialect]
        target.value = JSONType(content=value.data.decode("utf-8", "replace")).SerializeToString()
        return
    target.value = value.data
    if value.type == _CANONICAL_JSON:
        target.type_url = JSON_URL[dialect]
    elif value.type in (_CANONICAL_NOOP, NOOP):
        target.type_url = NOOP_URL[dialect]
    else:
        target.type_url = value.type


def payload_of(message: HasPayload, which: str | None) -> Encoded | None:
    """A message's payload; `which` is `message.WhichOneof("payload")`."""
    if which is None:
        return None
    return from_any(message.value) if which == "value" else _NOOP


def set_payload(message: HasPayload, value: Encoded | None, dialect: Dialect) -> None:
    """Set the oneof; None leaves it unset."""
    if value is None:
        return
    if value.type == NOOP:
        message.noop.SetInParent()
    else:
        to_any(value, message.value, dialect)


def state_of(value: AnyMessage) -> Encoded | None:
    """A state from the wire; None for the empty `Any` that some SDKs send when they have none."""
    if not value.type_url and not value.value:
        return None
    return from_any(value)


def spoken_dialect(*values: AnyMessage) -> Dialect | None:
    """The dialect that some of these values show; None if none does."""
    for value in values:
        url = value.type_url
        if url.endswith(RENAMED) and (found := dialect_of(url)) is not None:
            return found
    return None


def _json_text(serialized: bytes) -> bytes | None:
    """The text of a `JSONType`; None if it is not one whose content is JSON of a bearable depth."""
    try:
        text = JSONType.FromString(serialized).content.encode()
        _check_json(text)
    except (DecodeError, msgspec.DecodeError, RecursionError):
        return None
    if text.count(b"[") + text.count(b"{") > MOST_JSON_DEPTH and _depth(text) > MOST_JSON_DEPTH:
        return None
    return text


def _depth(text: bytes) -> int:
    deepest = depth = 0
    for bracket in _NOT_BRACKETS.sub(b"", _STRINGS.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
