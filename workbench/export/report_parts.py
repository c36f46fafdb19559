"""What the parts of a report are made of: headings with what is left out, tables, bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from workbench.export.report_model import Facts, Part
from workbench.presenters.html import Markup, element
from workbench.presenters.wording import count, plural

Columns = Mapping[str, str]
"""Heads of a table, each with the class of its cells: `number`, `code`, `name`, `nowrap`, or several of them."""

_FILTERED_FROM = 6
"""So many rows are worth a filter."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part: a heading with a note, and either content or what is said instead."""

    id: str
    title: str
    note: str = ""
    content: Markup = Markup("")
    nothing: str = "Nothing."
    filters: str = ""
    """Selects what the filter of this part filters; empty for none."""


def tabular(
    name: str, title: str, note: str, columns: Columns, rows: Iterable[Sequence[str]], *, nothing: str
) -> Section:
    """A part that is a table, in a box of its own that scrolls."""
    looks = list(columns.values())
    body = [element("tr", *(element("td", v, class_=c) for v, c in zip(row, looks, strict=True))) for row in rows]
    if not body:
        return Section(id=name, title=title, nothing=nothing)
    heads = [element("th", head, scope="col", class_="number" if c == "number" else "") for head, c in columns.items()]
    caption = element("caption", f"{title}, {note}" if note else title)
    table = element("table", caption, element("thead", element("tr", *heads)), element("tbody", *body))
    content = element("div", table, class_="wide", tabindex="0", role="region", aria_label=title)
    return Section(id=name, title=title, note=note, content=content, filters=filters(f"#{name} tbody tr", len(body)))


def filters(selector: str, items: int) -> str:
    """The selector where there is enough to filter."""
    return selector if items >= _FILTERED_FROM else ""


def why_nothing(facts: Facts, part: str, nothing: str) -> str:
    """Why the system cannot show it, or else `nothing`."""
    found = facts.parts.get(part)
    return found.why_not if found is not None and found.why_not else nothing


def note_of(part: Part | None, noun: str, order: str = "", nouns: str = "") -> str:
    """`first 200 of 4,043 actors: the last active first`; all are simply counted."""
    if part is None or part.why_not or not part.known:
        return ""
    if part.shown >= part.known and not part.is_more:
        return plural(part.known, noun, nouns)
    known = f"{count(part.known)} {'or more ' if part.is_more else ''}{nouns or noun + 's'}"
    shown = f"first {count(part.shown)} of {known}" if part.shown < part.known else f"{known}, and there are more"
    return f"{shown}: {order}" if order else shown


def bars(values: Sequence[int], label: str, width: int, height: int) -> Markup:
    """Bars over time as one path: a report may have hundreds of such pictures."""
    if not any(values):
        return Markup("")
    top, step, parts = max(4, *values), width / len(values), []
    for number, value in enumerate(values):
        if value:
            tall = max(1.5, value / top * height)
            parts.append(f"M{number * step:.4g} {height}v-{tall:.3g}h{max(1.0, step - 1):.3g}v{tall:.3g}z")
    base = element("path", d=f"M0 {height}h{width}", stroke="currentColor", opacity=".4", fill="none")
    return element(
        "svg",
        element("path", d="".join(parts), fill="currentColor"),
        base,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=label,
        width=str(width),
        height=str(height + 1),
        viewBox=f"0 0 {width} {height + 1}",
        preserveAspectRatio="none",
        class_="bars",
    )
