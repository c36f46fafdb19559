"""Durable actors in one process: an embedded, single-node Spawn runtime.

    from runtime import Actor, action, embedded

The names below are loaded when they are first used, so that importing a submodule costs only that submodule.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from runtime.earlier_names import EarlierNames

if TYPE_CHECKING:
    from runtime.authoring.actor import Actor, action, init, migrate, timer
    from runtime.authoring.context import Context
    from runtime.authoring.value import Broadcast, Forward, Pipe, SideEffect, Value
    from runtime.system.connect import connect
    from runtime.system.embedded import EmbeddedSystem, embedded

__version__ = "0.1.0"

_HOMES = {
    "Actor": "runtime.authoring.actor",
    "action": "runtime.authoring.actor",
    "init": "runtime.authoring.actor",
    "migrate": "runtime.authoring.actor",
    "timer": "runtime.authoring.actor",
    "Context": "runtime.authoring.context",
    "Broadcast": "runtime.authoring.value",
    "Forward": "runtime.authoring.value",
    "Pipe": "runtime.authoring.value",
    "SideEffect": "runtime.authoring.value",
    "Value": "runtime.authoring.value",
    "EmbeddedSystem": "runtime.system.embedded",
    "connect": "runtime.system.connect",
    "embedded": "runtime.system.embedded",
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

sys.meta_path.append(EarlierNames())


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
