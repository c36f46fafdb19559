"""Python's types as protobuf's, such that the JSON of one is the JSON of the other."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from runtime.errors import ContractError

EMPTY = "google.protobuf.Empty"
_VALUE, _LIST, _STRUCT = "google.protobuf.Value", "google.protobuf.ListValue", "google.protobuf.Struct"

_SCALARS: dict[Any, str] = {
    bool: "bool",
    int: "int64",
    float: "double",
    str: "string",
    bytes: "bytes",
    datetime.datetime: "google.protobuf.Timestamp",
    datetime.date: "string",
    datetime.time: "string",
    Decimal: "string",
    UUID: "string",
}
_WRAPPED = {
    "bool": "google.protobuf.BoolValue",
    "int64": "google.protobuf.Int64Value",
    "double": "google.protobuf.DoubleValue",
    "string": "google.protobuf.StringValue",
    "bytes": "google.protobuf.BytesValue",
}
"""What a scalar is as a whole answer: the same JSON."""

_FILES = {
    _VALUE: "struct",
    _LIST: "struct",
    _STRUCT: "struct",
    EMPTY: "empty",
    "google.protobuf.Timestamp": "timestamp",
    **dict.fromkeys(_WRAPPED.values(), "wrappers"),
}
_SEQUENCES = (list, set, frozenset, tuple)
_KEYS = {str: "string", int: "int64"}


@dataclass(frozen=True)
class Field:
    """One field of a message to be."""

    name: str
    type: Any
    is_optional: bool = False
    option: str = ""


class Types:
    """Messages and imports that the types of one contract need."""

    def __init__(self, package: str) -> None:
        self._package = package
        self.messages: dict[str, list[str]] = {}
        self.imports: set[str] = set()
        self._names: dict[Any, str] = {}

    def message(self, name: str, fields: Sequence[Field]) -> str:
        """Declare a message; its name, which is another if that is taken."""
        while name in self.messages:
            name += "_"
        self.messages[name] = []
        self.messages[name] = [self._field(each, number) for number, each in enumerate(fields, 1)]
        return name

    def response(self, annotation: Any, name: str) -> str:
        """The message for a whole answer of that type."""
        if annotation is None or annotation is type(None):
            return self.named(EMPTY)
        label, kind = self._type(annotation)
        if label == "repeated":
            return self.named(_LIST)
        if label == "map":
            return self.named(_STRUCT)
        if label == "optional":  # None is no answer at all, which every message can be
            label, kind = self._type(_without_none(annotation))
        return self.named(_WRAPPED.get(kind, kind))

    def named(self, kind: str) -> str:
        """A type's name, with what it needs imported."""
        if kind in _FILES:
            self.imports.add(f"google/protobuf/{_FILES[kind]}.proto")
        return kind

    def _field(self, field: Field, number: int) -> str:
        label, kind = self._type(field.type)
        option = f" [{field.option}]" if field.option else ""
        if label == "map":
            return f"{kind} {field.name} = {number}{option};"
        if not label and field.is_optional:
            label = "optional"
        return f"{label + ' ' if label else ''}{self.named(kind)} {field.name} = {number}{option};"

    def _type(self, annotation: Any) -> tuple[str, str]:
        """A label (`repeated`, `optional`, `map` or nothing) and a type."""
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            return self._type(arguments[0])
        if origin in (typing.Union, types.UnionType):
            return self._union(annotation)
        if origin is typing.Literal:
            return self._type(type(arguments[0])) if len({type(each) for each in arguments}) == 1 else ("", _VALUE)
        plain = origin or annotation
        if plain in _SEQUENCES or (isinstance(plain, type) and plain in (typing.Sequence, Sequence)):
            return self._repeated(plain, arguments)
        if isinstance(plain, type) and issubclass(plain, typing.Mapping) and not typing.is_typeddict(plain):
            return self._map(arguments)
        return "", self._single(annotation)

    def _union(self, annotation: Any) -> tuple[str, str]:
        rest = _without_none(annotation)
        if rest is annotation:
            return "", _VALUE
        label, kind = self._type(rest)
        return ("optional", kind) if not label else ("", _VALUE)

    def _repeated(self, plain: Any, arguments: tuple[Any, ...]) -> tuple[str, str]:
        if plain is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
            return "repeated", _VALUE
        label, kind = self._type(arguments[0]) if arguments else ("", _VALUE)
        return "repeated", kind if not label else _VALUE

    def _map(self, arguments: tuple[Any, ...]) -> tuple[str, str]:
        if not arguments or arguments[0] not in _KEYS:
            return "", _STRUCT
        label, kind = self._type(arguments[1])
        return "map", f"map<{_KEYS[arguments[0]]}, {self.named(kind if not label else _VALUE)}>"

    def _single(self, annotation: Any) -> str:
        if annotation in _SCALARS:
            return _SCALARS[annotation]
        descriptor = getattr(annotation, "DESCRIPTOR", None)
        if descriptor is not None:
            return self._known_message(descriptor)
        if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
            kinds = {type(each.value) for each in annotation}
            return _SCALARS.get(kinds.pop(), _VALUE) if len(kinds) == 1 else _VALUE
        return self._record(annotation)

    def _known_message(self, descriptor: Any) -> str:
        if descriptor.file.name.startswith("contract_"):
            raise ContractError(f"{descriptor.full_name} comes from a contract already: serve that one.")
        self.imports.add(descriptor.file.name)
        name: str = descriptor.full_name
        return name

    def _record(self, annotation: Any) -> str:
        """A message for a class with typed fields; a value for anything else."""
        fields = _fields_of(annotation)
        if fields is None:
            return _VALUE
        if annotation not in self._names:
            self._names[annotation] = annotation.__name__  # first, for classes that contain themselves
            self._names[annotation] = self.message(annotation.__name__, fields)
        return self._names[annotation]


def _fields_of(annotation: Any) -> list[Field] | None:
    is_record = dataclasses.is_dataclass(annotation) or typing.is_typeddict(annotation)
    is_struct = isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)
    if not is_record and not (is_struct and not annotation.__struct_config__.array_like):
        return None
    try:
        hints = typing.get_type_hints(annotation)
    except NameError:
        return None
    return [Field(name, kind) for name, kind in hints.items() if typing.get_origin(kind) is not typing.ClassVar]


def _without_none(annotation: Any) -> Any:
    """The other member of a union with None; the annotation itself if it is no such union."""
    arguments = typing.get_args(annotation)
    rest = [each for each in arguments if each is not type(None)]
    return rest[0] if len(arguments) == 2 and len(rest) == 1 else annotation
