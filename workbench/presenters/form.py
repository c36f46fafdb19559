"""A form for an action's messages: its fields, the calls made with it, each as code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from workbench.presenters.html import FRAME, Markup, code, element, muted
from workbench.presenters.problems import Problem
from workbench.presenters.rendering import Rendering
from workbench.presenters.signature import Field
from workbench.presenters.wording import duration, is_plain_name


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
    for field in view.fields:
        yield f"  {field.name}: {field.type or 'any'}{f' = {field.default}' if field.default else ''}"
    for call in view.calls:
        yield f"  {call.code}  {_came_of(call)}"


def _html(view: FormView) -> Markup:
    title = element("div", element("strong", code(f"{view.name}.{view.action}{view.signature}")))
    calls = [element("div", code(call.code), muted(f"  {_came_of(call)}")) for call in view.calls]
    return element("div", title, *calls, muted("A form: run its cell to use it."), style=FRAME)


def _came_of(call: FormCall) -> str:
    if call.outcome == "running":
        return "… running"
    mark = "→" if call.outcome == "ok" else "✗"
    return f"{mark} {call.answer} ({duration(call.took_us)})"
