"""The frames of an exception as data: where, which lines, and what the variables held; bounded, and without secrets."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType, TracebackType
from typing import Any

import msgspec

from workbench.presenters.values import Limits, Node, outline
from workbench.redaction import HIDDEN, is_secret, redacted

MOST_FRAMES = 10
_MOST_VARIABLES = 40
_AROUND = 3
_VALUE = Limits(depth=2, items=10, nodes=40, characters=200)
_CELL = re.compile(r"ipykernel_\d+[/\\]\d+\.py$|^<ipython-input|^<cell")


class SourceLine(msgspec.Struct, frozen=True):
    """One line of code near the place."""

    number: int
    text: str
    is_here: bool = False


class FrameView(msgspec.Struct, frozen=True):
    """One call on the way to the exception."""

    function: str
    place: str
    """`cell`, or the file's name."""
    line: int
    source: tuple[SourceLine, ...]
    variables: tuple[tuple[str, Node], ...]
    more: int = 0
    """Variables that are not shown."""


def frames_of(error: BaseException) -> list[tuple[FrameView, FrameType]]:
    """The innermost frames of an exception, outermost first, each beside the live one."""
    entries = list(_entries(error.__traceback__))[-MOST_FRAMES:]
    return [(_view(entry), entry.tb_frame) for entry in entries]


def chain_of(error: BaseException) -> list[str]:
    """What led to it, nearest first: `caused by KeyError: 'x'`."""
    lines: list[str] = []
    seen = {id(error)}
    while True:
        cause = error.__cause__
        link = cause or (None if error.__suppress_context__ else error.__context__)
        if link is None or id(link) in seen or len(lines) > 5:
            return lines
        seen.add(id(link))
        word = "caused by" if cause is not None else "while handling"
        lines.append(f"{word} {''.join(traceback.format_exception_only(link)).strip()}")
        error = link


def variables_of(frame: FrameType) -> Mapping[str, Any]:
    """A frame's own variables; of the actor its fields, as the action left them."""
    found: dict[str, Any] = {}
    for name, value in frame.f_locals.items():
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        found[name] = vars(value) if name == "self" and hasattr(value, "__dict__") else value
    return found


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _view(entry: TracebackType) -> FrameView:
    frame, code = entry.tb_frame, entry.tb_frame.f_code
    variables = variables_of(frame) if frame.f_locals is not frame.f_globals else {}
    shown = tuple((name, _outlined(name, value)) for name, value in list(variables.items())[:_MOST_VARIABLES])
    place = "cell" if _CELL.search(code.co_filename) else re.split(r"[/\\]", code.co_filename)[-1]
    source = tuple(_source(code.co_filename, entry.tb_lineno, frame.f_globals))
    return FrameView(code.co_name, place, entry.tb_lineno, source, shown, max(0, len(variables) - _MOST_VARIABLES))


def _outlined(name: str, value: Any) -> Node:
    if is_secret(name) and value is not None:
        return Node("other", HIDDEN)
    return outline(redacted(value) if type(value) in (dict, list) else value, _VALUE)


def _source(filename: str, line: int, module_globals: dict[str, Any]) -> Iterator[SourceLine]:
    for number in range(max(1, line - _AROUND), line + 2):
        text = linecache.getline(filename, number, module_globals)
        if text.strip() or number == line:
            yield SourceLine(number, text.rstrip(), number == line)
