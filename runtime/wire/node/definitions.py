"""Definitions on `workbench.v1`: everything that a node has to know of an actor but its code, which stays where it is."""

from __future__ import annotations

import hashlib
from typing import Any, NoReturn

import msgspec

from runtime.authoring.definition import MISSING, ActionSpec, ActorDefinition, Parameter, StateField, type_text
from runtime.authoring.settings import Settings
from runtime.errors import DefinitionError, InternalError
from runtime.records import State
from runtime.wire.node.records import get_value, put_value
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_ROLES = ("action", "init", "timer")


class Elsewhere:
    """Stands for an action whose code is in another process."""

    __slots__ = ("digest",)

    def __init__(self, digest: str) -> None:
        self.digest = digest
        """Names one version of the code."""

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        raise InternalError("An action whose code is in another process was called in this one.")


class _Default:
    """The default of a parameter, known as text only."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def put_definition(target: pb.Definition, definition: ActorDefinition, initial: State | None) -> None:
    target.name, target.hash, target.source = definition.name, definition.hash, definition.source
    target.settings_json = msgspec.json.encode(definition.settings.as_text()).decode()
    for name, kind in definition.field_types.items():
        target.fields.add(name=name, type=kind)
    target.classes.update(definition.classes)
    for spec in definition.actions.values():
        _put_action(target.actions.add(), spec)
    if initial is not None:
        put_value(target.initial, initial.value)


def get_definition(source: pb.Definition) -> ActorDefinition:
    """A definition whose actions run elsewhere.

    Raises:
        DefinitionError: something in it is not usable.
    """
    try:
        settings = msgspec.json.decode(source.settings_json, type=Settings)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError) as error:
        raise DefinitionError(f"The settings offered for {source.name!r} are not usable: {error}") from None
    if not source.name or not source.hash or settings.name != source.name:
        raise DefinitionError(
            f"The definition offered as {source.name!r} lacks a name, a hash, or settings of that name."
        )
    return ActorDefinition(
        name=source.name,
        hash=source.hash,
        settings=settings,
        actions={each.name: _get_action(source.name, each) for each in source.actions},
        fields=tuple(StateField(each.name, each.type, None) for each in source.fields),
        source=source.source,
        classes=dict(source.classes),
    )


def get_initial(source: pb.Definition) -> State | None:
    """The state of an actor of that definition before its first turn."""
    value = get_value(source.initial)
    return None if value is None else State(value)


def digest_of(spec: ActionSpec) -> str:
    """Names one version of an action's code."""
    code = getattr(spec.function, "__code__", None)
    if code is None:
        return ""
    constants = [each for each in code.co_consts if not hasattr(each, "co_code")]
    return hashlib.sha256(repr((code.co_code, code.co_names, constants)).encode()).hexdigest()[:16]


def _put_action(target: pb.Action, spec: ActionSpec) -> None:
    target.name, target.takes_any = spec.name, spec.takes_any
    target.role, target.every_ms, target.digest = spec.role, spec.every_ms, digest_of(spec)
    target.timeout_ms = spec.timeout_ms
    for each in spec.parameters:
        place = target.parameters.add(name=each.name, keyword_only=each.keyword_only)
        if each.type is not Any:
            place.type = type_text(each.type)
        if each.default is not MISSING:
            place.default = repr(each.default)


def _get_action(actor: str, source: pb.Action) -> ActionSpec:
    if source.role not in _ROLES or not source.name:
        raise DefinitionError(
            f"An action offered for {actor!r} has no name, or a role {source.role!r} that is unknown here."
        )
    return ActionSpec(
        name=source.name,
        function=Elsewhere(source.digest),
        parameters=tuple(map(_get_parameter, source.parameters)),
        takes_any=source.takes_any,
        is_async=True,
        role=source.role,
        every_ms=source.every_ms,
        timeout_ms=max(0, source.timeout_ms),
    )


def _get_parameter(source: pb.Parameter) -> Parameter:
    default: Any = _Default(source.default) if source.HasField("default") else MISSING
    return Parameter(source.name, source.type or Any, default, source.keyword_only)
