"""Who calls a node: what the client calls itself, which no one checks, and the address that it calls from."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from runtime.wire.node.headers import CLIENT

LONGEST = 200


def caller(context: Any) -> str:
    """`lab.ipynb (process 7) of ann@box, from ipv4:127.0.0.1:40112`."""
    names = [value for name, value in context.invocation_metadata() or () if name == CLIENT and isinstance(value, str)]
    return told(unquote(names[0][: 3 * LONGEST]) if names else "", context)


def told(name: str, context: Any) -> str:
    """A client of that name, which it gave itself, and its address."""
    shown = "".join(each if each.isprintable() else "?" for each in name[:LONGEST]).strip()
    return f"{shown or 'a client'}, from {unquote(context.peer())}"
