"""An action's parameters, read from its signature's text, and what a person typed for them as values."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from runtime.errors import BadPayload, shown
from workbench.redaction import HIDDEN, is_secret

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
    choices: tuple[str, ...] = ()
    """The values that its type allows, as code; empty for one with many."""


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


def literals_of(kind: str) -> tuple[str, ...]:
    """The values that a type's text allows, as code: of `bool`, of `Literal[...]`, and with `None` of an optional one of them."""
    try:
        return tuple(dict.fromkeys(_literals(ast.parse(kind, mode="eval").body)))
    except (SyntaxError, _ManyValues):
        return ()


class _ManyValues(Exception):
    """A type with more values than could be listed."""


def _literals(kind: ast.expr) -> Iterator[str]:
    match kind:
        case ast.Name(id="bool"):
            yield from ("True", "False")
        case ast.Constant(value=None) | ast.Name(id="None" | "NoneType"):
            yield "None"
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            yield from (*_literals(left), *_literals(right))
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            yield from (*_literals(inner), "None")
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=inner)):
            for each in inner:
                yield from _literals(each)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            values = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            yield from map(ast.unparse, values)
        case _:
            raise _ManyValues


def _field(argument: ast.arg, default: ast.expr | None) -> Field:
    kind = "" if argument.annotation is None else ast.unparse(argument.annotation)
    text = "" if default is None else ast.unparse(default)
    is_flag = kind == "bool" or text in ("True", "False")
    return Field(argument.arg, kind, text, default is None, is_flag, () if is_flag else literals_of(kind))


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
        raise BadPayload(f"{field.name}: expected {field.type}, found {_shown(field.name, text)}.")
    return text


def _checked(field: Field, value: Any) -> Any:
    if field.type == "int" and not isinstance(value, int):
        raise BadPayload(f"{field.name}: expected int, found {_shown(field.name, value)}.")
    if isinstance(value, (complex, set)) or value is Ellipsis:
        raise ValueError(value)
    return value


def _shown(name: str, value: object) -> str:
    return HIDDEN if is_secret(name) else shown(value)
