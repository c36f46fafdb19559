"""From the arguments of a call to an `Invocation`: the same for every kind of system."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from runtime.config import delay_us
from runtime.errors import BadSetting, shown
from runtime.fields import LONGEST_S, as_flag, as_name, as_texts, as_time_us, as_timeout_s
from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation
from runtime.wire.codecs.values import encode_value

_NO_METADATA: dict[str, str] = {}

noted: ContextVar[list[Invocation] | None] = ContextVar("noted", default=None)
"""Where this context's messages from outside are noted, while someone traces what a block of code sets in motion."""

REQUEST_TIMEOUT = "request-timeout"
"""Reserved metadata (docs/protocols.md, "Reserved metadata")."""

_MOST_DIGITS = 20
"""More digits than any time-out has; Python refuses to read a number of some thousands."""


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
    durable: bool = False,
) -> Invocation:
    """See `SystemApi.invoke` for the arguments.

    Raises:
        BadPayload: the payload has no encoding.
        BadSetting: a delay or a time is outside its range, or a name, the key or the metadata is not text; the message begins
            with the argument's name.
    """
    name, system = actor_name(actor.name), actor.system
    if type(name) is not type(actor.name) or type(system) is not str or not system.isprintable():
        actor = ActorId(system_name(system), name)
    invocation = Invocation(
        id=invocation_id,
        actor=actor,
        action=action_name(action),
        payload=None if payload is None else encode_value(payload, what="the payload"),
        parent="" if parent is None else template_name(parent),
        key="" if key is None else key_text(key),
        metadata=_NO_METADATA if metadata is None else as_texts(metadata, "metadata"),
        asynchronous=as_flag(asynchronous, "asynchronous"),
        scheduled_to_us=0 if delay is None and scheduled_to is None else due_us(delay, scheduled_to),
        durable=durable is not False
        and is_durable(durable, asynchronous or delay is not None or scheduled_to is not None),
    )
    notes = noted.get()
    if notes is not None:
        notes.append(invocation)
    return invocation


def is_durable(durable: object, is_asynchronous: bool) -> bool:
    """Whether a call asks for a place on disk.

    Raises:
        BadSetting: it is neither True nor False, or for a call whose answer someone waits for.
    """
    if not isinstance(durable, bool):
        raise BadSetting(f"durable={shown(durable)} is neither True nor False.")
    if durable and not is_asynchronous:
        raise BadSetting(
            "durable=True is for asynchronous calls: add asynchronous=True.\n"
            "The caller knows from the answer that the turn ended; `durability` says what that means for the disk."
        )
    return durable


def wait_s(timeout: float | None, metadata: Mapping[str, str] | None, default_s: float) -> float:
    """How long a call waits: what it says, else Spawn's reserved metadata `request-timeout` (milliseconds), else the default.

    Raises:
        BadSetting: the time-out is no number of seconds from 0 to 100 years, or the metadata is not a number of milliseconds
            within the same range.
    """
    if timeout is not None:
        return as_timeout_s(timeout)
    text = metadata.get(REQUEST_TIMEOUT) if metadata else None
    if text is None:
        return default_s
    if text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) <= LONGEST_S * 1_000:
        return int(text) / 1_000
    raise BadSetting(
        f"Metadata {REQUEST_TIMEOUT}={shown(text)} is not a number of milliseconds from 0 to {LONGEST_S * 1_000:,}."
    )


def due_us(delay: float | str | None, scheduled_to: datetime | None) -> int:
    """When a call is to run, in microseconds since the epoch.

    Raises:
        BadSetting: both are given, the delay is not from 0 to 100 years, the time has no time zone, or is not from 1970 to 9999.
    """
    if delay is not None and scheduled_to is not None:
        raise BadSetting("Give delay or scheduled_to, not both.")
    if scheduled_to is not None:
        return as_time_us(scheduled_to, "scheduled_to")
    return time.time_ns() // 1_000 + delay_us(delay)


# --- Addressing -------------------------------------------------------------------------------------------------------
# Whom a call is for, and under which names it is recorded: checked where a message is made, before it is sent.
#
# What is sent is recorded, and a record has to be read again.


def actor_name(value: Any) -> str:
    """The name of an actor.

    Raises:
        BadSetting: it is no text, or has a NUL or a lone surrogate.
    """
    if type(value) is str and value.isprintable():
        return value
    return _name(value, "actor", "the actor's name")


def action_name(value: Any) -> str:
    """The name of an action.  Raises BadSetting as `actor_name`."""
    if type(value) is str and value.isprintable():
        return value
    return _name(value, "action", "the action's name")


def template_name(value: Any) -> str:
    """The template to make an actor from; empty for None.  Raises BadSetting as `actor_name`."""
    return "" if value is None else _name(value, "parent", "the template's name")


def system_name(value: Any) -> str:
    """The name of an actor system; empty for None, which is the caller's own.  Raises BadSetting as `actor_name`."""
    return "" if value is None else _name(value, "system", "the system's name")


def key_text(value: Any) -> str:
    """An idempotency key; empty for None.  Raises BadSetting as `actor_name`."""
    return "" if value is None else _name(value, "key", "any text")


def _name(value: Any, field: str, wanted: str) -> str:
    if not issubclass(type(value), str):
        raise BadSetting(f"{field}={shown(value)} is not text; give {wanted}.{_hint(value)}")
    return as_name(value, field, wanted)


def _hint(value: Any) -> str:
    if not isinstance(value, type):
        return ""
    return f" A class is deployed; its actor is called by name, such as {_name_of(value)}."


def _name_of(kind: type) -> str:
    settings = getattr(kind, "__spawn_settings__", None)
    given = settings.get("name") if isinstance(settings, dict) else None
    return shown(given or kind.__name__.lower())
