"""Servers over an actor system.  The names below are loaded when they are first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.servers.spawn_proxy.server import RunningProxy, serve

_HOMES = {"RunningProxy": "runtime.servers.spawn_proxy.server", "serve": "runtime.servers.spawn_proxy.server"}

__all__ = ["RunningProxy", "serve"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'runtime.servers' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
