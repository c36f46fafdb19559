"""What a user writes, and how it is read: actor classes, values, the context of an action, settings, definitions."""

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
"""Names for those who write actors: `runtime` and `workbench` have them, and a notebook's cell needs no import for them."""
