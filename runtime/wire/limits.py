"""Bounds on what arrives, checked before anything is made of it."""

from __future__ import annotations

import re

import msgspec

from runtime.errors import BadPayload
from runtime.records import JSON, Encoded

# Strings are passed over as a whole; the last quote may be missing.  Possessive, so that no text makes it slow.
_NESTING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)|([\[{])|([\]}])', re.DOTALL)


_check_json = msgspec.json.Decoder(msgspec.Raw).decode


def json_depth(data: bytes, limit: int) -> int:
    """How deep lists and objects are nested; counting stops above `limit`."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return 0
    depth = deepest = 0
    for match in _NESTING.finditer(data):
        if match[1]:
            depth += 1
            deepest = max(deepest, depth)
            if depth > limit:
                break
        elif match[2]:
            depth -= 1
    return deepest


def check_depth(value: Encoded | None, limit: int) -> None:
    """Refuse JSON that is nested too deep to be read safely.

    Raises:
        BadPayload: it is.
    """
    if value is not None and value.type == JSON and json_depth(value.data, limit) > limit:
        raise BadPayload(f"The payload is nested more than {limit} deep; nothing was run.")


def check_json(value: Encoded | None, what: str) -> None:
    """Refuse a value that says it is JSON and is not; `what` names its field.

    Raises:
        BadPayload: it is none.
    """
    if value is None or value.type != JSON:
        return
    try:
        _check_json(value.data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadPayload(f"{what} is no JSON: {error}. Nothing was run.") from error
