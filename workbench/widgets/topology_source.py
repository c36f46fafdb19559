"""Counts who calls whom, from the turns that a system tells of, for the topology panel."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from runtime.api import Capability, SystemApi
from runtime.records import Turn
from workbench.presenters.messages import OUTSIDE, TurnRow, turn_row
from workbench.presenters.panels.actor import Counters
from workbench.presenters.panels.problems import problem_of
from workbench.presenters.panels.system import OWN_PREFIX
from workbench.presenters.panels.topology import Edge, Layout, TopologyView, topology_rendering, topology_view
from workbench.render.html import Rendering
from workbench.widgets.source import FeedBatch, Intent, StatusReading

_JOURNAL_TAIL = 5_000
"""So many of the last turns are counted when the panel is opened."""
_MOST_EDGES = 5_000
"""Connections that are counted; what comes beyond is not."""
_MOST_MEMBERS = 100_000
_MESSAGES_SHOWN = 8
_SECOND_US = 1_000_000


class TopologySource:
    """Follows the calls of a system.  Children are counted with their template."""

    def __init__(self, system: SystemApi, status: StatusReading | None = None) -> None:
        """`status` is shared with other panels of the system."""
        self.system = system
        self._status = status or StatusReading(system)
        self._edges: dict[tuple[str, str], Edge] = {}
        self._messages: dict[tuple[str, str], deque[TurnRow]] = {}
        self._targets: dict[str, list[str]] = {}
        """Whom each box has called."""
        self._templates: dict[str, str] = {}
        """The template of each child that was seen."""
        self._members: dict[str, int] = {}
        self._layout = Layout()
        self._last = TopologyView(system.name)
        self._chosen: tuple[str, str] | None = None
        self._read_to = 0
        """The last turn that was counted from the journal."""
        self._dropped = 0
        self._rated_us = 0
        self._rated: dict[tuple[str, str], int] = {}
        self._is_begun = False

    def absorb(self, news: FeedBatch) -> None:
        """See `Source`."""
        self._dropped = news.dropped
        if self._is_begun:
            self._count(turn for turns in news.turns.values() for turn in turns)

    def read(self, now_us: int) -> TopologyView:
        """See `Source`.  After an error it is the last picture, with the problem."""
        try:
            if not self._is_begun:
                self._begin(now_us)
            self._rate(now_us)
            self._last = self._view()
        except Exception as error:  # noqa: BLE001 - a system may fail in any way; a panel shows it and goes on
            self._last = msgspec.structs.replace(self._last, problem=problem_of(error))
        return self._last

    def handle(self, intent: Intent) -> bool:
        """See `Source`.  Knows `edge`, which shows the messages of a connection, or hides them."""
        if intent.type != "edge":
            return False
        edge = (intent.text("source"), intent.text("target"))
        self._chosen = edge if edge in self._edges and edge != self._chosen else None
        return True

    def rendering(self, now_us: int) -> Rendering:
        """See `Source`."""
        return topology_rendering(self._last, now_us)

    def _begin(self, now_us: int) -> None:
        """Count the last turns of the journal: what was called before the panel was opened."""
        self._is_begun = True
        if Capability.HISTORY not in self.system.capabilities:
            return
        after = max(0, self._status.read(now_us).committed - _JOURNAL_TAIL)
        for batch in self.system.turns(after=after):
            self._count(batch)
            self._read_to = batch[-1].sequence if batch else self._read_to

    def _view(self) -> TopologyView:
        chosen = self._chosen
        return topology_view(
            self.system.name,
            list(self._edges.values()),
            self._layout,
            members=self._members,
            chosen=chosen,
            messages=tuple(reversed(self._messages[chosen])) if chosen is not None else (),
            counters=Counters(self._dropped),
        )

    def _count(self, turns: Iterable[Turn]) -> None:
        for turn in turns:
            if not 0 < turn.sequence <= self._read_to and not turn.actor.name.startswith(OWN_PREFIX):
                self._count_one(turn)

    def _count_one(self, turn: Turn) -> None:
        target, source = self._box_of(turn), OUTSIDE
        if turn.caller is not None:
            source = self._templates.get(turn.caller.name, turn.caller.name)
        edge = self._edge(source, target)
        if edge is None:
            return
        took_us = max(0, turn.finished_us - turn.enqueued_us)
        edge.calls += 1
        edge.failures += turn.failure is not None
        edge.took_us += took_us
        edge.slowest_us = max(edge.slowest_us, took_us)
        self._messages[source, target].append(turn_row(turn))

    def _edge(self, source: str, target: str) -> Edge | None:
        """The connection between two boxes; None for a new one beyond the bound."""
        edge = self._edges.get((source, target))
        if edge is None and len(self._edges) < _MOST_EDGES:
            edge = self._edges[source, target] = Edge(source, target)
            self._messages[source, target] = deque(maxlen=_MESSAGES_SHOWN)
            self._targets.setdefault(source, []).append(target)
        return edge

    def _box_of(self, turn: Turn) -> str:
        """The box that an actor's calls arrive at: its own, or its template's."""
        name, parent = turn.actor.name, turn.parent
        if not parent or parent == name:
            return name
        if name not in self._templates and len(self._templates) < _MOST_MEMBERS:
            self._templates[name] = parent
            self._members[parent] = self._members.get(parent, 0) + 1
            self._fold(name, parent)
        return parent

    def _fold(self, child: str, template: str) -> None:
        """What a child called before it was known as one: a turn that it waits for ends before its own."""
        for target in self._targets.pop(child, ()):
            early, messages = self._edges.pop((child, target)), self._messages.pop((child, target))
            edge = self._edge(template, target)
            if edge is None:
                continue
            edge.calls += early.calls
            edge.failures += early.failures
            edge.took_us += early.took_us
            edge.slowest_us = max(edge.slowest_us, early.slowest_us)
            self._messages[template, target].extend(messages)
            if self._chosen == (child, target):
                self._chosen = (template, target)

    def _rate(self, now_us: int) -> None:
        """Calls a second of each connection, over the last second or more."""
        passed_us = now_us - self._rated_us
        if 0 <= passed_us < _SECOND_US:
            return
        for key, edge in self._edges.items():
            before = self._rated.get(key)
            is_new = before is None or not 0 < passed_us < 3 * _SECOND_US
            edge.rate = 0.0 if is_new or before is None else (edge.calls - before) * _SECOND_US / passed_us
            self._rated[key] = edge.calls
        self._rated_us = now_us
