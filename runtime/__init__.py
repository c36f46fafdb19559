"""Durable actors in one process: an embedded, single-node Spawn runtime.

    from runtime import Actor, action, embedded

The names below are loaded when they are first used, so that importing a submodule costs only that submodule.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.actor import Actor, action, init, migrate, timer
    from runtime.connecting import connect
    from runtime.context import Context
    from runtime.local import EmbeddedSystem, embedded
    from runtime.value import Broadcast, Forward, Pipe, SideEffect, Value

__version__ = "0.1.0"

_HOMES = {
    "Actor": "runtime.actor",
    "action": "runtime.actor",
    "init": "runtime.actor",
    "migrate": "runtime.actor",
    "timer": "runtime.actor",
    "Context": "runtime.context",
    "Broadcast": "runtime.value",
    "Forward": "runtime.value",
    "Pipe": "runtime.value",
    "SideEffect": "runtime.value",
    "Value": "runtime.value",
    "EmbeddedSystem": "runtime.local",
    "connect": "runtime.connecting",
    "embedded": "runtime.local",
}

__all__ = [
    "Actor",
    "Broadcast",
    "Context",
    "EmbeddedSystem",
    "Forward",
    "Pipe",
    "SideEffect",
    "Value",
    "action",
    "connect",
    "embedded",
    "init",
    "migrate",
    "timer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
