"""Small tables as text for a terminal and as static HTML for a notebook; no library, no state."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from workbench.redaction import redacted_text
from workbench.render.html import element, lines

_CELL_CHARACTERS, _READ_CHARACTERS = 60, 2_000
SHOWN_ROWS = 60


class Folded(str):
    """What a cell shows of something longer, and all of it for those who point at the cell."""

    __slots__ = ("full",)

    def __new__(cls, shown: str, full: str) -> Folded:
        made = super().__new__(cls, shown)
        made.full = full
        return made

    full: str


def local_time(at_us: int) -> str:
    """A time as `2026-11-24 03:15:02`, in the reader's zone; empty for 0."""
    if not at_us:
        return ""
    return datetime.fromtimestamp(at_us / 1_000_000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def cut(value: object, limit: int = _CELL_CHARACTERS) -> str:
    """One line of at most `limit` characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plural(count: int, noun: str) -> str:
    """`1 actor`, `1,204 turns`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def text_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns separated by two spaces, numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([_width(name), *(_width(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    numeric = _numeric(len(columns), rows)
    lines = [_line(columns, widths, numeric), "  ".join("─" * width for width in widths)]
    return "\n".join([*lines, *(_line(row, widths, numeric) for row in cells)])


def html_table(columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> str:
    """A plain table that takes the look of the notebook; everything is escaped."""
    numeric = _numeric(len(columns), rows)
    styles = [f"text-align:{'right' if is_number else 'left'};padding:2px 8px" for is_number in numeric]
    head = element("tr", *(element("th", name, scope="col", style=s) for name, s in zip(columns, styles, strict=True)))
    body = [
        element(
            "tr", *(element("td", _cell(value), style=s, **_title(value)) for value, s in zip(row, styles, strict=True))
        )
        for row in rows
    ]
    title = [element("caption", caption, style="text-align:left")] if caption else []
    return str(element("table", *title, element("thead", head), element("tbody", *body)))


def html_lines(text: str) -> str:
    """Text that keeps its lines and columns, without secrets."""
    return str(lines(text))


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "" if not value else "yes"
    return f"{value:,}" if isinstance(value, int) else cut(redacted_text(str(value)[:_READ_CHARACTERS]))


def _title(value: object) -> dict[str, str]:
    return {"title": value.full} if isinstance(value, Folded) and value.full != value else {}


def _numeric(count: int, rows: Sequence[Sequence[object]]) -> list[bool]:
    return [bool(rows) and all(isinstance(row[i], (int, float)) for row in rows) for i in range(count)]


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = [_padded(cell, width, right) for cell, width, right in zip(cells, widths, numeric, strict=True)]
    return "  ".join(padded).rstrip()


def _padded(cell: str, width: int, right: bool) -> str:
    blank = " " * (width - _width(cell))
    return blank + cell if right else cell + blank


def _width(text: str) -> int:
    """Terminal columns: wide East Asian characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
