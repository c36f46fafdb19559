"""Reads a system's actors for its panel, or the one actor that was opened in it."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.api import ActorInfo, SystemApi, SystemStatus
from runtime.errors import InternalError, NotCapable
from workbench.actor_logs import ActorLogs
from workbench.presenters.panels.actor import ActorView, Counters, actor_rendering
from workbench.presenters.panels.problems import Problem, problem_of
from workbench.presenters.panels.system import (
    SORTS,
    Query,
    SystemView,
    Window,
    system_rendering,
    system_view,
    window,
)
from workbench.presenters.panels.timeline import TimelineView, timeline_rendering
from workbench.presenters.panels.topology import TopologyView, topology_rendering
from workbench.render.html import Rendering
from workbench.widgets.actor_source import ActorSource
from workbench.widgets.rates import Rate
from workbench.widgets.source import LOOK_AGAIN_US, FeedBatch, Intent, StatusReading, View
from workbench.widgets.topology_source import TopologySource

_LISTED = 5_000
"""Actors looked at for one picture; more are found by the start of their name."""
_FOUND = 500
"""Actors found by the start of their name, beyond those."""
_RELIST_US = 10_000_000
"""A list is read again after so long even if nothing seems to have happened."""


class SystemSource:
    """Follows a system."""

    def __init__(
        self,
        system: SystemApi,
        logs: ActorLogs | None = None,
        status: StatusReading | None = None,
        *,
        topology: bool = False,
    ) -> None:
        """Begins with the list of actors, or with the `topology`.

        `logs` has what actors print, for the one that is opened; `status` is shared with other panels of the system.
        """
        self.system, self._logs = system, logs
        self._status = status or StatusReading(system)
        self._query = Query()
        self._last: View = SystemView(system.name)
        self._opened: ActorSource | None = None
        self._topology: TopologySource | None = TopologySource(system, self._status) if topology else None
        self._infos: list[ActorInfo] = []
        self._window = Window()
        self._listed_for: tuple[object, ...] = ()
        self._listed_us = self._read_us = 0
        self._rate = Rate()
        self._dropped = self._events = 0
        self._must_look, self._has_happened = True, False
        """A picture is due before its second is over: someone wants another, or something happened."""

    def absorb(self, news: FeedBatch) -> None:
        """See `Source`."""
        happened = len(news.turns) + news.others
        self._must_look |= bool(happened)
        self._has_happened |= bool(happened)
        self._events += happened
        self._dropped = news.dropped
        for source in (self._opened, self._topology):
            if source is not None:
                source.absorb(news)

    def read(self, now_us: int) -> View:
        """See `Source`.  After an error it is the last picture, with the problem."""
        if self._opened is not None:
            self._last = msgspec.structs.replace(self._opened.read(now_us), back=True)
        elif self._topology is not None:
            self._last = self._topology.read(now_us)
        elif self._must_look or not 0 <= now_us - self._read_us < LOOK_AGAIN_US:
            self._must_look, self._read_us = False, now_us
            self._last = self._list_view(now_us)
        return self._last

    def handle(self, intent: Intent) -> bool:
        """See `Source`.  Knows `open`, `back`, `show`, `sort`, `search` and `more`, and what the topology knows."""
        match intent.type:
            case "show" if intent.text("what") in ("actors", "topology"):
                self._show(intent.text("what") == "topology")
            case "open" if intent.text("actor"):
                self._opened = ActorSource(self.system, intent.text("actor"), self._logs, self._status)
            case "back":
                self._opened, self._must_look = None, True
            case "sort" if intent.text("by") in SORTS:
                self._sort(intent.text("by"))
            case "search":
                self._ask(search=intent.text("text")[:100])
            case "more":
                self._ask(limit=min(self._query.limit * 2, _LISTED))
            case _:
                shown = self._opened or self._topology
                return shown is not None and shown.handle(intent)
        return True

    def rendering(self, now_us: int) -> Rendering:
        """See `Source`."""
        match self._last:
            case SystemView() as last:
                return system_rendering(last, now_us)
            case TopologyView() as last:
                return topology_rendering(last, now_us)
            case TimelineView() as last:
                return timeline_rendering(last, now_us)
            case ActorView() as last:
                return actor_rendering(last, now_us)
        raise InternalError(f"a system's panel shows a {type(self._last).__name__}")

    def _show(self, is_topology: bool) -> None:
        self._opened, self._must_look = None, True
        if is_topology != (self._topology is not None):
            self._topology = TopologySource(self.system, self._status) if is_topology else None

    def _list_view(self, now_us: int) -> SystemView:
        try:
            return self._view(now_us)
        except Exception as error:  # noqa: BLE001 - a system may fail in any way; a panel shows it and goes on
            last = self._last if isinstance(self._last, SystemView) else SystemView(self.system.name)
            return msgspec.structs.replace(last, problem=problem_of(error), query=self._query)

    def _view(self, now_us: int) -> SystemView:
        is_outdated, self._has_happened = self._has_happened, False
        status = self._status.read(now_us, is_outdated=is_outdated)
        problem: Problem | None = None
        try:
            self._list(status, now_us)
        except NotCapable as error:  # a proxy: its numbers are shown all the same
            problem = problem_of(error)
        rate = self._rate.update(now_us, status.sequence)
        return system_view(
            status,
            self._window,
            is_partial=len(self._infos) >= _LISTED,
            rate=rate,
            rates=self._rate.per_second.series(),
            counters=Counters(self._dropped),
            problem=problem,
        )

    def _list(self, status: SystemStatus, now_us: int) -> None:
        """Read the actors again if something happened, and make the window anew if that or the query is another."""
        now = (status.sequence, status.waiting, status.actors, self._events, self._query.search)
        is_current = now == self._listed_for and 0 <= now_us - self._listed_us < _RELIST_US
        if not is_current:
            self._infos, self._listed_for, self._listed_us = self._found(), now, now_us
        if not is_current or self._query != self._window.query:
            self._window = window(self._infos, self._query)

    def _found(self) -> list[ActorInfo]:
        infos = self.system.actors(limit=_LISTED)
        if len(infos) < _LISTED or not self._query.search:
            return infos
        # Not everything was looked at: at least what begins with the searched words is found.
        known = {info.id.name for info in infos}
        found = self.system.actors(prefix=self._query.search, limit=_FOUND)
        return infos + [info for info in found if info.id.name not in known]

    def _sort(self, by: str) -> None:
        """The same column again turns the order round; numbers begin with the largest."""
        if by == self._query.sort:
            self._ask(descending=not self._query.descending)
        else:
            self._ask(sort=by, descending=by not in ("name", "kind", "phase"))

    def _ask(self, **changes: Any) -> None:
        self._must_look = True
        self._query = msgspec.structs.replace(self._query, **changes)
