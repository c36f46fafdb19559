"""The forks of an actor as a tree: where each parted, with what edit, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from workbench.redaction import redacted_text
from workbench.render.formats import shortened
from workbench.render.html import FRAME, LINE, Markup, bundle, code, element, muted

_LONGEST = 140
_NOTHING_YET = "nothing has happened in it yet"


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One fork in the tree."""

    name: str
    parted: str
    """`from revision 3`, or after which message of the fork that it is one of."""
    edits: tuple[str, ...]
    """How it was made to differ; empty for one that went on as it was."""
    ended: str
    """Where it stands; empty while nothing has happened in it."""
    is_here: bool = False
    """It is the one that was asked."""
    branches: tuple[Branch, ...] = ()

    @property
    def title(self) -> str:
        """Its name and where it parted."""
        return f"{self.name or 'fork'}, {self.parted}{' ◂ here' if self.is_here else ''}"


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """All forks of one actor that were made in this process."""

    actor: str
    now: str
    """Where the actor itself is."""
    branches: tuple[Branch, ...]

    def dicts(self) -> list[dict[str, Any]]:
        """A row for each fork, a fork before its own forks; `depth` is 1 for a fork of the actor itself."""
        return [
            {
                "depth": depth,
                "name": each.name,
                "parted": each.parted,
                "edits": list(each.edits),
                "ended": each.ended,
            }
            for depth, each in _walk(self.branches)
        ]

    def __repr__(self) -> str:
        head = f"{self.actor}, {self.now}"
        if not self.branches:
            return redacted_text(f"{head}\nNo fork of it was made in this process. %fork {self.actor} makes one.")
        return redacted_text("\n".join([head, *_tree_lines(self.branches)]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self.branches:
            return bundle(repr(self), element("div", repr(self), style=FRAME))
        head = element("div", element("strong", self.actor), f", {self.now}")
        return bundle(repr(self), element("div", head, _tree_html(self.branches), style=FRAME))


def _walk(branches: Sequence[Branch], depth: int = 1) -> Iterator[tuple[int, Branch]]:
    for each in branches:
        yield depth, each
        yield from _walk(each.branches, depth + 1)


def _told(branch: Branch) -> Iterator[tuple[str, str]]:
    if branch.edits:
        yield "edit", shortened(redacted_text("; ".join(branch.edits)), _LONGEST)
    yield "ended", shortened(redacted_text(branch.ended or _NOTHING_YET), _LONGEST)


def _tree_lines(branches: Sequence[Branch], indent: str = "") -> Iterator[str]:
    for each in branches:
        is_last = each is branches[-1]
        yield f"{indent}{'╰─' if is_last else '├─'} {each.title}"
        below = indent + ("   " if is_last else "│  ")
        bar = "│" if each.branches else " "
        for name, text in _told(each):
            yield f"{below}{bar} {name:<5} {text}".rstrip()
        yield from _tree_lines(each.branches, below)


def _tree_html(branches: Sequence[Branch]) -> Markup:
    """Nested lists, so that a screen reader says how deep each is; the lines of the tree are their borders."""
    return element(
        "ul", *map(_branch_html, branches),
        style=f"list-style:none;margin:2px 0 2px 6px;padding:0 0 0 14px;border-left:1.5px solid {LINE}",
    )  # fmt: skip


def _branch_html(branch: Branch) -> Markup:
    title = element("strong" if branch.is_here else "span", branch.title)
    told = [element("div", muted(f"{name} "), code(text)) for name, text in _told(branch)]
    below = [_tree_html(branch.branches)] if branch.branches else []
    return element("li", "↳ ", title, *told, *below, style="margin:3px 0")
