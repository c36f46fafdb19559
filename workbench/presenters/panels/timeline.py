"""An actor's past under a scrubber: one revision, the message that made it and what it changed, as text and static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from runtime.records import Turn
from runtime.wire.codecs.values import decode_value
from workbench.presenters.messages import call_text, outcome_of
from workbench.presenters.panels.actor import snapshot_note
from workbench.presenters.panels.problems import Problem, problem_html, problem_lines
from workbench.redaction import redacted
from workbench.render.formats import age, count, duration, is_plain_name, printable, short_hash
from workbench.render.html import FRAME, Markup, Rendering, code, element, muted
from workbench.render.values import Node, mark_changes, one_line, outline, state_changes, tree_html, tree_lines

_ANSWER = 160


class Made(msgspec.Struct, frozen=True, omit_defaults=True):
    """The turn that led to a revision."""

    call: str
    """The action with its arguments."""
    outcome: str
    answer: str = ""
    caller: str = ""
    finished_us: int = 0
    took_us: int = 0
    definition: str = ""
    is_new_code: bool = False
    """The revision before was made by another version of the code."""


class TimelineView(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="panel", tag="timeline"):
    """Everything the timeline shows."""

    name: str
    system: str
    first: int = 0
    """The oldest revision that is kept."""
    last: int = 0
    at: int = 0
    """The revision that is shown; 0 for none."""
    is_live: bool = True
    """It follows the last one."""
    base: int = 0
    """The revision that it is compared with."""
    is_pinned: bool = False
    """That was chosen; else it is the one before."""
    made: Made | None = None
    state: Node | None = None
    """With what is different from `base` marked."""
    changes: tuple[str, ...] = ()
    """The same as lines, what is gone included."""
    commands: tuple[str, ...] = ()
    """Code that shows the same in a cell, and goes on from there."""
    note: str = ""
    problem: Problem | None = None
    back: bool = False
    """Opened from a list, to which one can return."""


class Span(msgspec.Struct, frozen=True):
    """What of an actor's past is looked at."""

    first: int
    last: int
    at: int
    is_live: bool
    base: int
    is_pinned: bool = False


def timeline_view(
    name: str, system: str, span: Span, made: Made | None, state: Any, before: Any, *, is_compared: bool = True
) -> TimelineView:
    """The panel at one revision.

    Args:
        state, before: the states at `span.at` and `span.base`, decoded; None for one that is not there.
        is_compared: False where one of them is not kept.
    """
    node = None if state is None else outline(state)
    marked = None if node is None else mark_changes(None if before is None else outline(before), node)
    found = state_changes({} if before is None else before, state) if is_compared and state is not None else []
    return TimelineView(
        name=name,
        system=system,
        first=span.first,
        last=span.last,
        at=span.at,
        is_live=span.is_live,
        base=span.base,
        is_pinned=span.is_pinned,
        made=made,
        state=marked,
        changes=tuple(found),
        commands=_commands(name, span),
        note="" if is_compared else "One of the states is not kept any more.",
    )


def made_by(turn: Turn, before: Turn | None) -> Made:
    """What is shown of the turn that led to a revision, and of the one before it of the same actor."""
    answer = turn.failure.headline if turn.failure is not None else one_line(_outlined(turn), _ANSWER)
    return Made(
        call=call_text(turn.action, decode_value(turn.payload)),
        outcome=outcome_of(turn.failure),
        answer="" if turn.failure is None and turn.response is None else answer,
        caller=turn.caller.name if turn.caller is not None else "",
        finished_us=turn.finished_us,
        took_us=max(0, turn.finished_us - turn.started_us),
        definition=short_hash(turn.definition),
        is_new_code=before is not None and before.definition != turn.definition,
    )


def _outlined(turn: Turn) -> Node:
    return outline(redacted(decode_value(turn.response)))


def _commands(name: str, span: Span) -> tuple[str, ...]:
    if not span.at:
        return ()
    if is_plain_name(name):
        shown = (f"%state {name} --revision {span.at}", f"%restore {name} {span.at}", f"%fork {name} {span.at}")
    else:
        shown = (
            f"wb.state({name!r}, revision={span.at})",
            f"wb.restore({name!r}, {span.at})",
            f"wb.fork({name!r}, {span.at})",
        )
    return (*shown, f"wb.history({name!r}).diff({span.base}, {span.at})")


# --- The timeline without a browser's help: as text, and as HTML that never moves -------------------------------------


def timeline_rendering(view: TimelineView, now_us: int) -> Rendering:
    """A timeline as it is at `now_us`."""
    return Rendering(_text(view, now_us), _html(view, now_us))


def _headline(view: TimelineView) -> str:
    if not view.at:
        return "no revisions yet"
    return f"revision {count(view.at)} of {count(view.first)} to {count(view.last)}"


def _facts(view: TimelineView, now_us: int) -> Iterator[tuple[str, str]]:
    made = view.made
    if made is None:
        return
    yield "made by", f"{made.call}{' from ' + printable(made.caller) if made.caller else ''}"
    yield "outcome", f"{made.outcome}{' ' + made.answer if made.answer else ''}"
    yield "when", f"{age(made.finished_us, now_us)}, in {duration(made.took_us)}"
    yield "code", f"{made.definition}{', new with this revision' if made.is_new_code else ''}"


def _compared(view: TimelineView) -> str:
    return f"against revision {count(view.base)}" if view.base else "against nothing"


def _text(view: TimelineView, now_us: int) -> str:
    lines = [f"{printable(view.name)}  {_headline(view)}", *problem_lines(view.problem)]
    lines += [f"  {name:<8} {text}" for name, text in _facts(view, now_us)]
    lines += [f"  changed {_compared(view)}", *(f"    {each}" for each in view.changes)] if view.changes else []
    lines += ["  state", *tree_lines(view.state, "  ")] if view.state is not None else []
    return "\n".join([*lines, *([f"  {view.note}"] if view.note else [])])


def _html(view: TimelineView, now_us: int) -> Markup:
    parts: list[str] = [element("div", element("strong", code(view.name)), muted(f"  {_headline(view)}"))]
    parts += problem_html(view.problem)
    parts += [element("div", muted(f"{name} "), code(text)) for name, text in _facts(view, now_us)]
    if view.changes:
        parts += [element("div", muted(f"changed {_compared(view)}"), style="margin-top:6px"), *_lines(view.changes)]
    if view.state is not None:
        parts += [element("div", muted("state"), style="margin-top:6px"), tree_html(view.state)]
    parts += [element("div", muted(view.note))] if view.note else []
    return element("div", *parts, snapshot_note(now_us), style=FRAME)


def _lines(texts: Sequence[str]) -> list[Markup]:
    return [element("div", code(text), style="padding-left:1em") for text in texts]
