"""One actor as its panel shows it: records in, a plain view model out, and that as text and static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from runtime.api import ActorInfo, Waiting
from workbench.presenters.messages import TurnRow
from workbench.presenters.panels.problems import Problem, problem_html, problem_lines
from workbench.render.formats import (
    age,
    clock_time,
    count,
    duration,
    is_plain_name,
    plural,
    printable,
    short_hash,
    shortened,
    size,
)
from workbench.render.html import FRAME, MUTED, Column, Markup, Rendering, aligned, code, element, join, muted, table
from workbench.render.sparkline import NO_SERIES, Series, sparkline_svg, sparkline_text
from workbench.render.values import Node, tree_html, tree_lines

WAITING_SHOWN = 5


class WaitingRow(msgspec.Struct, frozen=True, array_like=True):
    """One invocation that waits."""

    action: str
    caller: str
    enqueued_us: int


class Mailbox(msgspec.Struct, frozen=True, omit_defaults=True):
    """What waits, and how much of it waited lately."""

    waiting: int = 0
    oldest_us: int = 0
    head: tuple[WaitingRow, ...] = ()
    """The next ones, in order; empty where the system does not show them."""
    depths: Series = NO_SERIES
    """The deepest it was in each second."""


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """The snapshot: what the store has, beside what memory has."""

    revision: int = 0
    written_us: int = 0
    """0 for never."""
    size_bytes: int = 0
    status: str = ""
    durability: str = ""
    memory_bytes: int = 0
    ahead: int = 0
    """Revisions that memory has and the store has not."""
    changes: tuple[str, ...] = ()
    """What is different in memory, a line for each place; empty for nothing, or where it cannot be compared."""
    due_us: int = 0
    """When the next snapshot is written; 0 for none that is due."""
    leaves_us: int = 0
    """When the actor leaves memory unless it is called; 0 for one that is not in memory, or works."""


class Running(msgspec.Struct, frozen=True, omit_defaults=True):
    """The turn in progress."""

    action: str
    since_us: int = 0
    caller: str = ""


class Counters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the picture leaves out."""

    dropped: int = 0
    """Events that the feed lost before they were read."""
    merged: int = 0
    """Turns that passed between two pictures without one of their own."""


NOTHING_LOST = Counters()


class LogRow(msgspec.Struct, frozen=True, array_like=True):
    """One line of what the actor printed or logged."""

    at_us: int
    action: str
    mark: str
    """`err`, `warning`, `error` …; empty for what needs no mark."""
    text: str


class ActorView(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="panel", tag="actor"):
    """Everything the actor panel shows; the parts that a system cannot give are empty, `absent` says why."""

    name: str
    system: str
    parent: str = ""
    """The template, for a child."""
    kind: str = ""
    phase: str = ""
    revision: int = 0
    definition: str = ""
    deployed: bool = True
    turns: int = 0
    failures: int = 0
    rate: float = 0.0
    """Turns a second, lately."""
    state: Node | None = None
    mailbox: Mailbox = Mailbox()
    stored: Stored | None = None
    """None for an actor that keeps no state, and where the system does not tell."""
    running: Running | None = None
    recent: tuple[TurnRow, ...] = ()
    """Last turns, newest first."""
    log: tuple[LogRow, ...] = ()
    """What it printed and logged last, oldest first."""
    counters: Counters = NOTHING_LOST
    commands: tuple[str, ...] = ()
    """Code that shows the same in a cell."""
    absent: tuple[str, ...] = ()
    """Sentences about parts that this system cannot show."""
    problem: Problem | None = None
    back: bool = False
    """Opened from a list, to which one can return."""


