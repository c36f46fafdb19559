"""The actor panel without a browser's help: as text, and as HTML that never moves."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.presenters.actor_panel import ActorView, LogRow
from workbench.presenters.columns import Column, aligned
from workbench.presenters.html import FRAME, MUTED, Markup, code, element, join, muted, table
from workbench.presenters.problem_static import problem_html, problem_lines
from workbench.presenters.rendering import Rendering
from workbench.presenters.sparkline import sparkline_svg, sparkline_text
from workbench.presenters.tree import tree_html, tree_lines
from workbench.presenters.turns import TurnRow
from workbench.presenters.wording import age, clock_time, count, duration, plural, printable

TURN_COLUMNS = (
    Column("turn", right=True),
    Column("action", code=True),
    Column("outcome"),
    Column("took", right=True),
    Column("revision", right=True),
    Column("when", right=True),
)


def actor_rendering(view: ActorView, now_us: int) -> Rendering:
    """An actor's panel as it is at `now_us`."""
    return Rendering(_text(view, now_us), _html(view, now_us))


def turn_cells(row: TurnRow, now_us: int) -> tuple[str, ...]:
    """A turn under `TURN_COLUMNS`."""
    outcome = f"{row.outcome} ({row.detail})" if row.detail else row.outcome
    revision = f"→ {row.revision}" if row.changed else str(row.revision)
    return (count(row.sequence), row.action, outcome, duration(row.took_us), revision, age(row.finished_us, now_us))


def _facts(view: ActorView) -> list[str]:
    child = f"child of {printable(view.parent)}" if view.parent else ""
    code_state = f"definition {view.definition}" if view.definition else ""
    missing = "" if view.deployed or not view.phase else "its code is not loaded here"
    revision = f"revision {count(view.revision)}" if view.phase else ""
    return [fact for fact in (view.kind, child, view.phase, revision, code_state, missing) if fact]


def _activity(view: ActorView) -> str:
    failed = f", {plural(view.failures, 'failure')}" if view.failures else ""
    rate = f", {view.rate:g}/s" if view.rate else ""
    return f"{plural(view.turns, 'turn')} since it was activated{failed}{rate}"


def _mailbox(view: ActorView, now_us: int) -> str:
    box = view.mailbox
    if not box.waiting:
        return "empty"
    oldest = f", the oldest for {duration(now_us - box.oldest_us)}" if box.oldest_us else ""
    return f"{count(box.waiting)} waiting{oldest}"


def _running(view: ActorView, now_us: int) -> str:
    if view.running is None:
        return ""
    since = f" for {duration(now_us - view.running.since_us)}" if view.running.since_us else ""
    caller = f", called by {printable(view.running.caller)}" if view.running.caller else ""
    return f"{view.running.action}{since}{caller}"


def _text(view: ActorView, now_us: int) -> str:
    lines = [f"{printable(view.name)}  {' · '.join(_facts(view))}".rstrip(), *problem_lines(view.problem)]
    if view.phase:
        bars = sparkline_text(view.mailbox.depths.up_to(now_us))
        lines.append(f"  mailbox  {_mailbox(view, now_us)}{'  ' + bars if bars else ''}")
        lines += [f"  running  {_running(view, now_us)}"] if view.running else []
        lines.append(f"  turns    {_activity(view)}")
    if view.state is not None:
        lines += ["  state", *tree_lines(view.state, "  ")]
    if view.log:
        lines += ["  log", *(f"    {_said(row)}" for row in view.log)]
    if view.recent:
        lines += ["", aligned(TURN_COLUMNS, _turns(view, now_us), "  ")]
    return "\n".join([*lines, *(f"  {sentence}" for sentence in view.absent)])


def _said(row: LogRow) -> str:
    return f"{row.action}  {row.mark + ': ' if row.mark else ''}{row.text}"


def _turns(view: ActorView, now_us: int) -> list[Sequence[str]]:
    return [turn_cells(row, now_us) for row in view.recent]


def _html(view: ActorView, now_us: int) -> Markup:
    title = element("div", element("strong", code(view.name)), muted("  " + " · ".join(_facts(view))))
    parts: list[str] = [title, *problem_html(view.problem)]
    if view.phase:
        parts.append(element("div", *_line("Mailbox", _mailbox(view, now_us)), " ", *_bars(view, now_us)))
        parts += [element("div", *_line("Running", _running(view, now_us)))] if view.running else []
        parts.append(element("div", *_line("Turns", _activity(view))))
    if view.state is not None:
        parts += [_heading("State"), tree_html(view.state)]
    if view.recent:
        parts += [_heading("Last turns"), table(TURN_COLUMNS, _turns(view, now_us))]
    if view.log:
        parts += [_heading("Log"), *(element("div", code(_said(row))) for row in view.log)]
    parts += [element("div", muted(sentence)) for sentence in view.absent]
    return element("div", *parts, snapshot_note(now_us), style=FRAME)


def snapshot_note(now_us: int) -> Markup:
    """Says that this is a picture, of when, and how to get the live one."""
    text = f"As it was at {clock_time(now_us)} UTC. Run the cell to watch it live."
    return element("div", text, style=f"{MUTED};font-size:12px;margin-top:4px")


def _bars(view: ActorView, now_us: int) -> list[Markup]:
    values = view.mailbox.depths.up_to(now_us)
    return [sparkline_svg(values, "mailbox depth in the last minute")] if any(values) else []


def _line(label: str, value: str) -> tuple[Markup, str]:
    return muted(f"{label} "), join([value])


def _heading(text: str) -> Markup:
    return element("div", text, style=f"font-weight:600;margin-top:6px;{MUTED}")
