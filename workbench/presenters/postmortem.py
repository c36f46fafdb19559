"""A failed turn laid open: message, state before, frames with their variables, and what to do next."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterator, Mapping
from types import FrameType, ModuleType, TracebackType
from typing import Any

import msgspec

from runtime.errors import ActionFailed
from runtime.hosts.tracebacks import code_names, entries_of
from workbench.presenters.availability import is_available
from workbench.presenters.failures import Failed
from workbench.presenters.messages import OUTCOMES, REJECTED, call_text
from workbench.redaction import HIDDEN, hides, redacted, redacted_source, redacted_text
from workbench.render.formats import clock_time, printable, short_hash, short_id
from workbench.render.html import CODE_FONT, ERROR, FRAME, LINE, Markup, bundle, code, element, join, muted, source
from workbench.render.tables import local_time
from workbench.render.values import Limits, Node, one_line, outline

_WIDE = 400

_LEADS = {
    "raised": "failed with",
    "abandoned": "was ended before it was done:",
    "refused": "ran, but its result could not be kept:",
    "rejected": "did not run, since the call does not fit:",
    "failed": "could not be run:",
    "defect": "met a defect of the workbench:",
}
"""What stands between the action and the error, by outcome."""


class Postmortem:
    """What is known about one failed turn.  `locals` and `error` are the live ones; `state` is what it began with."""

    def __init__(self, failed: Failed, state: Any, is_current: bool) -> None:
        """`is_current`: the code that failed is still the one deployed."""
        self.failed, self.state = failed, state
        self._is_current = is_current
        found = frames_of(failed.capsule.trace) if failed.capsule is not None else []
        self.frames: list[FrameView] = [view for view, _ in found]
        """Outermost first."""
        self._live = [frame for _, frame in found]

    @property
    def error(self) -> BaseException | None:
        """The exception; None when only its text is left."""
        return self.failed.error

    @property
    def payload(self) -> Any:
        """The message's payload, decoded."""
        return self.failed.payload

    @property
    def locals(self) -> Mapping[str, Any]:
        """The variables of the innermost frame as they are, `self` being the actor's fields; empty without live frames."""
        return variables_of(self._live[-1]) if self._live else {}

    @property
    def live_frames(self) -> list[FrameType]:
        """For a debugger; outermost first."""
        return list(self._live)

    def __repr__(self) -> str:
        lines = [redacted_text(self._headline())]
        lines += [f"  {name:<9} {redacted_text(text)}" for name, text in self._facts()]
        for frame in reversed(self.frames):
            lines += ["", *_frame_text(frame)]
        if not self.frames and self.failed.failure.trace:
            trace = redacted_text(self.failed.failure.trace.rstrip())
            lines += ["", *(f"  {line}" for line in trace.splitlines())]
        return "\n".join([*lines, "", f"  {self._next()}"])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return bundle(repr(self), self._html())

    def _headline(self) -> str:
        """What failed, and why, in one line; the text of an error does not name its action again."""
        failed = self.failed
        name, why = f"{failed.actor}.{failed.action}", failed.what
        if failed.failure.type_name == ActionFailed.__name__:
            return printable(f"{name} failed because {why.removeprefix(f'{ActionFailed.__name__}: ')}")
        for own in (f"{name}{self._signature(why)}: ", f"{name} was ended: "):
            why = why.removeprefix(own)
        return printable(f"{name} {_LEADS[failed.outcome]} {why}")

    def _signature(self, text: str) -> str:
        found = re.match(r"\(.*?\)(?=: )", text.removeprefix(f"{self.failed.actor}.{self.failed.action}"))
        return found[0] if found else ""

    def _facts(self) -> Iterator[tuple[str, str]]:
        failed, message = self.failed, self.failed.invocation
        call = call_text(message.action, failed.payload, _WIDE)
        sender = f"from {message.caller.name}" if message.caller is not None else "from outside"
        yield (
            "message",
            f"{call} {sender}, {local_time(failed.at_us)}, id {short_id(failed.id)}",
        )
        if message.metadata:
            yield "metadata", one_line(outline(redacted(dict(message.metadata))), _WIDE)
        state = one_line(outline(redacted(self.state)), _WIDE)
        yield "state", f"{state} at revision {failed.revision}, as it still was after the failure"
        if failed.outcome != "raised" and not self.frames:
            yield "meaning", OUTCOMES[failed.outcome]
        for sent in failed.sent:
            yield "asked", f"{sent.actor.name}.{sent.action}, {'which failed' if sent.failure else 'which answered'}"
        if not self._is_current:
            yield "code", f"definition {short_hash(failed.definition)}; another one is deployed now"
        for line in failed.failure.text.splitlines()[1:] if failed.failure.type_name else []:
            yield "", printable(line)
        for link in chain_of(failed.error) if failed.error is not None and failed.outcome == "raised" else []:
            yield "", printable(link)

    def _next(self) -> str:
        handle = short_id(self.failed.id)
        if self.failed.outcome == REJECTED and self._is_current:
            return "Call it with what it takes; nothing was changed."
        first = "" if not self._is_current else "Mend the code and run its cell; then "
        again = f"%retry {handle} sends the message again, " if is_available("invoke") else ""
        return f"{first}{again}%retry {handle} --fork tries it on a copy."

    def _html(self) -> Markup:
        mark = element("strong", self._headline(), style=f"color:{ERROR}")
        facts = [
            element("tr", _cell(muted(name)), _cell(code(text)), style="background:none")
            for name, text in self._facts()
        ]
        table = element("table", element("tbody", *facts), style=f"{FRAME};border-collapse:collapse;margin:4px 0")
        frames = [_frame_html(frame, index == 0) for index, frame in enumerate(reversed(self.frames))]
        trace = "" if self.frames else self.failed.failure.trace
        text = [element("pre", trace)] if trace else []
        when = f"post-mortem of {clock_time(self.failed.at_us)} UTC"
        return element("div", mark, table, *frames, *text, element("div", self._next()), style=FRAME, aria_label=when)