def actor_view(
    info: ActorInfo,
    *,
    state: Node | None = None,
    changes: Sequence[str] = (),
    waiting: Sequence[Waiting] = (),
    depths: Series = NO_SERIES,
    rate: float = 0.0,
    recent: Sequence[TurnRow] = (),
    log: Sequence[LogRow] = (),
    counters: Counters = NOTHING_LOST,
    absent: Sequence[str] = (),
    problem: Problem | None = None,
) -> ActorView:
    """The panel of one actor.

    Args:
        state: the committed state, outlined and with changes marked; None for none.
        changes: what is different between the stored state and that one.
        waiting: the head of `SystemApi.mailbox`, the running invocation included.
        recent: newest first.
    """
    return ActorView(
        name=info.id.name,
        system=info.id.system,
        parent=info.parent if info.parent != info.id.name else "",
        kind=info.kind,
        phase=info.phase,
        revision=info.revision,
        definition=short_hash(info.definition),
        deployed=info.deployed,
        turns=info.turns,
        failures=info.failures,
        rate=round(rate, 1),
        state=state,
        mailbox=_mailbox(info, waiting, depths),
        stored=stored_of(info, changes),
        running=_running(info, waiting),
        recent=tuple(recent),
        log=tuple(log),
        counters=counters,
        commands=commands_for(info.id.name),
        absent=tuple(absent),
        problem=problem,
    )


def missing_view(name: str, system: str, problem: Problem | None = None) -> ActorView:
    """The panel of an actor that could not be read yet."""
    return ActorView(name=name, system=system, problem=problem)


def commands_for(name: str) -> tuple[str, ...]:
    """What to type into a cell to see the same; as magics, or as Python where a magic would split the name."""
    if is_plain_name(name):
        return (f"%state {name}", f"%mailbox {name}", f"%history {name}", f"%logs {name}")
    return (f"wb.state({name!r})", f"wb.watch({name!r})")


def _mailbox(info: ActorInfo, waiting: Sequence[Waiting], depths: Series) -> Mailbox:
    head = [WaitingRow(w.action, w.caller, w.enqueued_us) for w in waiting if not w.running]
    oldest = info.oldest_waiting_us or (head[0].enqueued_us if head else 0)
    return Mailbox(info.waiting, oldest if info.waiting else 0, tuple(head[:WAITING_SHOWN]), depths)


def stored_of(info: ActorInfo, changes: Sequence[str] = ()) -> Stored | None:
    """What is known of an actor's snapshot; None for a template, a pool, and where nothing is known."""
    if info.phase == "template" or info.kind == "pooled" or not (info.stored_us or info.durability):
        return None
    return Stored(
        info.stored_revision, info.stored_us, info.stored_bytes, info.stored_status, info.durability, info.state_bytes,
        max(0, info.revision - info.stored_revision), tuple(changes), info.snapshot_due_us, info.deactivation_due_us,
    )  # fmt: skip


def _running(info: ActorInfo, waiting: Sequence[Waiting]) -> Running | None:
    current = next((w for w in waiting if w.running), None)
    if current is not None:
        return Running(shortened(current.action), current.started_us or info.action_started_us, current.caller)
    return Running(shortened(info.action), info.action_started_us) if info.action else None


# --- The actor panel without a browser's help: as text, and as HTML that never moves ----------------------------------

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
    number = count(row.sequence) if row.sequence else "–"  # without a journal turns have none
    return (number, row.action, outcome, duration(row.took_us), revision, age(row.finished_us, now_us))


def _facts(view: ActorView) -> list[str]:
    child = f"child of {printable(view.parent)}" if view.parent else ""
    code_state = f"definition {view.definition}" if view.definition else ""
    missing = "" if view.deployed or not view.phase else "its code is not loaded"
    revision = f"revision {count(view.revision)}" if view.phase else ""
    return [fact for fact in (view.kind, child, view.phase, revision, code_state, missing) if fact]


def _activity(view: ActorView) -> str:
    failed = f", {plural(view.failures, 'failure')}" if view.failures else ""
    rate = f", {view.rate:g}/s" if view.rate else ""
    return f"{plural(view.turns, 'turn')} since the system started{failed}{rate}"


