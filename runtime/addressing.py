"""Whom a call is for, and under which names it is recorded: checked where a message is made, before it is sent.

What is sent is recorded, and a record has to be read again.
"""

from __future__ import annotations

from typing import Any

from runtime.errors import BadSetting, shown
from runtime.fields import as_name


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
