"""What is different between two states, a line for each place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from workbench.presenters.values import Limits, Node, one_line, outline

MOST_CHANGES = 30
_LIMITS = Limits(depth=6, items=200, nodes=2_000)


class Change(NamedTuple):
    """One place at which two values differ, each side as one line."""

    place: str
    """`items[2].name`; empty for the whole value."""
    before: str | None
    """None where it is new."""
    after: str | None
    """None where it is gone."""


def state_changes(before: Any, after: Any) -> list[str]:
    """`total: 5 → 10`, `items[2]: new "x"`, `old: gone`; at most 30, the last saying that there are more."""
    found = [_text(each) for each in islice(_changes("", *_outlines(before, after)), MOST_CHANGES + 1)]
    return found if len(found) <= MOST_CHANGES else [*found[:MOST_CHANGES], "… and more"]


def changes(before: Any, after: Any) -> list[Change]:
    """The same as pairs, the first 30."""
    return list(islice(_changes("", *_outlines(before, after)), MOST_CHANGES))


def _outlines(before: Any, after: Any) -> tuple[Node, Node]:
    return outline(before, _LIMITS), outline(after, _LIMITS)


def _text(change: Change) -> str:
    place = change.place or "state"
    if change.before is None:
        return f"{place}: new {change.after}"
    return (
        f"{place}: {change.before} → {change.after}"
        if change.after is not None
        else f"{place}: gone (was {change.before})"
    )


def _changes(path: str, before: Node, after: Node) -> Iterator[Change]:
    if before == after:
        return
    if before.kind != after.kind or before.kind not in ("map", "list"):
        yield Change(path, one_line(before), one_line(after))
        return
    old, new = dict(before.items), dict(after.items)
    for name, node in after.items:
        place = _place(path, name, after.kind)
        if name in old:
            yield from _changes(place, old[name], node)
        else:
            yield Change(place, None, one_line(node))
    yield from (Change(_place(path, n, before.kind), one_line(old[n]), None) for n in old if n not in new)
    if before.more != after.more:
        yield Change(path, before.text, after.text)


def _place(path: str, name: str, kind: str) -> str:
    if kind == "list":
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name
