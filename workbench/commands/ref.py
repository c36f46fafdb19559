"""A handle for one actor, so that its name need not be repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from runtime.errors import SpawnError
from workbench.commands.invoke import ainvoke, invoke
from workbench.commands.state import state
from workbench.session import current


class ActorRef:
    """An actor by name.  `ref.add(value=5)` is `wb.invoke(name, "add", {"value": 5})`.

    Making one neither starts nor checks anything.
    """

    def __init__(self, name: str, parent: str | None = None) -> None:
        self._name, self._parent = name, parent

    @property
    def name(self) -> str:
        """The actor's name."""
        return self._name

    def invoke(self, action: str, payload: Any = None, **options: Any) -> Any:
        """`wb.invoke` for this actor, with the same options."""
        return invoke(self._name, action, payload, parent=self._parent, **options)

    def ainvoke(self, action: str, payload: Any = None, **options: Any) -> Awaitable[Any]:
        """`wb.ainvoke` for this actor: `await ref.ainvoke("add", {"value": 5})`."""
        return ainvoke(self._name, action, payload, parent=self._parent, **options)

    def tell(self, action: str, payload: Any = None, **options: Any) -> None:
        """Send without waiting for an answer."""
        invoke(self._name, action, payload, parent=self._parent, asynchronous=True, **options)

    def state(self, revision: int | None = None) -> Any:
        """The committed state, now or at a past revision."""
        return state(self._name, revision)

    def __getattr__(self, action: str) -> Callable[..., Any]:
        # IPython probes objects for `_repr_html_` and the like; an action's name never begins with an underscore here.
        if action.startswith("_"):
            raise AttributeError(action)

        def call(**fields: Any) -> Any:
            return self.invoke(action, fields or None)

        call.__name__ = call.__qualname__ = action
        return call

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._actions()]

    def _actions(self) -> list[str]:
        system = current.system
        try:
            return list(system.actions(self._parent or self._name)) if system is not None else []
        except SpawnError:
            return []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActorRef) and (other._name, other._parent) == (self._name, self._parent)

    def __hash__(self) -> int:
        return hash((self._name, self._parent))

    def __repr__(self) -> str:
        of = f", parent={self._parent!r}" if self._parent else ""
        return f"wb.ref({self._name!r}{of})"


def ref(name: str, parent: str | None = None) -> ActorRef:
    """A handle for an actor; with `parent`, one that is made from that template at its first call."""
    return ActorRef(name, parent)
