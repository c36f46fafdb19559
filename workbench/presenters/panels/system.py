"""An actor system as its panel shows it: actors sorted, searched and cut to a window, and that as text and static HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runtime.api import ActorInfo, SystemStatus
from workbench.presenters.panels.actor import NOTHING_LOST, Counters, snapshot_note
from workbench.presenters.panels.problems import Problem, problem_html, problem_in, problem_lines
from workbench.render.formats import age, count, duration, plural, printable
from workbench.render.html import FRAME, Column, Markup, Rendering, aligned, code, element, muted, table
from workbench.render.sparkline import NO_SERIES, Series

OWN_PREFIX = "workbench."
"""Actors of that name are the tool's own; panels and lists leave them out."""

STILL_ROWS = 200
"""Of the picture that a notebook saves, whatever its live panel shows."""
WINDOW = 50
"""Rows that are shown at first; each "Show more" doubles them, until all that were looked at are there."""


class Query(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which actors, in which order, how many."""

    sort: str = "name"
    descending: bool = False
    search: str = ""
    limit: int = WINDOW


class ActorRow(msgspec.Struct, frozen=True, array_like=True):
    """One line of the panel.  Array-like: a window of them travels with every update."""

    name: str
    parent: str
    kind: str
    phase: str
    revision: int
    waiting: int
    turns: int
    failures: int
    last_turn_us: int
    oldest_us: int
    action: str
    action_since_us: int
    deployed: bool


class SystemView(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="panel", tag="system"):
    """Everything the system panel shows."""

    system: str
    store: str = ""
    actors: int = 0
    """In memory now; others are only in the store."""
    told: str = ""
    """What the system tells of itself where it does not tell these numbers."""
    waiting: int = 0
    turns: int = 0
    """Ever finished."""
    rate: float = 0.0
    unwritten: int = 0
    """Finished turns that are not on disk yet."""
    rows: tuple[ActorRow, ...] = ()
    matching: int = 0
    """Rows that the search leaves, shown or not."""
    is_partial: bool = False
    """The system knows more actors than were looked at."""
    query: Query = Query()
    rates: Series = NO_SERIES
    """Turns in each second."""
    counters: Counters = NOTHING_LOST
    problem: Problem | None = None


_KEYS: dict[str, Callable[[ActorInfo], Any]] = {
    "name": lambda info: (),
    "kind": lambda info: info.kind,
    "phase": lambda info: info.phase,
    "revision": lambda info: info.revision,
    "waiting": lambda info: info.waiting,
    "turns": lambda info: info.turns,
    "failures": lambda info: info.failures,
    "last": lambda info: info.last_turn_us,
}
SORTS = tuple(_KEYS)


class Window(msgspec.Struct, frozen=True):
    """The rows that are shown, of those that match."""

    query: Query = Query()
    rows: tuple[ActorRow, ...] = ()
    matching: int = 0


def window(infos: Sequence[ActorInfo], query: Query) -> Window:
    """What a query finds among actors, in its order; the tool's own are left out."""
    found = _sorted(_searched(infos, query), query)
    return Window(query, tuple(_row(info) for info in found[: query.limit]), len(found))


def system_view(
    status: SystemStatus,
    shown: Window,
    *,
    is_partial: bool = False,
    rate: float = 0.0,
    rates: Series = NO_SERIES,
    counters: Counters = NOTHING_LOST,
    problem: Problem | None = None,
) -> SystemView:
    """The panel of a system.

    Args:
        is_partial: there are more actors than the window was made from.
    """
    return SystemView(
        system=status.system,
        store=status.store,
        actors=status.actors,
        waiting=status.waiting,
        turns=status.sequence,
        told=status.told,
        rate=round(rate, 1),
        unwritten=max(0, status.sequence - status.committed),
        rows=shown.rows,
        matching=shown.matching,
        is_partial=is_partial,
        query=shown.query,
        rates=rates,
        counters=counters,
        problem=problem or problem_in(status),
    )


def _searched(infos: Sequence[ActorInfo], query: Query) -> list[ActorInfo]:
    wanted = query.search.casefold().split()
    own_left_out = [info for info in infos if not info.id.name.startswith(OWN_PREFIX)]
    return [info for info in own_left_out if _has(info, wanted)] if wanted else own_left_out


def _has(info: ActorInfo, wanted: Sequence[str]) -> bool:
    text = f"{info.id.name} {info.parent} {info.kind} {info.phase}".casefold()
    return all(word in text for word in wanted)


def _sorted(infos: list[ActorInfo], query: Query) -> list[ActorInfo]:
    by_name = sorted(infos, key=lambda info: info.id.name, reverse=query.descending and query.sort == "name")
    return by_name if query.sort == "name" else sorted(by_name, key=_KEYS[query.sort], reverse=query.descending)


def _row(info: ActorInfo) -> ActorRow:
    return ActorRow(
        name=info.id.name,
        parent=info.parent if info.parent != info.id.name else "",
        kind=info.kind,
        phase=info.phase,
        revision=info.revision,
        waiting=info.waiting,
        turns=info.turns,
        failures=info.failures,
        last_turn_us=info.last_turn_us,
        oldest_us=info.oldest_waiting_us,
        action=info.action,
        action_since_us=info.action_started_us,
        deployed=info.deployed,
    )


# --- The system panel without a browser's help: as text, and as HTML that never moves ---------------------------------

ACTOR_COLUMNS = (
    Column("actor", code=True),
    Column("kind"),
    Column("phase"),
    Column("revision", right=True),
    Column("waiting", right=True),
    Column("turns", right=True),
    Column("failures", right=True),
    Column("last turn", right=True),
)


def system_rendering(view: SystemView, now_us: int) -> Rendering:
    """A system's panel as it is at `now_us`."""
    return Rendering(_text(view, now_us), _html(view, now_us))


def actor_cells(row: ActorRow, now_us: int) -> tuple[str, ...]:
    """An actor under `ACTOR_COLUMNS`."""
    phase = row.phase if row.deployed else f"{row.phase}, no code"
    if row.action:
        phase = f"running {row.action}{' ' + duration(now_us - row.action_since_us) if row.action_since_us else ''}"
    kind = f"{row.kind} of {row.parent}" if row.parent else row.kind
    # Counted from an activation on: of an actor that is only in the store, nothing is known.
    is_counted = row.phase != "passive" or row.turns
    counted = (count(row.turns), count(row.failures)) if is_counted else ("", "")
    numbers = (count(row.revision), count(row.waiting), *counted)
    return (row.name, kind, phase, *numbers, age(row.last_turn_us, now_us))


def hidden_rows(view: SystemView) -> str:
    """`… 12,345 more actors`, or empty when every match is shown."""
    hidden = view.matching - min(len(view.rows), STILL_ROWS)
    if view.is_partial:
        return "… and more: search by the start of a name."
    return f"… {plural(hidden, 'more actor')}" if hidden else ""


def _summary(view: SystemView) -> str:
    if view.told:
        return f"It tells {view.told}."
    rate = f", {view.rate:g}/s" if view.rate else ""
    unwritten = f" · {count(view.unwritten)} not on disk yet" if view.unwritten else ""
    turns = plural(view.turns, "turn")
    return f"{count(view.actors)} active · {count(view.waiting)} waiting · {turns}{rate}{unwritten}"


def _cells(view: SystemView, now_us: int) -> list[Sequence[str]]:
    return [actor_cells(row, now_us) for row in view.rows[:STILL_ROWS]]


def _text(view: SystemView, now_us: int) -> str:
    lines = [f"{printable(view.system)}  {_summary(view)}", *problem_lines(view.problem)]
    lines.append(aligned(ACTOR_COLUMNS, _cells(view, now_us), "  ") if view.rows else f"  {nothing(view)}")
    lines += [f"  {hidden_rows(view)}"] if hidden_rows(view) else []
    return "\n".join(lines)


def _html(view: SystemView, now_us: int) -> Markup:
    title = element("div", element("strong", code(view.system)), muted("  " + _summary(view)))
    body = table(ACTOR_COLUMNS, _cells(view, now_us)) if view.rows else element("div", muted(nothing(view)))
    more = [element("div", muted(hidden_rows(view)))] if hidden_rows(view) else []
    return element("div", title, *problem_html(view.problem), body, *more, snapshot_note(now_us), style=FRAME)


def nothing(view: SystemView) -> str:
    """What an empty list says: nothing found, or nothing there yet and how to begin."""
    if view.query.search:
        return f"No actor matches {view.query.search!r}."
    if view.problem is not None:
        return "No actors to show."
    return "No actors yet. Define one in a cell that starts with %%actor."