def _cell(content: str) -> Markup:
    return element("td", content, style="text-align:left;vertical-align:top;padding:1px 12px 1px 0")


def _frame_title(frame: FrameView) -> str:
    return f"{frame.place}, line {frame.line}, in {frame.function}"


def _frame_text(frame: FrameView) -> list[str]:
    lines = [f"  {_frame_title(frame)}"]
    lines += [
        f"  {'→' if each.is_here else ' '} {each.number:>4}  {redacted_source(each.text)}" for each in frame.source
    ]
    wide = max((len(name) for name, _ in frame.variables), default=0)
    lines += [f"         {name:<{wide}} = {redacted_text(one_line(value, 160))}" for name, value in frame.variables]
    return [*lines, f"         … and {frame.more} more variables"] if frame.more else lines


def _frame_html(frame: FrameView, is_open: bool) -> Markup:
    source = join(_source_html(line) for line in frame.source)
    block = element("pre", source, style=f"margin:2px 0;font-family:{CODE_FONT};background:none")
    rows = [
        element("tr", _cell(code(name)), _cell(code(one_line(value, _WIDE))), style="background:none")
        for name, value in frame.variables
    ]
    more = [element("div", muted(f"… and {frame.more} more variables"))] if frame.more else []
    table = [element("table", element("tbody", *rows), style=f"{FRAME};border-collapse:collapse")] if rows else []
    summary = element("summary", _frame_title(frame), style="cursor:pointer")
    style = f"border-left:3px solid {LINE};padding:2px 0 2px 10px;margin:4px 0"
    return element("details", summary, block, *table, *more, style=style, open="open" if is_open else "")


def _source_html(line: SourceLine) -> Markup:
    text = f"{'→' if line.is_here else ' '} {line.number:>4}  {line.text}"
    shown = element("span", source(text), style="font-weight:600" if line.is_here else "opacity:.75")
    return Markup(f"{shown}\n")


# --- Frames of a failed turn ------------------------------------------------------------------------------------------
# The frames of an exception as data: where, which lines, and what the variables held; bounded, and without secrets.

MOST_FRAMES = 10
_MOST_VARIABLES = 40
_AROUND = 3
_VALUE = Limits(depth=2, items=10, nodes=40, characters=200)


class SourceLine(msgspec.Struct, frozen=True):
    """One line of code near the place."""

    number: int
    text: str
    is_here: bool = False


class FrameView(msgspec.Struct, frozen=True):
    """One call on the way to the exception."""

    function: str
    place: str
    """`Cell In[3]`, or the file's name."""
    line: int
    source: tuple[SourceLine, ...]
    variables: tuple[tuple[str, Node], ...]
    more: int = 0
    """Variables that are not shown."""


def frames_of(trace: TracebackType | None) -> list[tuple[FrameView, FrameType]]:
    """The innermost frames of a traceback, outermost first, each beside the live one."""
    entries = list(entries_of(trace))[-MOST_FRAMES:]
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


def _view(entry: TracebackType) -> FrameView:
    frame, code = entry.tb_frame, entry.tb_frame.f_code
    variables = variables_of(frame) if frame.f_locals is not frame.f_globals else {}
    shown = tuple((name, _outlined(name, value)) for name, value in list(variables.items())[:_MOST_VARIABLES])
    place = code_names.of(code.co_filename) or re.split(r"[/\\]", code.co_filename)[-1]
    source = tuple(_source(code.co_filename, entry.tb_lineno, frame.f_globals))
    return FrameView(code.co_name, place, entry.tb_lineno, source, shown, max(0, len(variables) - _MOST_VARIABLES))


def _outlined(name: str, value: Any) -> Node:
    if value is not None and hides(name):
        return Node("other", HIDDEN)
    return outline(redacted(value) if type(value) in (dict, list) else value, _VALUE)


def _source(filename: str, line: int, module_globals: dict[str, Any]) -> Iterator[SourceLine]:
    for number in range(max(1, line - _AROUND), line + 2):
        text = linecache.getline(filename, number, module_globals)
        if text.strip() or number == line:
            yield SourceLine(number, text.rstrip(), number == line)
