"""An actor system as its panel shows it: actors sorted, searched and cut to a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runtime.api import ActorInfo, SystemStatus
from workbench.presenters.actor_panel import NOTHING_LOST, Counters
from workbench.presenters.problems import Problem, problem_in
from workbench.presenters.sparkline import NO_SERIES, Series

OWN_PREFIX = "workbench."
"""Actors of that name are the tool's own; panels and lists leave them out."""

WINDOW, WINDOW_STEP, WINDOW_LARGEST = 50, 50, 500


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
