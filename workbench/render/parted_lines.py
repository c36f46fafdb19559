"""Two lines that run together and part: what happened twice, with the first difference marked.

`Stretch`es say what comes one after the other.  As text for terminals, and as an SVG of our own that needs no script and no style
sheet: one line is plain with full dots, the other dashed with rings, so that nothing hangs on colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby

import msgspec

from workbench.redaction import redacted_text
from workbench.render.formats import count, shortened
from workbench.render.html import CODE_FONT, ERROR, UI_FONT, Markup, element


class Kind(StrEnum):
    """How a stretch runs."""

    SAME = "same"
    """On both lines alike: they are one."""
    DIFFERS = "differs"
    """On each line otherwise."""
    ONE = "one"
    """Only on the first line."""
    OTHER = "other"
    """Only on the second."""


class Stretch(msgspec.Struct, frozen=True):
    """Some turns, one after the other, of one kind."""

    kind: Kind
    turns: int = 1


class PartedLines(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn."""

    stretches: tuple[Stretch, ...]
    title: str
    """In words, for who does not see the picture."""
    start: str
    """Where both begin."""
    ends: tuple[str, str]
    """Name and end of each line."""
    mark: str = ""
    """What the first difference is."""

    @property
    def is_parted(self) -> bool:
        """Whether there is anything that the lines do not share."""
        return any(each.kind is not Kind.SAME for each in self.stretches)


MOST_STRETCHES = 11
MOST_DOTS = 6
"""Of one stretch; more turns than that are said as a number."""


def shown(stretches: Iterable[Stretch]) -> tuple[list[Stretch], int]:
    """The first stretches, neighbours of one kind as one, and how many turns come after them."""
    merged = [
        Stretch(kind, sum(each.turns for each in group)) for kind, group in groupby(stretches, lambda each: each.kind)
    ]
    return merged[:MOST_STRETCHES], sum(each.turns for each in merged[MOST_STRETCHES:])


# --- As text ----------------------------------------------------------------------------------------------------------

_RUNS = {
    Kind.SAME: ("", "●──", ""),
    Kind.DIFFERS: ("●──", "", "○──"),
    Kind.ONE: ("●──", "", "───"),
    Kind.OTHER: ("───", "", "○──"),
}


class _Rows:
    """The three rows of a drawing of characters: the first line, both as one, the second line."""

    def __init__(self) -> None:
        self.rows = ["", "", ""]

    def add(self, *parts: str) -> None:
        width = max(map(len, parts))
        self.rows = [row + part.ljust(width) for row, part in zip(self.rows, parts, strict=True)]


def lines_text(lines: PartedLines) -> str:
    """For a terminal: three rows, one where the lines never part, and what the first difference is."""
    stretches, hidden = shown(lines.stretches)
    rows, is_parted, mark = _Rows(), False, -1
    rows.add("", f"{shortened(lines.start, 24)} ─", "")
    for stretch in stretches:
        wants_parted = stretch.kind is not Kind.SAME
        if wants_parted and not is_parted:
            mark = mark if mark >= 0 else len(rows.rows[1])
            rows.add("╭─", "┤", "╰─")
        elif is_parted and not wants_parted:
            rows.add("╮", "├─", "╯")
        is_parted = wants_parted
        rows.add(*(_run(part, stretch.turns) for part in _RUNS[stretch.kind]))
    if hidden:
        rows.add(*(("…", "", "…") if is_parted else ("", "…", "")))
    one, other = (shortened(redacted_text(end), 80) for end in lines.ends)
    rows.add(*((f" {one}", "", f" {other}") if is_parted else ("", f" {one}", "")))
    drawn = [row.rstrip() for row in rows.rows]
    if not is_parted and drawn[1] and one != other:
        drawn[1] += f" · {other}"
    marked = [f"{' ' * mark}▲ {shortened(redacted_text(lines.mark), 120)}"] if mark >= 0 and lines.mark else []
    return "\n".join([*(row for row in drawn if row), *marked])


def _run(part: str, turns: int) -> str:
    if not part or turns <= MOST_DOTS:
        return part * turns
    return f"{part}{'─' * 2} {count(turns)} {'─' * 2}{part}" if part[0] != "─" else "─" * (12 + len(count(turns)))


# --- As SVG -----------------------------------------------------------------------------------------------------------

_UPPER, _MIDDLE, _LOWER, _MARK = 24, 44, 64, 92
_STEP, _BEND, _CHARACTER = 20, 22, 6.8


class _Picture:
    """The drawing while it grows to the right."""

    def __init__(self, x: float) -> None:
        self.x = x
        self.ways: dict[str, list[str]] = {"both": [], "one": [], "other": []}
        self.dots: list[Markup] = []
        self.texts: list[Markup] = []

    def line(self, which: str, y: int, width: float) -> None:
        self.ways[which].append(f"M{self.x:g} {y} h{width:g}")

    def bend(self, which: str, y1: int, y2: int) -> None:
        half = _BEND / 2
        self.ways[which].append(f"M{self.x:g} {y1} c{half:g} 0 {half:g} {y2 - y1} {_BEND} {y2 - y1}")

    def dot(self, y: int, x: float, *, is_ring: bool = False) -> None:
        look = {"fill": "none", "stroke": ERROR, "stroke_width": "1.6"} if is_ring else {"fill": "currentColor"}
        self.dots.append(element("circle", cx=f"{x:g}", cy=str(y), r="4", **look))

    def text(self, text: str, x: float, y: int, **look: str) -> None:
        self.texts.append(element("text", text, x=f"{x:g}", y=str(y), **look))


