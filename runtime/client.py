"""From the arguments of a call to an `Invocation`: the same for every kind of system."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from runtime.addressing import check_address
from runtime.codecs.values import encode_value
from runtime.config import delay_us
from runtime.errors import BadSetting, shown
from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation

_NO_METADATA: dict[str, str] = {}

noted: ContextVar[list[Invocation] | None] = ContextVar("noted", default=None)
"""Where this context's messages from outside are noted, while somebody traces what a block of code sets in motion."""

REQUEST_TIMEOUT = "request-timeout"
"""Reserved metadata (spawn-protocol §2.7)."""


def build_invocation(
    invocation_id: InvocationId,
    actor: ActorId,
    action: str,
    payload: Any,
    *,
    parent: str | None = None,
    asynchronous: bool = False,
    delay: float | str | None = None,
    scheduled_to: datetime | None = None,
    metadata: Mapping[str, str] | None = None,
    key: str | None = None,
) -> Invocation:
    """See `SystemApi.invoke` for the arguments.

    Raises:
        BadPayload: the payload has no encoding.
        BadSetting: delay or time are not usable, or a name, the key or the metadata is not text.
    """
    check_address(actor.name, action, parent, key, metadata, actor.system)
    invocation = Invocation(
        id=invocation_id,
        actor=actor,
        action=action,
        payload=None if payload is None else encode_value(payload, what="the payload"),
        parent=parent or "",
        key=key or "",
        metadata=_NO_METADATA if metadata is None else dict(metadata),
        asynchronous=asynchronous,
        scheduled_to_us=0 if delay is None and scheduled_to is None else due_us(delay, scheduled_to),
    )
    notes = noted.get()
    if notes is not None:
        notes.append(invocation)
    return invocation


def wait_s(timeout: float | None, metadata: Mapping[str, str] | None, default_s: float) -> float:
    """How long a call waits: what it says, else Spawn's reserved metadata `request-timeout` (milliseconds), else the default.

    Raises:
        BadSetting: the time-out is no number, or the metadata is not a number of milliseconds.
    """
    if timeout is not None:
        if not isinstance(timeout, (int, float)):
            raise BadSetting(f"timeout={shown(timeout)} is not a number of seconds.")
        return timeout
    text = metadata.get(REQUEST_TIMEOUT) if metadata else None
    if text is None:
        return default_s
    if not text.isdecimal():
        raise BadSetting(f"Metadata {REQUEST_TIMEOUT}={text!r} is not a number of milliseconds.")
    return int(text) / 1_000


def due_us(delay: float | str | None, scheduled_to: datetime | None) -> int:
    """When a call is to run, in microseconds since the epoch.

    Raises:
        BadSetting: both are given, the delay is negative, or the time has no time zone.
    """
    if delay is not None and scheduled_to is not None:
        raise BadSetting("Give delay or scheduled_to, not both.")
    if scheduled_to is not None:
        if scheduled_to.tzinfo is None:
            raise BadSetting(f"scheduled_to={scheduled_to} has no time zone; use datetime.now(UTC) + …, for instance.")
        return round(scheduled_to.timestamp() * 1_000_000)
    return time.time_ns() // 1_000 + delay_us(delay)
