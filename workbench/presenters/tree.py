"""The tree of a value as text lines and as HTML."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.presenters.html import CODE_FONT, LINE, MUTED, Markup, code, element, muted
from workbench.presenters.values import Node, left_out, one_line

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
    rows = [element("tr", _name(name, child), _value(child), style="background:none") for name, child in node.items]
    if node.more:
        rows.append(element("tr", element("td", muted(left_out(node)), colspan="2", style=_CELL)))
    return element("table", element("tbody", *rows), style="border-collapse:collapse;border:0;margin:0")


_CELL = f"padding:1px 12px 1px 0;border-bottom:1px solid {LINE};text-align:left;vertical-align:top"


def _name(name: str, node: Node) -> Markup:
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
