"""Values of any size as small trees that can be shown: bounded in depth, breadth and length, saying what was left out.

A state may be a decoded JSON value, a protobuf message or anything else a codec gives; it may be huge, and it may be
hostile.  Nothing here walks more of it than is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from workbench.redaction import HIDDEN, hides
from workbench.render.formats import count, plural, printable
from workbench.render.html import CODE_FONT, LINE, MUTED, Markup, code, element, muted


class Limits(msgspec.Struct, frozen=True):
    """How much of a value is shown."""

    depth: int = 4
    items: int = 40
    """Entries of one container."""
    nodes: int = 200
    """Entries in all."""
    characters: int = 160
    """Of one text."""


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value in the tree."""

    kind: str
    """`map`, `list`, `text`, `number`, `flag`, `none`, `bytes` or `other`."""
    text: str = ""
    """The value as one line; for a container how much is in it."""
    items: tuple[tuple[str, Node], ...] = ()
    more: int = 0
    """Entries of a container, or characters of a text, that are not shown."""
    change: str = ""
    """Against the tree before: `new`, `changed` or empty."""
    was: str = ""
    """What `text` was before, where it changed."""


STATE_LIMITS = Limits()


class _Budget:
    """Counts the nodes that may still be made."""

    def __init__(self, nodes: int) -> None:
        self.left = nodes

    def take(self, wanted: int) -> int:
        taken = max(0, min(wanted, self.left))
        self.left -= taken
        return taken


def outline(value: Any, limits: Limits = STATE_LIMITS) -> Node:
    """The tree of a value.

    Containers keep their first entries; `more` says how many are left out, at most `limits.nodes` are made in all.  What has a
    secret's name is hidden: outlines are shown, and what is shown is saved.
    """
    return _outline(value, limits, _Budget(limits.nodes), 0)


def _outline(value: Any, limits: Limits, budget: _Budget, depth: int) -> Node:
    fields = _message_fields(value)
    if fields is not None:
        return _map(fields, len(fields), "field", limits, budget, depth)
    if isinstance(value, Mapping):
        return _map(value.items(), len(value), "field" if depth == 0 else "entry", limits, budget, depth)
    if isinstance(value, str):
        return _text(value, limits)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes(bytes(value[:16]), len(value))
    if isinstance(value, (Sequence, set, frozenset)):
        return _list(value, limits, budget, depth)
    return _scalar(value, limits)


def _map(pairs: Iterable[tuple[Any, Any]], size: int, noun: str, limits: Limits, budget: _Budget, depth: int) -> Node:
    text = plural(size, noun, "entries" if noun == "entry" else "") if size else "empty"
    room = 0 if depth >= limits.depth else budget.take(min(size, limits.items))
    items = tuple((_name(k), _named(k, v, limits, budget, depth + 1)) for k, v in islice(pairs, room))
    return Node("map", text, items, size - len(items))


def _named(key: Any, value: Any, limits: Limits, budget: _Budget, depth: int) -> Node:
    if value is not None and hides(key):
        return Node("text", json.dumps(HIDDEN, ensure_ascii=False))
    return _outline(value, limits, budget, depth)


def _list(values: Any, limits: Limits, budget: _Budget, depth: int) -> Node:
    size = len(values)
    room = 0 if depth >= limits.depth else budget.take(min(size, limits.items))
    items = tuple((str(i), _outline(v, limits, budget, depth + 1)) for i, v in enumerate(islice(values, room)))
    return Node("list", plural(size, "item") if size else "empty", items, size - len(items))


def _text(value: str, limits: Limits) -> Node:
    shown = value[: limits.characters]
    return Node("text", printable(json.dumps(shown, ensure_ascii=False)), more=len(value) - len(shown))


def _bytes(head: bytes, size: int) -> Node:
    return Node("bytes", f"{plural(size, 'byte')}{': ' if size else ''}{head.hex(' ')}", more=max(0, size - len(head)))


def _scalar(value: Any, limits: Limits) -> Node:
    if value is None:
        return Node("none", "null")
    if isinstance(value, bool):
        return Node("flag", "true" if value else "false")
    if isinstance(value, int) and value.bit_length() > 4_000:  # Python refuses to write out much longer ones
        return Node("number", f"integer of {count(value.bit_length())} bits")
    kind = "number" if isinstance(value, (int, float)) else "other"
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a state's own __repr__ may do anything
        text = f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    return Node(kind, printable(text[: limits.characters]), more=max(0, len(text) - limits.characters))


def _name(key: Any) -> str:
    name = key if isinstance(key, str) else repr(key)
    return printable(name if len(name) <= 80 else name[:79] + "…")


def _message_fields(value: Any) -> list[tuple[str, Any]] | None:
    """The set fields of a protobuf message, which is known by its descriptor: protobuf itself is not imported here."""
    if not hasattr(value, "DESCRIPTOR") or not hasattr(value, "ListFields"):
        return None
    return [(descriptor.name, field) for descriptor, field in value.ListFields()]


