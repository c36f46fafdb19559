"""Who calls whom, as it was seen: actors as boxes from left to right, calls as lines, and that as text and static HTML.

All geometry is made here, so that the browser and the still picture draw the same.  The layers come from networkx: a caller
stands left of what it calls, actors that call each other in a circle stand in one column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from workbench.presenters.messages import OUTSIDE, TurnRow
from workbench.presenters.panels.actor import NOTHING_LOST, TURN_COLUMNS, Counters, snapshot_note, turn_cells
from workbench.presenters.panels.problems import Problem, problem_html, problem_lines
from workbench.render.formats import count, duration, plural, printable, shortened
from workbench.render.html import (
    CODE_FONT,
    ERROR,
    FRAME,
    Column,
    Markup,
    Rendering,
    aligned,
    code,
    element,
    muted,
    table,
)

MOST_NODES = 60
MOST_EDGES = 200
NODE_WIDTH, NODE_HEIGHT = 170, 40
_COLUMN, _ROW, _MARGIN = 260, 58, 12
_SWEEPS = 4
_STILL_EDGES = 100


class Edge(msgspec.Struct):
    """What one actor, or the actors of one template, sent to another."""

    source: str
    target: str
    calls: int = 0
    failures: int = 0
    took_us: int = 0
    """Of all calls together, from their acceptance to their end."""
    slowest_us: int = 0
    rate: float = 0.0
    """Calls a second, lately."""

    @property
    def mean_us(self) -> int:
        return self.took_us // self.calls if self.calls else 0


class NodeBox(msgspec.Struct, frozen=True, array_like=True):
    """One box, at its place in the picture."""

    name: str
    members: int
    """How many children of a template it stands for; 0 for an actor of its own."""
    x: int
    y: int
    calls: int
    failures: int


class EdgeLine(msgspec.Struct, frozen=True, array_like=True):
    """One line between two boxes."""

    source: str
    target: str
    path: str
    """SVG path data, of the line and of the arrow's head."""
    head: str
    calls: int
    failures: int
    mean_us: int
    slowest_us: int
    rate: float


class TopologyView(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="panel", tag="topology"):
    """Everything the topology shows."""

    system: str
    width: int = 0
    height: int = 0
    nodes: tuple[NodeBox, ...] = ()
    edges: tuple[EdgeLine, ...] = ()
    hidden_nodes: int = 0
    """Actors that are seen less than those that are shown."""
    hidden_edges: int = 0
    chosen: tuple[str, str] | None = None
    """Source and target of the line whose messages are shown."""
    messages: tuple[TurnRow, ...] = ()
    """Its last ones, newest first."""
    counters: Counters = NOTHING_LOST
    problem: Problem | None = None


