"""Modules that have moved: an import by the earlier name works for one release, and says what the name is now."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

MOVED = {
    "runtime.crypto": "runtime.security.crypto",
    "runtime.servers.beside_proxy": "runtime.servers.spawn_host.notebook_host",
}
"""The present name of each earlier one; an entry goes in the release after the one that moved the module."""


class EarlierNames:
    """Finder and loader of the names in `MOVED`.  It is asked last, so that it costs nothing where a module is at its place."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in MOVED:
            return None
        return ModuleSpec(fullname, cast(Any, self))  # a loader by its methods: `importlib.abc` takes 15 ms to load

    def create_module(self, spec: ModuleSpec) -> None:
        """An empty module, which `exec_module` replaces."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the module itself in this one's place: its classes are the same under both names."""
        earlier, now = module.__name__, MOVED[module.__name__]
        text = f"{earlier} is now {now}, and the earlier name goes in the next release."
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        sys.modules[earlier] = importlib.import_module(now)
