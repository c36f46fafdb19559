"""From a Python actor to a `.proto`: the contract by which other languages call it.

The actor stays as it is: its requests are messages whose fields are its parameters, its answers what JSON its code returns.
Whatever has no place in a message's types (`Any`, unions, lists of lists) is a `google.protobuf.Value`.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from google.protobuf import text_format

from runtime.authoring.definition import MISSING, ActionSpec, ActorDefinition
from runtime.authoring.settings import Kind, Settings
from runtime.authoring.value import Value
from runtime.contracts.compiler import compile_text
from runtime.contracts.contract import Contract
from runtime.errors import ContractError
from runtime.wire.pb.spawn.actors import extensions_pb2

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_INSTANCE = "actor_id"


class ProtoText(str):
    """The text of a `.proto`, which shows itself as text."""

    __slots__ = ()

    def compile(self) -> Contract:
        """The contract, ready to be served."""
        return compile_text(self)

    def __repr__(self) -> str:
        return str(self)


def proto_of(definition: ActorDefinition, *, package: str = "") -> ProtoText:
    """The contract of an actor: a service of its name with an rpc for each action.

    Args:
        package: the contract's; `NAME.v1` if not given.

    Raises:
        ContractError: the actor or an action has a name that protobuf does not allow.
    """
    for name in (definition.name, *_callable(definition)):
        if not _IDENTIFIER.match(name):
            raise ContractError(
                f"{name!r} cannot be a name in a .proto: letters, digits and _ only. "
                f"Name it otherwise, such as {re.sub(r'[^A-Za-z0-9_]', '_', name)!r}."
            )
    return ProtoText(_Writer(definition, package or f"{definition.name}.v1".lower()).text())


def _callable(definition: ActorDefinition) -> dict[str, ActionSpec]:
    return {name: spec for name, spec in definition.actions.items() if spec.role == "action"}


class _Writer:
    """Writes one actor's contract."""

    def __init__(self, definition: ActorDefinition, package: str) -> None:
        self._definition, self._package = definition, package
        self._types = Types(package)
        self._has_instances = definition.settings.kind is Kind.UNNAMED

    def text(self) -> str:
        rpcs = [*map(self._rpc, _callable(self._definition).values()), self._read()]
        options = text_format.MessageToString(_options(self._definition.settings), as_one_line=True)
        imports = {"google/api/annotations.proto", "spawn/actors/extensions.proto", *self._types.imports}
        return "\n".join(
            [
                'syntax = "proto3";',
                "",
                f"package {self._package};",
                "",
                *(f'import "{name}";' for name in sorted(imports)),
                "",
                *_blocks(self._types.messages),
                f"service {self._definition.name} {{",
                f"  option (spawn.actors.actor) = {{ {options.strip()} }};",
                "",
                *("\n\n".join(rpcs)).splitlines(),
                "}",
                "",
            ]
        )

    def _rpc(self, spec: ActionSpec) -> str:
        request = self._request(spec)
        response = self._types.response(_returned(spec), f"{_camel(spec.name)}Response")
        path = f"{self._root()}/{spec.name}"
        return _rpc(spec.name, request, response, f'post: "{path}", body: "*"', _comment(spec))

    def _read(self) -> str:
        state = self._definition.settings.state_type
        if state is not None:
            response = self._types.response(state, "State")
        else:
            fields = [Field(each.name, each.type) for each in self._definition.fields]
            response = self._types.message(f"{_camel(self._definition.name)}State", fields) if fields else EMPTY
        request = self._types.message("GetRequest", [self._instance()]) if self._has_instances else EMPTY
        return _rpc(
            "get", self._types.named(request), self._types.named(response), f'get: "{self._root()}"', "The state."
        )

    def _request(self, spec: ActionSpec) -> str:
        parameters = spec.parameters
        if len(parameters) == 1 and hasattr(parameters[0].type, "DESCRIPTOR"):
            if self._has_instances:
                raise ContractError(
                    f"{self._definition.name}.{spec.name} takes a message, which cannot also say for which instance it is."
                )
            return self._types.response(parameters[0].type, "")
        if spec.takes_any and not self._has_instances:
            return self._types.named("google.protobuf.Struct")
        fields = [Field(each.name, each.type, each.default is not MISSING) for each in parameters]
        if self._has_instances:
            fields.insert(0, self._instance())
        if not fields:
            return self._types.named(EMPTY)
        return self._types.message(f"{_camel(spec.name)}Request", fields)

    def _instance(self) -> Field:
        return Field(_INSTANCE, str, option="(spawn.actors.actor_id) = true")

    def _root(self) -> str:
        instance = f"/{{{_INSTANCE}}}" if self._has_instances else ""
        return f"/v1/{self._definition.name}{instance}"


def _options(settings: Settings) -> extensions_pb2.ActorOpts:
    """The settings for which Spawn has options."""
    options = extensions_pb2.ActorOpts(
        kind=settings.kind.upper(),
        stateful=settings.stateful,
        deactivate_timeout=settings.deactivate_timeout_ms,
        snapshot_interval=settings.snapshot_timeout_ms,
        sourceable=settings.sourceable,
        state_type=settings.state_type.DESCRIPTOR.full_name if settings.state_type is not None else "",
    )
    if settings.events_retention_ms is not None:
        options.events_retention_strategy.duration_ms = settings.events_retention_ms
    for subject in settings.subjects:
        added = options.subjects.add(actor=subject.actor, source_action=subject.source_action, action=subject.action)
        if subject.start_time is not None:
            added.start_time.FromDatetime(subject.start_time)
    return options


def _blocks(messages: dict[str, list[str]]) -> Iterator[str]:
    for name, lines in messages.items():
        yield f"message {name} {{"
        yield from (f"  {line}" for line in lines)
        yield from ("}", "")


def _rpc(name: str, request: str, response: str, rule: str, comment: str) -> str:
    head = f"  // {comment}\n" if comment else ""
    return f"{head}  rpc {name}({request}) returns ({response}) {{\n    option (google.api.http) = {{ {rule} }};\n  }}"


def _returned(spec: ActionSpec) -> Any:
    """What the action returns, as far as it says; a `Value` may hold anything."""
    try:
        found = typing.get_type_hints(spec.function).get("return", Any)
    except Exception:  # noqa: BLE001 - whatever the annotation does, the contract then says less
        return Any
    return Any if found is Value else found


def _comment(spec: ActionSpec) -> str:
    text = " ".join((spec.function.__doc__ or "").strip().partition("\n\n")[0].split())
    limit = f"It may take {spec.limit}; then it fails with DEADLINE_EXCEEDED." if spec.limit else ""
    return f"{text} {limit}".strip()


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


# --- Python's types as protobuf's, such that the JSON of one is the JSON of the other ---------------------------------

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
