"""From a Python actor to a `.proto`: the contract by which other languages call it.

The actor stays as it is: its requests are messages whose fields are its parameters, its answers what JSON its code returns.
Whatever has no place in a message's types (`Any`, unions, lists of lists) is a `google.protobuf.Value`.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format

from runtime.contracts.compiler import compile_text
from runtime.contracts.contract import Contract
from runtime.contracts.types import EMPTY, Field, Types
from runtime.definition import MISSING, ActionSpec, ActorDefinition
from runtime.errors import ContractError
from runtime.settings import Kind, Settings
from runtime.value import Value
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
    text = (spec.function.__doc__ or "").strip()
    return " ".join(text.partition("\n\n")[0].split())


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
