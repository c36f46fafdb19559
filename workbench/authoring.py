"""Which names an actor's code has in a cell without an import."""

from __future__ import annotations

AUTHORING = (
    "Actor",
    "Broadcast",
    "Context",
    "Forward",
    "Pipe",
    "SideEffect",
    "Value",
    "action",
    "init",
    "migrate",
    "timer",
)
"""All are in the package `runtime`, and in `workbench`."""