def _mailbox_text(view: ActorView, now_us: int) -> str:
    box = view.mailbox
    if not box.waiting:
        return "empty"
    oldest = f", the oldest for {duration(now_us - box.oldest_us)}" if box.oldest_us else ""
    return f"{count(box.waiting)} waiting{oldest}"


def _running_text(view: ActorView, now_us: int) -> str:
    if view.running is None:
        return ""
    since = f" for {duration(now_us - view.running.since_us)}" if view.running.since_us else ""
    caller = f", called by {printable(view.running.caller)}" if view.running.caller else ""
    return f"{view.running.action}{since}{caller}"


def stored_lines(stored: Stored, now_us: int) -> Iterator[str]:
    """The snapshot in sentences: what is stored, what memory has beyond it, and what happens next."""
    if stored.written_us:
        at = f"revision {count(stored.revision)}, {size(stored.size_bytes)}, written {age(stored.written_us, now_us)}"
        yield f"stored: {at}{', when it left memory' if stored.status == 'DEACTIVATED' else ''}"
    else:
        yield "nothing is stored yet"
    if stored.ahead:
        back = f"goes back to revision {count(stored.revision)}" if stored.written_us else "leaves nothing of it"
        yield f"memory: {plural(stored.ahead, 'revision')} ahead, {size(stored.memory_bytes)}; a kill now {back}"
    if stored.due_us:
        yield f"next snapshot in {duration(max(0, stored.due_us - now_us))}"
    if stored.leaves_us:
        yield f"leaves memory in {duration(max(0, stored.leaves_us - now_us))} unless it is called"


def _text(view: ActorView, now_us: int) -> str:
    lines = [f"{printable(view.name)}  {' · '.join(_facts(view))}".rstrip(), *problem_lines(view.problem)]
    if view.phase:
        bars = sparkline_text(view.mailbox.depths.up_to(now_us))
        lines.append(f"  mailbox  {_mailbox_text(view, now_us)}{'  ' + bars if bars else ''}")
        lines += [f"  running  {_running_text(view, now_us)}"] if view.running else []
        lines.append(f"  turns    {_activity(view)}")
    if view.stored is not None:
        lines += ["  snapshot", *(f"    {line}" for line in _stored_text(view.stored, now_us))]
    if view.state is not None:
        lines += ["  state", *tree_lines(view.state, "  ")]
    if view.log:
        lines += ["  log", *(f"    {_said(row)}" for row in view.log)]
    if view.recent:
        lines += ["", aligned(TURN_COLUMNS, _turns(view, now_us), "  ")]
    return "\n".join([*lines, *(f"  {sentence}" for sentence in view.absent)])


def _stored_text(stored: Stored, now_us: int) -> list[str]:
    return [*stored_lines(stored, now_us), *(f"  {change}" for change in stored.changes)]


def _said(row: LogRow) -> str:
    return f"{row.action}  {row.mark + ': ' if row.mark else ''}{row.text}"


def _turns(view: ActorView, now_us: int) -> list[Sequence[str]]:
    return [turn_cells(row, now_us) for row in view.recent]


def _html(view: ActorView, now_us: int) -> Markup:
    title = element("div", element("strong", code(view.name)), muted("  " + " · ".join(_facts(view))))
    parts: list[str] = [title, *problem_html(view.problem)]
    if view.phase:
        parts.append(element("div", *_line("Mailbox", _mailbox_text(view, now_us)), " ", *_bars(view, now_us)))
        parts += [element("div", *_line("Running", _running_text(view, now_us)))] if view.running else []
        parts.append(element("div", *_line("Turns", _activity(view))))
    if view.stored is not None:
        parts += [_heading("Snapshot"), *(element("div", line) for line in stored_lines(view.stored, now_us))]
        parts += [element("div", code(change), style="padding-left:1em") for change in view.stored.changes]
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
