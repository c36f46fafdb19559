"""Whether a call names its actor and its action in text.

Checked where a message is made: what is sent is recorded, and a record has to be read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.errors import BadSetting, shown


def check_address(
    actor: Any,
    action: Any,
    parent: Any = None,
    key: Any = None,
    metadata: Mapping[Any, Any] | None = None,
    system: Any = None,
) -> None:
    """Nothing, where all of it is text.

    Raises:
        BadSetting: something is not; the message says what.
    """
    if type(actor) is not str or type(action) is not str:
        _check(actor, "actor", "the actor's name")
        _check(action, "action", "the action's name")
    if parent is not None:
        _check(parent, "parent", "the template's name")
    if key is not None:
        _check(key, "key", "any text")
    if system is not None and type(system) is not str:
        _check(system, "system", "the system's name")
    if metadata is not None:
        _check_metadata(metadata)


def _check(value: Any, name: str, wanted: str) -> None:
    if not isinstance(value, str):
        hint = (
            f" A class is deployed; its actor is called by name, such as {_name_of(value)!r}."
            if isinstance(value, type)
            else ""
        )
        raise BadSetting(f"{name}={shown(value)} is not text; give {wanted}.{hint}")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, Mapping):
        raise BadSetting(f"metadata={shown(metadata)} is not a mapping of names to texts.")
    for name, text in metadata.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise BadSetting(f"metadata {shown(name)}: {shown(text)} is not a name with a text; metadata is text only.")


def _name_of(kind: type) -> str:
    return str(getattr(kind, "__spawn_settings__", {}).get("name") or kind.__name__.lower())
