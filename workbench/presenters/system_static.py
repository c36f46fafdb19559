"""The system panel without a browser's help: as text, and as HTML that never moves."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.presenters.actor_static import snapshot_note
from workbench.presenters.columns import Column, aligned
from workbench.presenters.html import FRAME, Markup, code, element, muted, table
from workbench.presenters.problem_static import problem_html, problem_lines
from workbench.presenters.rendering import Rendering
from workbench.presenters.system_panel import ActorRow, SystemView
from workbench.presenters.wording import age, count, duration, plural, printable

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
    hidden = view.matching - len(view.rows)
    if view.is_partial:
        return "… and more: search by the start of a name."
    return f"… {plural(hidden, 'more actor')}" if hidden else ""


def _summary(view: SystemView) -> str:
    rate = f", {view.rate:g}/s" if view.rate else ""
    unwritten = f" · {count(view.unwritten)} not on disk yet" if view.unwritten else ""
    turns = plural(view.turns, "turn")
    return f"{count(view.actors)} active · {count(view.waiting)} waiting · {turns}{rate}{unwritten}"


def _cells(view: SystemView, now_us: int) -> list[Sequence[str]]:
    return [actor_cells(row, now_us) for row in view.rows]


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
    return "No actors yet. Define one in a cell that starts with %%actor."
