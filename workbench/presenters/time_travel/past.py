"""One turn of the past as what it changed, two states place by place, and two pasts side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from workbench.presenters.messages import call_text
from workbench.presenters.time_travel.replay import Side
from workbench.redaction import HIDDEN, hides, redacted, redacted_text
from workbench.render.differences import ABSENT, Difference, as_plain, path_of
from workbench.render.formats import count, plural, short_hash, short_id
from workbench.render.html import FRAME, Column, Markup, aligned, bundle, code, element, muted, table
from workbench.render.parted_lines import Kind, PartedLines, Stretch, lines_svg, lines_text
from workbench.render.tables import SHOWN_ROWS, html_lines, html_table, local_time
from workbench.render.values import one_line, outline
from workbench.results import Entry, Rows

_SIDE = 60


def side_text(difference: Difference, value: Any) -> str:
    """One side of a difference on a line, without secrets."""
    if value is ABSENT:
        return repr(ABSENT)
    if any(hides(key) for key in difference.keys):
        return HIDDEN
    return one_line(outline(redacted(value)), _SIDE)


def place_text(difference: Difference, whole: str = "state") -> str:
    """Where it is; the whole value by what it is."""
    return difference.path or whole


# --- One turn ---------------------------------------------------------------------------------------------------------


class PastTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A finished turn, and what it changed."""

    actor: str
    entry: Entry
    revision_before: int
    cause: str
    """The invocation during which the message was sent; empty from outside."""
    before: Any
    """The state that it found; None for the first, and if it is not kept any more."""
    after: Any
    differences: tuple[Difference, ...]
    """Every place of the state that it changed."""
    is_first: bool
    """No earlier turn of the actor is kept."""
    is_last: bool
    """No later turn is recorded yet."""
    is_new_code: bool = False
    """The turn before ran another version of the code."""
    notes: tuple[str, ...] = ()

    @property
    def revision(self) -> int:
        """The one that it led to; that before, if it changed nothing."""
        return self.entry.revision

    def __repr__(self) -> str:
        lines = [_headline(self), *(f"  {name:<8} {text}" for name, text in _facts(self))]
        if self.differences:
            lines.append(aligned(_HEADS, _sides(self), "  "))
        return redacted_text("\n".join([*lines, *(f"  {note}" for note in _notes(self))]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        parts = [element("strong", _headline(self))]
        parts += [element("div", muted(f"{name} "), code(text)) for name, text in _facts(self)]
        if self.differences:
            parts.append(table(_HEADS, _sides(self)))
        parts += [element("div", muted(note)) for note in _notes(self)]
        return bundle(repr(self), element("div", *parts, style=FRAME))


_HEADS = Column("place", code=True), Column("before", code=True), Column("after", code=True)


def _headline(turn: PastTurn) -> str:
    entry = turn.entry
    kept = f"stays at revision {entry.revision}"
    led = f"revision {turn.revision_before} → {entry.revision}" if entry.revision != turn.revision_before else kept
    return f"{turn.actor}, {led}: {call_text(entry.action, entry.payload, 80)}"


def _facts(turn: PastTurn) -> Iterator[tuple[str, str]]:
    entry = turn.entry
    yield "at", local_time(round(entry.at.timestamp() * 1_000_000))
    yield "outcome", entry.failure or f"→ {one_line(outline(redacted(entry.response)))}"
    during = f", during {short_id(turn.cause)}" if turn.cause else ""
    yield "from", (entry.caller or "outside") + during
    yield "message", short_id(entry.invocation)
    yield "code", short_hash(entry.definition) + (", new with this turn" if turn.is_new_code else "")


def _sides(turn: PastTurn) -> list[Sequence[str]]:
    shown = turn.differences[:SHOWN_ROWS]
    return [(place_text(each), side_text(each, each.old), side_text(each, each.new)) for each in shown]


def _notes(turn: PastTurn) -> Iterator[str]:
    hidden = len(turn.differences) - SHOWN_ROWS
    if hidden > 0:
        yield f"… and {plural(hidden, 'place')} more: see .differences"
    if not turn.differences:
        yield "The state did not change."
    yield from turn.notes
    if turn.is_first:
        yield "No earlier turn is kept."
    if turn.is_last:
        yield "No later turn is recorded."


# --- Two states -------------------------------------------------------------------------------------------------------


class StateChange(msgspec.Struct, frozen=True, kw_only=True):
    """One place at which two revisions differ, and the turn that last changed it between them."""

    difference: Difference
    turn: Entry | None
    """None where the turn is not recorded, or not kept any more."""

    @property
    def path(self) -> str:
        """`items[2].name`; empty where the whole state is another."""
        return self.difference.path

    @property
    def old(self) -> Any:
        """The value at the first revision; None where there was none."""
        return as_plain(self.difference.old)

    @property
    def new(self) -> Any:
        """The value at the second revision; None where there is none."""
        return as_plain(self.difference.new)


class StateDiff(Rows[StateChange]):
    """Every place at which two revisions of an actor differ."""

    columns = ("place", "before", "after", "made by", "revision", "code", "from")
    empty = "Both states are equal."
    noun = "place"
    actor: str = ""
    revisions: tuple[int, int] = (0, 0)

    def row(self, record: StateChange) -> dict[str, Any]:
        turn = record.turn
        return {
            "path": record.path, "old": record.old, "new": record.new,
            "action": None if turn is None else turn.action, "payload": None if turn is None else turn.payload,
            "revision": None if turn is None else turn.revision, "at": None if turn is None else turn.at,
            "caller": None if turn is None else turn.caller, "invocation": None if turn is None else turn.invocation,
            "definition": None if turn is None else turn.definition,
        }  # fmt: skip

    def cells(self, record: StateChange) -> Sequence[object]:
        found, turn = record.difference, record.turn
        by = ("not recorded", "", "", "") if turn is None else _made_by(turn)
        return place_text(found), side_text(found, found.old), side_text(found, found.new), *by

    def __repr__(self) -> str:
        return redacted_text(f"{self._title()}\n{super().__repr__()}")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        shown = html_table(self.columns, self._lines(), self._rest()) if self else html_lines(self.empty)
        return bundle(repr(self), element("div", element("strong", self._title()), Markup(shown), style=FRAME))

    def _title(self) -> str:
        old, new = self.revisions
        found = (
            plural(len(self), "place") + (" differ" if len(self) != 1 else " differs") if self else "nothing differs"
        )
        return f"{self.actor}, revision {old} → {new}: {found}."


def _made_by(turn: Entry) -> tuple[str, int, str, str]:
    message = call_text(turn.action, turn.payload, 48)
    return message, turn.revision, short_hash(turn.definition), turn.caller or "outside"


# --- Two pasts --------------------------------------------------------------------------------------------------------


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two actors, turn by turn; true if all that both have is alike."""

    names: tuple[str, str]
    same: int
    """With how many turns alike both begin."""
    rest: tuple[int, int]
    """How many turns each has from the first difference on."""
    first: tuple[Entry | None, Entry | None] | None
    """The turns at the first difference; None for one that has no more, or for both if there is none."""
    sides: tuple[Side, ...]
    """What differs there, field by field."""
    revisions: tuple[int, int]
    """Where each is now."""
    state: tuple[Difference, ...]
    """Every place at which their states differ now."""
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.first is None and not self.state

    def dicts(self) -> list[dict[str, Any]]:
        """The places at which the states differ now, as plain values."""
        return [{"path": path_of(e.keys), "one": as_plain(e.old), "other": as_plain(e.new)} for e in self.state]

    def __repr__(self) -> str:
        parts = [self._headline(), *([lines_text(self._picture())] if self.same or self.first else [])]
        if self.sides:
            parts += ["At the first difference:", aligned(self._heads(), self._first_rows(), "  ")]
        parts += [self._state_title(), *([aligned(self._heads(), self._state_rows(), "  ")] if self.state else [])]
        return redacted_text("\n".join([*parts, *self.notes]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        parts = [element("strong", self._headline())]
        parts += [lines_svg(self._picture())] if self.same or self.first else []
        if self.sides:
            parts.append(table(self._heads(), self._first_rows(), "At the first difference"))
        if self.state:
            parts.append(table(self._heads(), self._state_rows(), self._state_title()))
        else:
            parts.append(element("div", self._state_title()))
        return bundle(repr(self), element("div", *parts, *(element("div", muted(n)) for n in self.notes), style=FRAME))

    def _headline(self) -> str:
        one, other = self.names
        if self.first is None:
            what = f"the same in {plural(self.same, 'turn')}" if self.same else "no turn is recorded of either"
            return f"{one} and {other}: {what}."
        if not self.same:
            return f"{one} and {other} differ from the first turn on."
        return f"{one} and {other} part after {plural(self.same, 'turn')} alike."

    def _picture(self) -> PartedLines:
        both, (one, other) = min(self.rest), self.rest
        stretches = [Stretch(Kind.SAME, self.same)] if self.same else []
        stretches += [Stretch(Kind.DIFFERS, both)] if both else []
        stretches += [Stretch(Kind.ONE, one - both)] if one > both else []
        stretches += [Stretch(Kind.OTHER, other - both)] if other > both else []
        ends = tuple(f"{name}: revision {at}" for name, at in zip(self.names, self.revisions, strict=True))
        return PartedLines(
            stretches=tuple(stretches), title=self._headline(), start="", ends=(ends[0], ends[1]), mark=self._mark()
        )

    def _mark(self) -> str:
        if self.first is None:
            return ""
        one, other = (_turn_text(each) for each in self.first)
        return f"first difference: {one}" if one == other else f"first difference: {one} | {other}"

    def _heads(self) -> tuple[Column, ...]:
        return Column("place", code=True), *(Column(name, code=True) for name in self.names)

    def _first_rows(self) -> list[Sequence[str]]:
        return [(each.place, each.one, each.other) for each in self.sides]

    def _state_rows(self) -> list[Sequence[str]]:
        shown = self.state[:SHOWN_ROWS]
        return [(place_text(each), side_text(each, each.old), side_text(each, each.new)) for each in shown]

    def _state_title(self) -> str:
        if not self.state:
            return "Their states are equal now."
        hidden = len(self.state) - SHOWN_ROWS
        more = f", the first {count(SHOWN_ROWS)} of {count(len(self.state))} places: see .state" if hidden > 0 else ""
        return f"Their states now{more}:"


def _turn_text(turn: Entry | None) -> str:
    return "no more turns" if turn is None else call_text(turn.action, turn.payload, 44)
