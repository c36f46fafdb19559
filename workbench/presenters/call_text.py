"""A message as one would write the call: `take(amount=30)`."""

from __future__ import annotations

from typing import Any

from workbench.presenters.values import Limits, Node, one_line, outline
from workbench.presenters.wording import printable
from workbench.redaction import redacted

SHORT = Limits(depth=3, items=8, nodes=30, characters=60)


def call_text(action: str, payload: Any, limit: int = 120) -> str:
    """The action with its payload's fields as arguments, without secrets; at most `limit` characters."""
    node = outline(redacted(payload), SHORT)
    text = "" if payload is None else one_line(node, 10 * limit)
    if node.kind == "map":
        text = ", ".join([*(f"{name}={_value(item)}" for name, item in node.items), *(["…"] if node.more else [])])
    shown = f"{printable(action)}({text})"
    return shown if len(shown) <= limit else shown[: limit - 2] + "…)"


def _value(node: Node) -> str:
    return one_line(node, 200)
