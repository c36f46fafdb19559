"""The names that `%%actor` cells have without an import."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from workbench.authoring import AUTHORING


class Authoring:
    """Puts them into a notebook's namespace where they are missing, hidden from `%who`, and takes them back."""

    def __init__(self, namespace: MutableMapping[str, Any], hidden: MutableMapping[str, Any]) -> None:
        self._namespace, self._hidden = namespace, hidden
        self._given: dict[str, Any] = {}

    def provide(self) -> None:
        """Add what is missing; the user's own names stay."""
        import runtime

        for name in AUTHORING:
            if name not in self._namespace:
                self._namespace[name] = self._hidden[name] = self._given[name] = getattr(runtime, name)

    def take_back(self) -> None:
        """Remove what was added and is still the same."""
        for name, value in self._given.items():
            if self._namespace.get(name) is value:
                del self._namespace[name]
            if self._hidden.get(name) is value:
                del self._hidden[name]
        self._given.clear()
