"""From the arguments of a call to an `Invocation`: the same for every kind of system."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar

from runtime.api import CallOptions
from runtime.authoring.context import Context
from runtime.config import delay_us
from runtime.errors import BadSetting, nearest, shown
from runtime.fields import LONGEST_S, as_flag, as_name, as_texts, as_time_us, as_timeout_s
from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation
from runtime.wire.codecs.values import encode_value

T = TypeVar("T")

_NO_METADATA: dict[str, str] = {}
"""Shared, as metadata is never changed in place: a dict for each message would have the garbage collector run for them."""

noted: ContextVar[list[Invocation] | None] = ContextVar("noted", default=None)
"""Where this context's messages from outside are noted, while someone traces what a block of code sets in motion."""

_ASYNCHRONOUS: CallOptions = {"asynchronous": True}

REQUEST_TIMEOUT = "request-timeout"
"""Reserved metadata (docs/protocols.md, "Reserved metadata")."""

_MOST_DIGITS = 20
"""More digits than any time-out has; Python refuses to read a number of some thousands."""


def build_invocation(
    invocation_id: InvocationId, system: str, actor: str, action: str, payload: Any, options: CallOptions
) -> Invocation:
    """The message of a call from outside.

    Args:
        system: the caller's own, where the options name no other.

    Raises:
        BadPayload: the payload has no encoding.
        BadSetting: an option is unknown, a delay or a time outside its range, or a name, the key or the metadata not text; the
            message begins with the argument's name.
    """
    name, action = actor_name(actor), action_name(action)
    encoded = None if payload is None else encode_value(payload, what="the payload")
    if not options or options == _ASYNCHRONOUS:  # what comes in great numbers
        invocation = Invocation(
            invocation_id, ActorId(system, name), action, encoded, metadata=_NO_METADATA, asynchronous=bool(options)
        )
    else:
        fields = message_fields(options)
        if "delay" in options or "scheduled_to" in options:
            fields["scheduled_to_us"] = due_us(options.get("delay"), options.get("scheduled_to"))
        if "system" in options:
            system = system_name(options["system"]) or system
        invocation = Invocation(invocation_id, ActorId(system, name), action, encoded, **fields)
    notes = noted.get()
    if notes is not None:
        notes.append(invocation)
    return invocation


def message_fields(options: CallOptions) -> dict[str, Any]:
    """What of the options is part of the message as it is: template, key, metadata, and how it is accepted; checked.

    Raises:
        BadSetting: as `build_invocation`.
    """
    fields: dict[str, Any] = {"metadata": _NO_METADATA}
    for name, value in options.items():
        if value is None or value is False:
            continue
        read = _FIELDS.get(name)
        if read is not None:
            fields[name] = read(value)
        elif name not in CallOptions.__annotations__:
            raise BadSetting(
                f"A call has no option {name!r}. {nearest(name, CallOptions.__annotations__, kind='option')}"
            )
    if "durable" in fields and not _is_asynchronous(options):
        raise BadSetting(
            "durable=True is for asynchronous calls: add asynchronous=True.\n"
            "The caller knows from the answer that the turn ended; `durability` says what that means for the disk."
        )
    return fields


def _is_asynchronous(options: CallOptions) -> bool:
    """Whether no one waits for the response.

    Raises:
        BadSetting: `asynchronous` is neither True nor False.
    """
    is_later = options.get("delay") is not None or options.get("scheduled_to") is not None
    asynchronous = options.get("asynchronous")
    return (asynchronous is not None and as_flag(asynchronous, "asynchronous")) or is_later


def send_within(
    turn: Context, ask: Callable[..., T], actor: str, action: str, payload: Any, options: CallOptions
) -> T | None:
    """Make a call from inside an action: as a message of its turn.

    Args:
        ask: `ctx.call` or `ctx.invoke`; what is asynchronous or has a time goes by `ctx.tell` instead, and gives None.

    Raises:
        BadSetting: an option that these do not have, such as `scheduled_to`.
    """
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None and value is not False}
    if not _is_asynchronous(options):
        given.pop("asynchronous", None)
        return ask(actor, action, payload, **given)
    for name in ("asynchronous", "timeout"):
        given.pop(name, None)
    turn.tell(actor, action, payload, **given)
    return None


def wait_s(options: CallOptions, default_s: float) -> float:
    """How long a call waits: what it says, else Spawn's reserved metadata `request-timeout` (milliseconds), else the default.

    Raises:
        BadSetting: the time-out is no number of seconds from 0 to 100 years, or the metadata is not a number of milliseconds
            within the same range.
    """
    timeout = options.get("timeout")
    if timeout is not None:
        return as_timeout_s(timeout)
    metadata = options.get("metadata")
    text = metadata.get(REQUEST_TIMEOUT) if metadata else None
    if text is None:
        return default_s
    if text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) <= LONGEST_S * 1_000:
        return int(text) / 1_000
    raise BadSetting(
        f"Metadata {REQUEST_TIMEOUT}={shown(text)} is not a number of milliseconds from 0 to {LONGEST_S * 1_000:,}."
    )


def due_us(delay: float | str | None, scheduled_to: datetime | None) -> int:
    """When a call is to run, in microseconds since the epoch; 0 for at once.

    Raises:
        BadSetting: both are given, the delay is not from 0 to 100 years, the time has no time zone, or is not from 1970 to 9999.
    """
    if delay is not None and scheduled_to is not None:
        raise BadSetting("Give delay or scheduled_to, not both.")
    if scheduled_to is not None:
        return as_time_us(scheduled_to, "scheduled_to")
    return 0 if delay is None else time.time_ns() // 1_000 + delay_us(delay)


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
    if type(value) is str and value.isprintable():
        return value
    return "" if value is None else _name(value, "parent", "the template's name")


def system_name(value: Any) -> str:
    """The name of an actor system; empty for None, which is the caller's own.  Raises BadSetting as `actor_name`."""
    return "" if value is None else _name(value, "system", "the system's name")


def key_text(value: Any) -> str:
    """An idempotency key; empty for None.  Raises BadSetting as `actor_name`."""
    if type(value) is str and value.isprintable():
        return value
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


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "parent": template_name,
    "asynchronous": lambda value: as_flag(value, "asynchronous"),
    "metadata": lambda value: as_texts(value, "metadata"),
    "key": key_text,
    "durable": lambda value: as_flag(value, "durable"),
}
"""How the options are read that are fields of a message by the same name."""
