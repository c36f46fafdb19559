"""What `wb.as_of`, `wb.find` and `wb.search` answer, as a cell shows it: the columns that one reads, with what is long folded.

A state of thirty fields and an id of 24 letters make a table wider than any notebook.  So a cell shows the first fields of a state
and the end of an id; in a notebook the rest is there for those who point at it.  The relation itself keeps all of it, in all
columns.  A table is known by its columns, so that a query that asks for the same is shown the same.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import duckdb

from workbench.redaction import redacted, redacted_text
from workbench.render.formats import plural, short_id
from workbench.render.html import Markup, element, join, muted
from workbench.render.tables import SHOWN_ROWS, Folded, html_table, local_time, text_table
from workbench.render.values import one_line, outline
from workbench.sql.statements import quoted

_STATES = ("actor", "revision", "at", "state", "cause")
_TABLES = {
    ("actor", "parent", "revision", "at", "cause", "definition", "state", "tags", "system"): _STATES,
    ("actor", "revision", "at", "cause", "definition", "state"): _STATES,
    ("actor", "first_revision", "last_revision", "since", "until", "cause", "state"): (
        "actor", "first_revision", "last_revision", "since", "until", "state", "cause",
    ),
    ("at", "actor", "action", "invocation", "cause", "found_in", "text"): (
        "at", "actor", "action", "found_in", "text", "invocation",
    ),
}  # fmt: skip
"""By all columns of an answer, those that are shown."""

_LONG, _FULL = 60, 2_000
_LEAST = 20


def answer_table(relation: Any) -> tuple[str, str] | None:
    """The rows as text for a terminal and as HTML; None for any other answer.

    Args:
        relation: a DuckDB relation, without its secrets.
    """
    shown = _TABLES.get(tuple(relation.columns))
    try:
        return None if shown is None else _tables(relation, shown)
    except (duckdb.Error, ValueError, TypeError):  # columns of these names with values of other types
        return None


def _tables(relation: Any, shown: Sequence[str]) -> tuple[str, str]:
    count = len(relation)
    rows = relation.limit(SHOWN_ROWS).project(", ".join(map(_expression, shown))).fetchall()
    wide = [[_cell(name, value, _LONG) for name, value in zip(shown, row, strict=True)] for row in rows]
    rest = _rest(relation.columns, shown, count)
    narrow = [[_cell(name, value, _room(shown)) for name, value in zip(shown, row, strict=True)] for row in rows]
    html = element("div", join([Markup(html_table(shown, wide)), element("div", muted(rest))]))
    return f"{text_table(shown, narrow)}\n{rest}", str(html)


def _expression(name: str) -> str:
    return f"epoch_us({quoted(name)})" if name in ("at", "since", "until") else quoted(name)


def _cell(name: str, value: Any, limit: int) -> object:
    return "" if value is None else _AS_TEXT[name](value, limit) if name in _AS_TEXT else value


def _state(text: str, limit: int) -> Folded:
    state = redacted(json.loads(text))
    return Folded(one_line(outline(state), limit), json.dumps(state, ensure_ascii=False)[:_FULL])


def _text(text: str, limit: int) -> Folded:
    line = " ".join(redacted_text(text[:_FULL]).split())
    return Folded(line if len(line) <= limit else f"{line[: limit - 1]}…", redacted_text(text[:_FULL]))


def _id(text: str, _: int) -> Folded:
    return Folded(short_id(text), text)


def _time(at_us: int, _: int) -> str:
    return local_time(at_us)


def _list(values: Sequence[str], _: int) -> str:
    return ", ".join(values)


_AS_TEXT: dict[str, Callable[[Any, int], object]] = {
    "at": _time, "since": _time, "until": _time, "cause": _id, "invocation": _id, "state": _state, "text": _text, "found_in": _list,
}  # fmt: skip
_WIDTHS = {"at": 19, "since": 19, "until": 19, "cause": 6, "invocation": 10, "found_in": 13}


def _room(shown: Sequence[str]) -> int:
    """Characters for the column that is folded, so that a line fits into a terminal where the others are as long as usual."""
    others = sum(_WIDTHS.get(name, max(10, len(name))) + 2 for name in shown if name not in ("state", "text"))
    return max(_LEAST, min(_LONG, shutil.get_terminal_size().columns - others))


def _rest(columns: Sequence[str], shown: Sequence[str], count: int) -> str:
    """How many rows there are, and what is not shown of them."""
    hidden = [name for name in columns if name not in shown]
    rows = plural(count, "row") if count <= SHOWN_ROWS else f"The first {SHOWN_ROWS} of {plural(count, 'row')}"
    more = f"; also {', '.join(hidden)}" if hidden else ""
    return f"{rows}{more}. All of it: _.df()"
