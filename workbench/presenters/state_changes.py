"""What is different between two states, a line for each place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from workbench.presenters.values import Limits, Node, one_line, outline

MOST_CHANGES = 30
_LIMITS = Limits(depth=6, items=200, nodes=2_000)


def state_changes(before: Any, after: Any) -> list[str]:
    """`total: 5 → 10`, `items[2]: new "x"`, `old: gone`; at most 30, the last saying that there are more."""
    found = list(islice(_changes("", outline(before, _LIMITS), outline(after, _LIMITS)), MOST_CHANGES + 1))
    return found if len(found) <= MOST_CHANGES else [*found[:MOST_CHANGES], "… and more"]


def _changes(path: str, before: Node, after: Node) -> Iterator[str]:
    if before == after:
        return
    if before.kind != after.kind or before.kind not in ("map", "list"):
        yield f"{path or 'state'}: {one_line(before)} → {one_line(after)}"
        return
    old, new = dict(before.items), dict(after.items)
    for name, node in after.items:
        place = _place(path, name, after.kind)
        if name in old:
            yield from _changes(place, old[name], node)
        else:
            yield f"{place}: new {one_line(node)}"
    yield from (
        f"{_place(path, name, before.kind)}: gone (was {one_line(old[name])})" for name in old if name not in new
    )
    if before.more != after.more:
        yield f"{path or 'state'}: {before.text} → {after.text}"


def _place(path: str, name: str, kind: str) -> str:
    if kind == "list":
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name