class Layout:
    """Where the boxes stand.  They keep their order while others come and go."""

    def __init__(self) -> None:
        self._drawn: tuple[frozenset[str], frozenset[tuple[str, str]]] | None = None
        self._columns: list[list[str]] = []

    def places(self, nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
        """The upper left corner of each box; made anew only where nodes or edges are others than before."""
        wanted = (frozenset(nodes), frozenset(edges))
        if wanted != self._drawn:
            self._columns = _ordered(_layers(*wanted), wanted[1], self._columns)
            self._drawn = wanted
        tallest = max(map(len, self._columns), default=0)
        return {
            name: (
                _MARGIN + column * _COLUMN,
                _MARGIN + 20 + row * _ROW + (tallest - len(names)) * _ROW // 2,
            )
            for column, names in enumerate(self._columns)
            for row, name in enumerate(names)
        }


def _layers(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(nodes))
    graph.add_edges_from(sorted(edge for edge in edges if edge[0] != edge[1]))
    circles = nx.condensation(graph)
    return [
        sorted(name for circle in layer for name in circles.nodes[circle]["members"])
        for layer in nx.topological_generations(circles)
    ]


def _ordered(layers: list[list[str]], edges: Iterable[tuple[str, str]], before: list[list[str]]) -> list[list[str]]:
    """Each layer with its boxes near what they are connected to: barycentres, from the order that they had."""
    rank = {name: place for names in before for place, name in enumerate(names)}
    places: dict[str, float] = {}
    for names in layers:
        names.sort(key=lambda name: (rank.get(name, len(rank)), name))
        places.update({name: place - len(names) / 2 for place, name in enumerate(names)})
    near: dict[str, list[str]] = {}
    for source, target in sorted(edges):
        near.setdefault(source, []).append(target)
        near.setdefault(target, []).append(source)
    for sweep in range(0 if rank else _SWEEPS):
        for names in layers if sweep % 2 == 0 else reversed(layers):
            names.sort(key=lambda name: (_mean(near.get(name, ()), places, places[name]), places[name]))
            places.update({name: place - len(names) / 2 for place, name in enumerate(names)})
    return layers


def _mean(names: Sequence[str], places: Mapping[str, float], alone: float) -> float:
    return sum(places[name] for name in names) / len(names) if names else alone


def topology_view(
    system: str,
    edges: Sequence[Edge],
    layout: Layout,
    *,
    members: Mapping[str, int] | None = None,
    chosen: tuple[str, str] | None = None,
    messages: Sequence[TurnRow] = (),
    counters: Counters = NOTHING_LOST,
    problem: Problem | None = None,
) -> TopologyView:
    """The picture of what was seen: the actors with most calls, and the calls between them.

    Args:
        members: how many children each template stands for.
        chosen: the edge whose `messages`, newest first, are shown.
    """
    busy = _busiest(edges)
    shown = set(busy[:MOST_NODES])
    between = [edge for edge in edges if edge.source in shown and edge.target in shown]
    lines = sorted(between, key=lambda edge: (-edge.calls, edge.source, edge.target))[:MOST_EDGES]
    places = layout.places(shown, [(edge.source, edge.target) for edge in lines])
    return TopologyView(
        system=system,
        width=max((x for x, _ in places.values()), default=0) + NODE_WIDTH + 60,
        height=max((y for _, y in places.values()), default=0) + NODE_HEIGHT + _MARGIN,
        nodes=tuple(_box(name, edges, places[name], members or {}) for name in sorted(shown)),
        edges=tuple(_line(edge, places) for edge in lines),
        hidden_nodes=len(busy) - len(shown),
        hidden_edges=len(edges) - len(lines),
        chosen=chosen if chosen in {(edge.source, edge.target) for edge in edges} else None,
        messages=tuple(messages),
        counters=counters,
        problem=problem,
    )


def _busiest(edges: Iterable[Edge]) -> list[str]:
    calls: dict[str, int] = {}
    for edge in edges:
        for name in {edge.source, edge.target}:
            calls[name] = calls.get(name, 0) + edge.calls
    return sorted(calls, key=lambda name: (-calls[name], name))


def _box(name: str, edges: Iterable[Edge], place: tuple[int, int], members: Mapping[str, int]) -> NodeBox:
    arriving = [edge for edge in edges if edge.target == name]
    calls, failures = sum(edge.calls for edge in arriving), sum(edge.failures for edge in arriving)
    return NodeBox(name, members.get(name, 0), *place, calls, failures)


def _line(edge: Edge, places: Mapping[str, tuple[int, int]]) -> EdgeLine:
    path, head = _paths(places[edge.source], places[edge.target])
    return EdgeLine(
        edge.source, edge.target, path, head, edge.calls, edge.failures, edge.mean_us, edge.slowest_us,
        round(edge.rate, 1),
    )  # fmt: skip


def _paths(source: tuple[int, int], target: tuple[int, int]) -> tuple[str, str]:
    """To the right a curve from side to side; to a box of the same column, or back, one that goes round on the right."""
    (x1, y1), (x2, y2) = source, target
    if source == target:
        left, right = x1 + NODE_WIDTH - 52, x1 + NODE_WIDTH - 24
        return f"M{left} {y1} C{left - 6} {y1 - 22} {right + 6} {y1 - 22} {right} {y1}", f"M{right} {y1} l-4 -7 h8 z"
    if x2 > x1:
        start, middle = x1 + NODE_WIDTH, (x1 + NODE_WIDTH + x2) // 2
        y1, y2 = y1 + NODE_HEIGHT // 2, y2 + NODE_HEIGHT // 2
        return f"M{start} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}", f"M{x2} {y2} l-8 -4 v8 z"
    right1, right2 = x1 + NODE_WIDTH, x2 + NODE_WIDTH
    out = max(right1, right2) + 44
    y1, y2 = y1 + NODE_HEIGHT * 2 // 3, y2 + NODE_HEIGHT // 3
    return f"M{right1} {y1} C{out} {y1} {out} {y2} {right2} {y2}", f"M{right2} {y2} l8 -4 v8 z"


# --- The topology without a browser's help: as text, and as a picture that never moves --------------------------------

EDGE_COLUMNS = (
    Column("from", code=True),
    Column("to", code=True),
    Column("calls", right=True),
    Column("failures", right=True),
    Column("mean", right=True),
    Column("slowest", right=True),
)


def topology_rendering(view: TopologyView, now_us: int) -> Rendering:
    """The topology as it is at `now_us`."""
    return Rendering(_text(view, now_us), _html(view, now_us))


def nothing(view: TopologyView) -> str:
    """What an empty picture says."""
    return "No calls to show." if view.problem is not None else "No calls seen yet. They appear as actors are called."


def hidden(view: TopologyView) -> str:
    """`… 12 more actors and 3 more connections`, or empty when all are shown."""
    nodes = [plural(view.hidden_nodes, "more actor")] if view.hidden_nodes else []
    edges = [plural(view.hidden_edges, "more connection")] if view.hidden_edges else []
    return f"… {' and '.join(nodes + edges)} with fewer calls" if nodes or edges else ""


def _cells(view: TopologyView) -> list[Sequence[str]]:
    return [
        (e.source, e.target, count(e.calls), count(e.failures), duration(e.mean_us), duration(e.slowest_us))
        for e in view.edges[:_STILL_EDGES]
    ]


def _text(view: TopologyView, now_us: int) -> str:
    lines = [f"{printable(view.system)}  who calls whom", *problem_lines(view.problem)]
    lines.append(aligned(EDGE_COLUMNS, _cells(view), "  ") if view.edges else f"  {nothing(view)}")
    lines += [f"  {hidden(view)}"] if hidden(view) else []
    if view.chosen is not None:
        lines += ["", f"  {printable(view.chosen[0])} → {printable(view.chosen[1])}"]
        lines.append(aligned(TURN_COLUMNS, [turn_cells(row, now_us) for row in view.messages], "  "))
    return "\n".join(lines)


def _html(view: TopologyView, now_us: int) -> Markup:
    parts: list[str] = [
        element("div", element("strong", code(view.system)), muted("  who calls whom")),
        *problem_html(view.problem),
    ]
    if view.edges:
        parts += [element("div", _svg(view), style="overflow:auto"), table(EDGE_COLUMNS, _cells(view), "Calls")]
    else:
        parts.append(element("div", muted(nothing(view))))
    parts += [element("div", muted(hidden(view)))] if hidden(view) else []
    return element("div", *parts, snapshot_note(now_us), style=FRAME)


def _svg(view: TopologyView) -> Markup:
    return element(
        "svg", element("title", "Who calls whom"), *map(_drawn_line, view.edges), *map(_drawn_box, view.nodes),
        xmlns="http://www.w3.org/2000/svg", width=str(view.width), height=str(view.height),
        viewBox=f"0 0 {view.width} {view.height}", role="img", aria_label="Who calls whom", fill="currentColor",
        style=f"max-width:none;font:12px {CODE_FONT}",
    )  # fmt: skip


def _drawn_line(edge: EdgeLine) -> Markup:
    failed = f", {plural(edge.failures, 'failure')}" if edge.failures else ""
    tip = f"{edge.source} → {edge.target}: {plural(edge.calls, 'call')}{failed}, mean {duration(edge.mean_us)}"
    colour = ERROR if edge.failures else "currentColor"
    width = f"{1 + min(3.0, len(str(edge.calls)) * 0.5):.1f}"
    return element(
        "g", element("title", tip),
        element("path", d=edge.path, fill="none", stroke=colour, stroke_width=width, style="opacity:.6"),
        element("path", d=edge.head, fill=colour),
    )  # fmt: skip


def _drawn_box(node: NodeBox) -> Markup:
    dash = "4 3" if node.name == OUTSIDE else ""
    failed = f" · {count(node.failures)} failed" if node.failures else ""
    calls = "outside" if node.name == OUTSIDE else f"{plural(node.calls, 'call')}{failed}"
    members = f"×{count(node.members)}" if node.members else ""
    return element(
        "g", element("title", node.name),
        element(
            "rect", x=str(node.x), y=str(node.y), width=str(NODE_WIDTH), height=str(NODE_HEIGHT), rx="5",
            fill="none", stroke=ERROR if node.failures else "currentColor", stroke_dasharray=dash,
        ),
        element("text", shortened(node.name, 21 - len(members)), x=str(node.x + 9), y=str(node.y + 17), font_weight="600"),
        element("text", members, x=str(node.x + NODE_WIDTH - 9), y=str(node.y + 17), text_anchor="end"),
        element("text", calls, x=str(node.x + 9), y=str(node.y + 32), style="opacity:.75;font-size:10.5px"),
    )  # fmt: skip