def lines_svg(lines: PartedLines) -> Markup:
    """The picture; the page that shows it lets it scroll."""
    stretches, hidden = shown(lines.stretches)
    start = shortened(redacted_text(lines.start), 24)
    picture = _Picture(len(start) * _CHARACTER + 14)
    picture.text(start, 4, _MIDDLE + 4)
    is_parted, mark_x = False, -1.0
    for stretch in [Stretch(Kind.SAME, 0), *stretches]:
        wants_parted = stretch.kind is not Kind.SAME
        if wants_parted != is_parted:
            mark_x = picture.x if wants_parted and mark_x < 0 else mark_x
            _bend(picture, wants_parted)
        is_parted = wants_parted
        _draw(picture, stretch)
    if hidden:
        picture.text("…", picture.x + 2, _MIDDLE + 4)
        picture.x += 18
    width = _write_ends(picture, lines.ends, is_parted)
    if mark_x >= 0 and lines.mark:
        width = max(width, _write_mark(picture, shortened(redacted_text(lines.mark), 110), mark_x))
    return _svg(picture, width, _MARK + 10 if mark_x >= 0 else _LOWER, lines.title)


def _bend(picture: _Picture, parts: bool) -> None:
    for which, y in (("one", _UPPER), ("other", _LOWER)):
        picture.bend(which, *((_MIDDLE, y) if parts else (y, _MIDDLE)))
    picture.x += _BEND


def _draw(picture: _Picture, stretch: Stretch) -> None:
    """One stretch: its lines, its dots, and how many turns it stands for if that is more than its dots."""
    dots = min(stretch.turns, MOST_DOTS)
    width = max(dots * _STEP, 12)
    is_same = stretch.kind is Kind.SAME
    for which, y in [("both", _MIDDLE)] if is_same else [("one", _UPPER), ("other", _LOWER)]:
        picture.line(which, y, width)
    for index in range(dots):
        x = picture.x + _STEP * (index + 0.5)
        if stretch.turns > MOST_DOTS and index in (2, 3):
            continue  # the number stands there
        if is_same:
            picture.dot(_MIDDLE, x)
        if stretch.kind in (Kind.DIFFERS, Kind.ONE):
            picture.dot(_UPPER, x)
        if stretch.kind in (Kind.DIFFERS, Kind.OTHER):
            picture.dot(_LOWER, x, is_ring=True)
    if stretch.turns > MOST_DOTS:
        y = (_MIDDLE if is_same else _UPPER if stretch.kind is not Kind.OTHER else _LOWER) - 8
        picture.text(count(stretch.turns), picture.x + width / 2, y, text_anchor="middle")
    picture.x += width


def _write_ends(picture: _Picture, ends: tuple[str, str], is_parted: bool) -> float:
    """The right ends; how wide the picture is with them."""
    one, other = (shortened(redacted_text(end), 72) for end in ends)
    rows: Sequence[tuple[str, int]] = [(one, _UPPER), (other, _LOWER)] if is_parted else [(one, _MIDDLE)]
    if not is_parted and one != other:
        rows = [(one, _MIDDLE - 6), (other, _MIDDLE + 12)]
    for text, y in rows:
        picture.text(text, picture.x + 8, y + 4)
    return picture.x + 16 + max(len(text) for text, _ in rows) * _CHARACTER


def _write_mark(picture: _Picture, mark: str, x: float) -> float:
    picture.texts.append(
        element("path", d=f"M{x:g} {_MARK - 10} l-4 7 h8 Z M{x:g} {_MIDDLE + 6} V{_MARK - 10}", stroke="currentColor")
    )
    picture.text(mark, x + 10, _MARK, font_weight="600")
    return x + 18 + len(mark) * _CHARACTER * 1.08


def _svg(picture: _Picture, width: float, height: int, title: str) -> Markup:
    size = {"width": f"{width:.0f}", "height": str(height), "viewBox": f"0 0 {width:.0f} {height}"}
    drawn = element(
        "svg", *_content(picture, title), xmlns="http://www.w3.org/2000/svg", **size, role="img", aria_label=title,
        fill="currentColor", style=f"max-width:none;font:12px {UI_FONT}",
    )  # fmt: skip
    return element("div", drawn, style="overflow-x:auto;max-width:100%")


def _content(picture: _Picture, title: str) -> Iterator[Markup]:
    looks = {"both": {}, "one": {}, "other": {"stroke": ERROR, "stroke_dasharray": "6 4"}}
    yield element("title", title)
    for which, ways in picture.ways.items():
        if ways:
            look = {"stroke": "currentColor", **looks[which]}
            yield element("path", d=" ".join(ways), fill="none", stroke_width="1.6", **look)
    yield from picture.dots
    yield element("g", *picture.texts, style=f"font-family:{CODE_FONT};font-size:11px")
