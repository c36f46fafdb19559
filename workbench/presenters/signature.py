"""An action's parameters, read from its signature's text, and what a person typed for them as values."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from runtime.errors import BadPayload, shown

_UNREADABLE = re.compile(r"=\s*<[^>]*>")
"""A default such as `<Colour.RED: 1>`."""


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter, as a form shows it."""

    name: str
    type: str = ""
    default: str = ""
    """As code; empty for none."""
    required: bool = False
    is_flag: bool = False
    """True or False: a check box."""


def fields_of(signature: str) -> tuple[Field, ...]:
    """The parameters in a signature's text, such as `(value: int, note: str = '')`; none if it cannot be read."""
    try:
        [function] = ast.parse(f"def f{_UNREADABLE.sub('=...', signature)}: ...").body
    except SyntaxError:
        return ()
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    missing: list[ast.expr | None] = [None] * (len(given.args) - len(given.defaults))
    pairs = [
        *zip(given.args, [*missing, *given.defaults], strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    return tuple(_field(argument, default) for argument, default in pairs)


def _field(argument: ast.arg, default: ast.expr | None) -> Field:
    kind = "" if argument.annotation is None else ast.unparse(argument.annotation)
    text = "" if default is None else ast.unparse(default)
    is_flag = kind == "bool" or text in ("True", "False")
    return Field(argument.arg, kind, text, default is None, is_flag)


def payload_of(fields: tuple[Field, ...], typed: Mapping[str, str | bool]) -> dict[str, Any]:
    """The payload that was typed; what was left empty and has a default is left out.

    Raises:
        BadPayload: something is missing, or is no value of its type.
    """
    payload = {}
    for field in fields:
        text = typed.get(field.name, "")
        if isinstance(text, bool):
            payload[field.name] = text
        elif text or field.required:
            payload[field.name] = _value(field, text)
    return payload


def _value(field: Field, text: str) -> Any:
    if field.type == "str":
        return text
    if not text.strip():
        raise BadPayload(f"{field.name} is missing{f', which is of type {field.type}' if field.type else ''}.")
    for read in (ast.literal_eval, json.loads):
        try:
            return _checked(field, read(text.strip()))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    if field.type in ("int", "float", "bool"):
        raise BadPayload(f"{field.name}: expected {field.type}, found {shown(text)}.")
    return text


def _checked(field: Field, value: Any) -> Any:
    if field.type == "int" and not isinstance(value, int):
        raise BadPayload(f"{field.name}: expected int, found {shown(value)}.")
    if isinstance(value, (complex, set)) or value is Ellipsis:
        raise ValueError(value)
    return value
