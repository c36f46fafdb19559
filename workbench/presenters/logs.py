"""What actors said, as lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from runtime.clock import as_datetime
from workbench.actor_logs import LogLine
from workbench.presenters.panels.actor import LogRow
from workbench.redaction import redacted_text
from workbench.render.formats import plural, printable, short_id, shortened
from workbench.render.html import ERROR, FRAME, Column, Markup, bundle, code, element, join, muted, table
from workbench.results import to_arrow, to_pandas, to_polars

SHOWN_LINES = 200
_COLOURS_AND_CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_QUIET = {"out", "info", "display"}
_BAD = {"err", "error", "critical"}
_WIDGET = "application/vnd.jupyter.widget-view+json"
_COLUMNS = (
    Column("at"),
    Column("action", code=True),
    Column(""),
    Column("text", code=True),
    Column("invocation", code=True),
)


class Logs(tuple[LogLine, ...]):
    """Log lines, oldest first: a tuple of records that shows the last 200 of them.

    What an actor displayed (a figure, a progress bar) is shown again, live where the front end can.
    """

    dropped = 0
    """Older lines that are not kept any more."""
    whose = ""
    """The actor's name; empty for all."""
    is_elsewhere = False
    """The actors run in another process, where what they print is kept; here is what actors of this process printed."""

    @classmethod
    def of(cls, lines: Iterable[LogLine], *, whose: str = "", dropped: int = 0, is_elsewhere: bool = False) -> Logs:
        """The lines, with what is known about them."""
        logs = cls(lines)
        logs.whose, logs.dropped, logs.is_elsewhere = whose, dropped, is_elsewhere
        return logs

    @property
    def text(self) -> str:
        """What was printed, and nothing else."""
        return "\n".join(clean(line.text) for line in self)

    def dicts(self) -> list[dict[str, Any]]:
        """All lines as plain values."""
        return [
            {
                "at": as_datetime(line.at_us),
                "actor": line.actor.name,
                "action": line.action,
                "kind": line.kind,
                "text": clean(line.text),
                "invocation": line.invocation,
            }
            for line in self
        ]

    def df(self) -> Any:
        """All lines as a pandas DataFrame."""
        return to_pandas(self.dicts())

    def pl(self) -> Any:
        """All lines as a polars DataFrame."""
        return to_polars(self.dicts())

    def arrow(self) -> Any:
        """All lines as an Arrow table."""
        return to_arrow(self.dicts())

    def __repr__(self) -> str:
        if not self:
            return redacted_text(self._nothing())
        names = [_name(line) for line in self[-SHOWN_LINES:]]
        wide = max(map(len, names))
        lines = [_as_text(line, name, wide) for line, name in zip(self[-SHOWN_LINES:], names, strict=True)]
        return redacted_text("\n".join([*self._missing(), *lines]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return bundle(repr(self), self._html())

    @property
    def widgets(self) -> list[dict[str, Any]]:
        """What actors displayed that moves, such as a progress bar: content by MIME type, for a front end that shows it live."""
        return [dict(line.bundle) for line in self[-SHOWN_LINES:] if line.bundle and _WIDGET in line.bundle]

    def _nothing(self) -> str:
        here = " here; the process that runs it keeps its log" if self.is_elsewhere else ""
        return f"{self.whose or 'No actor'} has {'not ' if self.whose else ''}printed or logged anything{here}."

    def _missing(self) -> list[str]:
        hidden = len(self) - SHOWN_LINES
        notes = [f"… {plural(hidden, 'earlier line')}"] if hidden > 0 else []
        return [f"({plural(self.dropped, 'older line')} not kept)", *notes] if self.dropped else notes

    def _html(self) -> Markup:
        if not self:
            return element("div", muted(self._nothing()), style=FRAME)
        notes = [element("div", muted(note)) for note in self._missing()]
        return element("div", *notes, table(_COLUMNS, map(_cells, self[-SHOWN_LINES:])), style=FRAME)


def clean(text: str) -> str:
    """A printed line without what moves the cursor or colours it."""
    return printable(_COLOURS_AND_CURSOR.sub("", text).rstrip("\n")) if not text.isprintable() else text


def log_rows(lines: Iterable[LogLine]) -> list[LogRow]:
    """The lines for an actor's panel, each cut to what fits there."""
    return [LogRow(each.at_us, each.action, _mark(each), shortened(" ⏎ ".join(_parts(each)), 200)) for each in lines]


def _name(line: LogLine) -> str:
    return f"{line.actor.name}.{line.action}"


def _mark(line: LogLine) -> str:
    return "" if line.kind in _QUIET else line.kind


def _at(line: LogLine) -> str:
    return datetime.fromtimestamp(line.at_us / 1_000_000).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _parts(line: LogLine) -> list[str]:
    """The lines of one entry."""
    text = f"{line.text} (a widget; %logs shows it live)" if _WIDGET in (line.bundle or ()) else line.text
    return [clean(part) for part in text.split("\n")]


def _as_text(line: LogLine, name: str, wide: int) -> str:
    mark = f"{_mark(line)}: " if _mark(line) else ""
    start = f"{_at(line)}  {name:<{wide}}  "
    first, *rest = _parts(line)
    return "\n".join([f"{start}{mark}{first}".rstrip(), *(" " * len(start) + part for part in rest)])


def _cells(line: LogLine) -> list[str]:
    mark = _mark(line)
    shown: str = element("span", mark, style=f"color:{ERROR}") if line.kind in _BAD else mark
    return [
        _at(line),
        code(_name(line)),
        shown,
        _content(line),
        element("span", short_id(line.invocation), title=line.invocation),
    ]


def _content(line: LogLine) -> Markup:
    picture = (line.bundle or {}).get("image/png")
    if isinstance(picture, str):
        return element("img", src=f"data:image/png;base64,{picture}", alt=clean(line.text))
    return join(element("div", part, style="white-space:pre-wrap") for part in _parts(line))
