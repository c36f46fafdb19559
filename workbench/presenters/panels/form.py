"""A form for an action's messages: its fields, the calls made with it, each as code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from runtime.errors import BadPayload, shown
from workbench.presenters.availability import is_available
from workbench.presenters.panels.problems import Problem
from workbench.redaction import HIDDEN, display, hides, is_secret
from workbench.render.formats import duration, is_plain_name
from workbench.render.html import FRAME, Markup, Rendering, code, element, muted


class FormCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call that was made with the form."""

    number: int
    code: str
    """The same call in Python."""
    magic: str = ""
    """The same as a line magic; empty where it would not fit into one."""
    outcome: str = "running"
    """`running`, `ok` or `failed`."""
    answer: str = ""
    took_us: int = 0


class CallRunning(msgspec.Struct, frozen=True, omit_defaults=True):
    """The call in progress."""

    since_us: int = 0


class FormView(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="panel", tag="form"):
    """Everything the form shows."""

    name: str
    """The actor."""
    system: str
    action: str = ""
    signature: str = ""
    actions: tuple[str, ...] = ()
    """What else can be asked."""
    fields: tuple[Field, ...] = ()
    calls: tuple[FormCall, ...] = ()
    """The newest first."""
    running: CallRunning | None = None
    rejected: str = ""
    """Why what was typed is no message; empty if it is one."""
    problem: Problem | None = None
    limit: str = ""
    """How long a turn of it may take, as text such as `5s`; empty without a limit, or where it cannot be told."""
    held: str = ""
    """That the actor is held, and what lets its messages go on; empty if it is not held."""


def held_text(actor: str) -> str:
    """What someone has to know who sends a message to a held actor."""
    ways = [f"%{each} {actor} {does}" for each, does in _WAYS_ON.items() if is_available(each)]
    way_on = f"; {', '.join(ways)}" if ways else " until the process that it belongs to releases it"
    return f"{actor} is held: a message to it waits{way_on}."


_WAYS_ON = {"step": "processes the next one", "release": "all of them"}


def call_code(actor: str, action: str, payload: Mapping[str, Any], parent: str = "") -> str:
    """The call in Python."""
    parts = [repr(actor), repr(action), *([repr(dict(payload))] if payload else [])]
    return f"wb.invoke({', '.join([*parts, *([f'parent={parent!r}'] if parent else [])])})"


def call_magic(actor: str, action: str, payload: Mapping[str, Any], parent: str = "") -> str:
    """The call as a line magic; empty where a name or value does not fit into a line."""
    words = [f"{name}={value!r}" for name, value in payload.items()]
    line = " ".join(["%invoke", actor, action, *words, *([f"--parent {parent}"] if parent else [])])
    fits = is_plain_name(actor) and is_plain_name(action) and not set("{}$\n") & set(line)
    return line if fits else ""


def form_rendering(view: FormView) -> Rendering:
    """The form as text and as HTML, for readers without a kernel."""
    return Rendering("\n".join(_lines(view)), _html(view))


def _lines(view: FormView) -> Iterator[str]:
    yield f"{view.name}.{view.action}{view.signature}"
    yield from (f"  {note}" for note in _notes(view))
    for field in view.fields:
        yield f"  {field.name}: {field.type or 'any'}{f' = {field.default}' if field.default else ''}"
    for call in view.calls:
        yield f"  {call.code}  {_outcome_text(view, call)}"


def _html(view: FormView) -> Markup:
    notes = [muted(f"  {note}") for note in _notes(view)]
    title = element("div", element("strong", code(f"{view.name}.{view.action}{view.signature}")), *notes)
    calls = [element("div", code(call.code), muted(f"  {_outcome_text(view, call)}")) for call in view.calls]
    return element("div", title, *calls, muted("A form: run its cell to use it."), style=FRAME)


def _notes(view: FormView) -> Iterator[str]:
    """What may happen to a call."""
    if view.limit:
        yield f"A call that takes longer than {view.limit} is ended."
    if view.held:
        yield view.held


def _outcome_text(view: FormView, call: FormCall) -> str:
    if call.outcome == "running":
        return "… waiting" if view.held else "… running"
    mark = "→" if call.outcome == "ok" else "✗"
    return f"{mark} {call.answer} ({duration(call.took_us)})"


# --- An action's parameters, read from its signature's text, and what a person typed for them as values ---------------

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
    is_secret: bool = False
    """What is typed is not for other eyes."""


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
    is_hidden = is_secret(argument.arg) and display.hides()
    shown_default = HIDDEN if is_hidden and text not in _HARMLESS else text
    choices = () if is_flag else literals_of(kind)
    return Field(argument.arg, kind, shown_default, default is None, is_flag, choices, is_hidden)


_HARMLESS = ("", "''", "None", "True", "False")
"""Defaults that tell nothing."""


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
    return HIDDEN if hides(name) else shown(value)
