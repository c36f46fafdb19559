"""Small tables as text for a terminal and as static HTML for a notebook; no library, no state."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from workbench.redaction import redacted_text

_CELL_CHARACTERS, _READ_CHARACTERS = 60, 2_000
SHOWN_ROWS = 60


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
    aligned = ["right" if is_number else "left" for is_number in numeric]
    head = _html_row('th scope="col"', columns, aligned)
    body = "".join(_html_row("td", [_cell(value) for value in row], aligned) for row in rows)
    title = f'<caption style="text-align:left">{html.escape(redacted_text(caption))}</caption>' if caption else ""
    return f"<table>{title}<thead>{head}</thead><tbody>{body}</tbody></table>"


def _html_row(tag: str, cells: Sequence[str], aligned: Sequence[str]) -> str:
    end = tag.partition(" ")[0]
    filled = zip(cells, aligned, strict=True)
    return (
        "<tr>"
        + "".join(f'<{tag} style="text-align:{a};padding:2px 8px">{html.escape(c)}</{end}>' for c, a in filled)
        + "</tr>"
    )


def html_lines(text: str) -> str:
    """Text that keeps its lines and columns, without secrets."""
    return f'<pre style="white-space:pre-wrap;margin:0;padding:0">{html.escape(redacted_text(text))}</pre>'


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "" if not value else "yes"
    return f"{value:,}" if isinstance(value, int) else cut(redacted_text(str(value)[:_READ_CHARACTERS]))


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
