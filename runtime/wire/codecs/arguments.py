"""From a payload to an action's arguments, checked against its parameters."""

from __future__ import annotations

import copy
import difflib
import enum
import re
import typing
from collections.abc import Callable
from typing import Any

import msgspec

from runtime.authoring.definition import MISSING, ActionSpec, type_text
from runtime.errors import BadPayload, DefinitionError, nearest, shown, shown_text, type_name
from runtime.records import JSON, NOTHING, Encoded
from runtime.wire.codecs.library_types import ARROW_BYTES, decode_hook, is_scalar, restored
from runtime.wire.codecs.values import decode_value

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

_decode_any = msgspec.json.Decoder().decode
_encode_any = msgspec.json.Encoder().encode
_NOT_ALLOWED = re.compile(r"Invalid enum value (.+?) - at `\$\.?(.*)`\Z", re.DOTALL)
_WRONG = re.compile(r"Expected (.+?)(?:, got (.+?))?(?: - at `\$\.?(.*)`)?\Z", re.DOTALL)


def argument_reader(actor: str, spec: ActionSpec) -> Callable[[Encoded | None], Arguments]:
    """A function from payload to positional and keyword arguments.

    The function raises BadPayload: a field is missing, unknown (nearest names are given), or of another type.

    Raises:
        DefinitionError: a parameter's type cannot be read from a payload.
    """
    if len(spec.parameters) == 1 and hasattr(spec.parameters[0].type, "DESCRIPTOR"):
        return _message_reader(actor, spec)
    return _JsonArguments(actor, spec).read


def _message_reader(actor: str, spec: ActionSpec) -> Callable[[Encoded | None], Arguments]:
    from runtime.wire.codecs.messages import decoded, from_json

    expected = spec.parameters[0].type
    name = expected.DESCRIPTOR.full_name

    def read(payload: Encoded | None) -> Arguments:
        if payload is None or payload.type in NOTHING:
            return (expected(),), {}
        if payload.type == JSON:
            try:
                return (from_json(payload.data, expected),), {}
            except ValueError as error:
                raise BadPayload(f"{actor}.{spec.name} takes a {name}: {error}") from error
        message = decoded(payload.type, payload.data, expected)
        if message is None:
            raise BadPayload(f"{actor}.{spec.name} takes a {name} message, and got {shown(decode_value(payload))}.")
        return (message,), {}

    return read


class _JsonArguments:
    """Reads a JSON object into the parameters of one action."""

    __slots__ = ("_actor", "_as_keywords", "_decode", "_may_hold_tables", "_spec")

    def __init__(self, actor: str, spec: ActionSpec) -> None:
        self._actor, self._spec = actor, spec
        self._as_keywords = spec.takes_any or any(p.keyword_only for p in spec.parameters)
        self._may_hold_tables = spec.takes_any or not all(is_scalar(p.type) for p in spec.parameters)
        fields: list[Any] = [
            (p.name, p.type) if p.default is MISSING else (p.name, p.type, _default(p.default)) for p in spec.parameters
        ]
        try:
            shape = msgspec.defstruct("payload", fields, kw_only=True, forbid_unknown_fields=not spec.takes_any)
            self._decode = msgspec.json.Decoder(shape, dec_hook=decode_hook).decode
        except TypeError as error:
            raise DefinitionError(
                f"A parameter of {actor}.{spec.name} has a type without a JSON form: {error}"
            ) from error

    def read(self, payload: Encoded | None) -> Arguments:
        if payload is not None and payload.type == JSON:
            data = payload.data
        else:
            data = b"{}" if payload is None or payload.type in NOTHING else self._as_json(payload)
        try:
            read = self._decode(data)
        except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
            raise self._explained(data, error) from error
        except Exception as error:  # code of a parameter's class, such as `__post_init__`
            raise BadPayload(
                f"{self._where}: the payload cannot be read: {type_name(error)}: {shown_text(error)}."
            ) from error
        if self._may_hold_tables and ARROW_BYTES in data:  # in a parameter whose type does not say so
            return (), {name: restored(value) for name, value in self._named(read, data).items()}
        if not self._as_keywords:
            return msgspec.structs.astuple(read), {}
        return (), self._named(read, data)

    def _named(self, read: msgspec.Struct, data: bytes) -> dict[str, Any]:
        return {**self._others(data), **msgspec.structs.asdict(read)}

    def _others(self, data: bytes) -> dict[str, Any]:
        fields: dict[str, Any] = _decode_any(data) if self._spec.takes_any else {}
        return fields

    def _as_json(self, payload: Encoded) -> bytes:
        """A message's fields, for a caller that speaks protobuf."""
        from runtime.wire.codecs.messages import decoded, instance_field, plain

        message = decoded(payload.type, payload.data)
        if message is None:
            raise BadPayload(f"{self._where} takes named fields, and got a protobuf message {payload.type}.")
        fields = plain(message)
        instance = instance_field(message)
        if instance and all(p.name != instance for p in self._spec.parameters):
            fields.pop(instance, None)  # it has served its purpose: the message is here
        return _encode_any(fields)

    @property
    def _where(self) -> str:
        return f"{self._actor}.{self._spec.name}{self._spec.signature}"

    def _explained(self, data: bytes, error: Exception) -> BadPayload:
        where = self._where
        try:
            value = _decode_any(data)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return BadPayload(f"{where}: the payload is no JSON: {shown_text(error)}.")
        if not isinstance(value, dict):
            return BadPayload(
                f"{where} takes named fields, and got {shown(value)}. Give a mapping, such as {self._example()}."
            )
        return BadPayload(f"{where}: {self._what(value or {}, str(error))}")

    def _what(self, given: dict[str, Any], text: str) -> str:
        known = [p.name for p in self._spec.parameters]
        for name in given:
            if name not in known and not self._spec.takes_any:
                return f"there is no parameter {name!r}. {nearest(name, known, kind='parameter')}"
        for parameter in self._spec.parameters:
            if parameter.default is MISSING and parameter.name not in given:
                return f"parameter {parameter.name!r} is missing; expected {type_text(parameter.type)}."
        if match := _NOT_ALLOWED.match(text):
            return self._not_allowed(match[2], match[1])
        if match := _WRONG.match(text):
            field = (match[3] or "").partition(".")[0].partition("[")[0]
            return f"{match[3]} expected {match[1]}, and got {shown(given.get(field))}."
        return f"{text}."

    def _not_allowed(self, path: str, found: str) -> str:
        """`path` is the parameter's name, or leads into it."""
        kinds = {p.name: p.type for p in self._spec.parameters}
        allowed = _allowed(kinds.get(path))
        if not allowed:
            return f"{path} cannot be {found}."
        close = difflib.get_close_matches(found.strip("'"), [text.strip("'") for text in allowed], n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"{path} expected one of {', '.join(allowed)}, and got {found}.{hint}"

    def _example(self) -> str:
        return "{" + ", ".join(f'"{p.name}": …' for p in self._spec.parameters[:3]) + "}"


def _allowed(kind: Any) -> list[str]:
    """The values of an enumeration or of a `Literal`, as code; none for other types."""
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return [repr(member.value) for member in kind]
    return [repr(value) for value in typing.get_args(kind)] if typing.get_origin(kind) is typing.Literal else []


def _default(value: Any) -> Any:
    if isinstance(value, (list, dict, set, bytearray)):
        return msgspec.field(default_factory=lambda: copy.copy(value))
    return value