def mark_changes(before: Node | None, after: Node) -> Node:
    """`after` with every entry marked that is new or differs from `before`; without a before nothing is marked.

    Entries of lists are compared by position.  Only what both trees show is compared.
    """
    if before is None:
        return after
    old = dict(before.items)
    items = tuple((name, _marked(old.get(name), node)) for name, node in after.items)
    if before.kind == after.kind and (before.text, before.more) == (after.text, after.more):
        return msgspec.structs.replace(after, items=items)
    return msgspec.structs.replace(after, items=items, change="changed", was=before.text)


def _marked(before: Node | None, after: Node) -> Node:
    return msgspec.structs.replace(after, change="new") if before is None else mark_changes(before, after)


def one_line(node: Node, limit: int = 120) -> str:
    """A value in one line, JSON-like and cut at `limit` characters."""
    text = "".join(islice(_pieces(node), limit))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def left_out(node: Node) -> str:
    """`… 12,345 more characters`, or empty when everything is shown."""
    if not node.more or node.kind == "bytes":
        return ""
    noun = {"map": "entry", "list": "item"}.get(node.kind, "character")
    return f"… {plural(node.more, f'more {noun}', 'more entries' if noun == 'entry' else '')}"


def _pieces(node: Node) -> Iterable[str]:
    if node.kind not in ("map", "list"):
        yield node.text + ("…" if node.more and node.kind != "bytes" else "")
        return
    opening, closing = ("{", "}") if node.kind == "map" else ("[", "]")
    yield opening
    for index, (name, child) in enumerate(node.items):
        yield ", " if index else ""
        yield f"{name}: " if node.kind == "map" else ""
        yield from _pieces(child)
    if node.more:
        yield f"{', ' if node.items else ''}… {count(node.more)} more"
    yield closing


# --- The tree of a value as text lines and as HTML --------------------------------------------------------------------

_INLINE = 60
"""A container whose whole content fits in so many characters stands on the line of its name."""


def tree_lines(node: Node, indent: str = "") -> Iterator[str]:
    """`name: value` lines, nested ones indented; `* ` marks what changed."""
    for name, child in node.items:
        mark = "* " if child.change else "  "
        if _is_inline(child):
            yield f"{indent}{mark}{name}: {_leaf(child)}{_was(child)}"
        else:
            yield f"{indent}{mark}{name}: {child.text}{_was(child)}"
            yield from tree_lines(child, indent + "  ")
    if node.more and node.kind in ("map", "list"):
        yield f"{indent}  {left_out(node)}"
    if node.kind not in ("map", "list"):
        yield f"{indent}  {_leaf(node)}"


def tree_html(node: Node) -> Markup:
    """A two-column table of names and values; nested values in lists below their name."""
    if node.kind not in ("map", "list"):
        return code(_leaf(node))
    rows = [
        element("tr", _name_cell(name, child), _value(child), style="background:none") for name, child in node.items
    ]
    if node.more:
        rows.append(element("tr", element("td", muted(left_out(node)), colspan="2", style=_CELL)))
    return element("table", element("tbody", *rows), style="border-collapse:collapse;border:0;margin:0")


_CELL = f"padding:1px 12px 1px 0;border-bottom:1px solid {LINE};text-align:left;vertical-align:top"


def _name_cell(name: str, node: Node) -> Markup:
    weight = "600" if node.change else "400"
    style = f"{_CELL};{MUTED};font-weight:{weight};font-family:{CODE_FONT};white-space:nowrap"
    return element("th", name, scope="row", style=style)


def _value(node: Node) -> Markup:
    shown = code(_leaf(node)) if _is_inline(node) else element("div", muted(node.text), tree_html(node))
    before = [muted(_was(node))] if node.was else []
    return element("td", shown, *before, style=f"{_CELL};overflow-wrap:anywhere")


def _leaf(node: Node) -> str:
    if node.kind in ("map", "list"):
        return one_line(node)
    more = left_out(node)
    return f"{node.text} {more}" if more else node.text


def _is_inline(node: Node) -> bool:
    return node.kind not in ("map", "list") or not node.items or len(one_line(node, _INLINE + 1)) <= _INLINE


def _was(node: Node) -> str:
    return f"  (was {node.was})" if node.was else ""


# --- What is different between two states, a line for each place ------------------------------------------------------

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
    found = [_change_text(each) for each in islice(_changes("", *_outlines(before, after)), MOST_CHANGES + 1)]
    return found if len(found) <= MOST_CHANGES else [*found[:MOST_CHANGES], "… and more"]


def changes(before: Any, after: Any) -> list[Change]:
    """The same as pairs, the first 30."""
    return list(islice(_changes("", *_outlines(before, after)), MOST_CHANGES))


def _outlines(before: Any, after: Any) -> tuple[Node, Node]:
    return outline(before, _LIMITS), outline(after, _LIMITS)


def _change_text(change: Change) -> str:
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
