"""What the classes of state fields hold, as text that a store keeps: SQL makes types of it.

An enumeration has its members, a record (a dataclass, an attrs class, a msgspec Struct, a pydantic model, a `TypedDict`) the fields
that its JSON has, with the text of their types.  A class whose JSON is no such object, or not always one with the same keys, is
left out, as are two classes of one name.  Nothing is called but what the libraries themselves tell of their classes.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

_MOST_CLASSES = 100
_MOST_MEMBERS = 200

MEMBERS, FIELDS = "members", "fields"


def class_shapes(annotations: Iterable[Any], text_of: Callable[[Any], str]) -> dict[str, str]:
    """The classes that annotations name, and those that their fields name: class name to JSON.

    `{"members": {"RED": "red"}}` is an enumeration, `{"fields": {"x": "int"}}` a record.

    Args:
        text_of: the text of a type.
    """
    found: dict[str, str] = {}
    seen: dict[str, type] = {}
    waiting = list(annotations)
    while waiting and len(seen) < _MOST_CLASSES:
        for kind in _classes_in(waiting.pop()):
            name = kind.__name__
            if seen.setdefault(name, kind) is not kind:
                found.pop(name, None)
            elif name not in found and (shape := _shape(kind)):
                label, content = shape
                texts = {key: text_of(each) for key, each in content.items()} if label == FIELDS else content
                found[name] = msgspec.json.encode({label: texts}).decode()
                waiting += content.values() if label == FIELDS else ()
    return found


def _classes_in(annotation: Any) -> Iterator[type]:
    """The classes that an annotation is made of."""
    if arguments := typing.get_args(annotation):
        for each in arguments:
            yield from _classes_in(each)
    elif isinstance(annotation, type) and annotation.__module__ != "builtins":
        yield annotation


def _shape(kind: type) -> tuple[str, Mapping[str, Any]] | None:
    try:
        if issubclass(kind, enum.Enum):
            return _members(kind)
        fields = _fields(kind)
    except Exception:  # noqa: BLE001 - a class that cannot tell its fields is only shown as JSON
        return None
    return (FIELDS, fields) if fields else None


def _members(kind: type[enum.Enum]) -> tuple[str, Mapping[str, Any]] | None:
    if issubclass(kind, enum.Flag) or not 0 < len(kind) <= _MOST_MEMBERS:
        return None
    return MEMBERS, {member.name: msgspec.to_builtins(member.value) for member in kind}


def _fields(kind: Any) -> Mapping[str, Any] | None:
    """JSON key to annotation; None for a class that is no record."""
    if issubclass(kind, msgspec.Struct):
        return _of_struct(kind)
    if typing.is_typeddict(kind):
        return None if kind.__optional_keys__ else typing.get_type_hints(kind)
    pydantic: Any = sys.modules.get("pydantic")
    if pydantic is not None and issubclass(kind, pydantic.BaseModel):
        return None if kind.model_config.get("extra") == "allow" else _of_model(kind)
    if dataclasses.is_dataclass(kind):
        names = [each.name for each in dataclasses.fields(kind)]
    elif hasattr(kind, "__attrs_attrs__"):
        names = [each.name for each in kind.__attrs_attrs__]
    else:
        return None
    hints = typing.get_type_hints(kind)
    return {name: hints.get(name, Any) for name in names if not name.startswith("_")}


def _of_struct(kind: type[msgspec.Struct]) -> Mapping[str, Any] | None:
    config = kind.__struct_config__
    if config.array_like or config.omit_defaults:
        return None
    tag = {config.tag_field: str} if config.tag_field else {}
    return {**tag, **{each.encode_name: each.type for each in msgspec.structs.fields(kind)}}


def _of_model(kind: Any) -> Mapping[str, Any]:
    return {each.serialization_alias or each.alias or name: each.annotation for name, each in kind.model_fields.items()}
