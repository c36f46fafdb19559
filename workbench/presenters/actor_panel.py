"""One actor as its panel shows it: records in, a plain view model out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runtime.api import ActorInfo, Waiting
from workbench.presenters.problems import Problem
from workbench.presenters.sparkline import NO_SERIES, Series
from workbench.presenters.turns import TurnRow
from workbench.presenters.values import Node
from workbench.presenters.wording import is_plain_name, short_hash, shortened

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


def _running(info: ActorInfo, waiting: Sequence[Waiting]) -> Running | None:
    current = next((w for w in waiting if w.running), None)
    if current is not None:
        return Running(shortened(current.action), current.started_us or info.action_started_us, current.caller)
    return Running(shortened(info.action), info.action_started_us) if info.action else None
