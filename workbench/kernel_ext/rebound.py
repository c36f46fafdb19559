"""Notebook variables that deployed actors use, and that a cell has just given another value.

A function looks its globals up when it runs, so a rebound helper or constant takes effect in a deployed actor at once, though its
definition says otherwise.  That is pointed out, once for each change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.session import Session

if TYPE_CHECKING:
    from runtime.definition import ActorDefinition


class Rebound:
    """Looks after each cell, at the identity of what is used; only what was bound anew is looked at more closely."""

    def __init__(self, namespace: Mapping[str, Any], session: Session, tell: Callable[[str], object] = print) -> None:
        self._namespace, self._session, self._tell = namespace, session, tell
        self._seen: dict[str, dict[str, object]] = {}
        """By definition: what its names meant when it was looked at last."""

    def after_cell(self, *_: object) -> None:
        """Callback for IPython's `post_run_cell`.  Never raises."""
        system = self._session.system
        if system is None:
            return
        from runtime.local import EmbeddedSystem

        if not isinstance(system, EmbeddedSystem):
            return
        definitions = [each for each in system.loaded() if _is_of_notebook(each)]
        changed: dict[str, list[str]] = {}
        for definition in definitions:
            for name in self._changes(definition):
                changed.setdefault(name, []).append(definition.name)
        self._seen = {each.hash: self._seen[each.hash] for each in definitions}
        for name, actors in changed.items():
            self._tell(_note(name, actors))

    def _changes(self, definition: ActorDefinition) -> Iterable[str]:
        now = {name: self._namespace[name] for name in definition.uses if name in self._namespace}
        before = self._seen.get(definition.hash)
        self._seen[definition.hash] = now
        if before is None:
            return []
        from runtime.fingerprint import described

        bound = [name for name, value in now.items() if value is not before.get(name)]
        gone = [name for name in before if name not in now]
        return [*gone, *(name for name in bound if described(now[name]) != definition.uses[name])]


def _is_of_notebook(definition: ActorDefinition) -> bool:
    return bool(definition.uses) and getattr(definition.actor_class, "__module__", "") == "__main__"


def _note(name: str, actors: list[str]) -> str:
    who = actors[0] if len(actors) == 1 else f"{', '.join(actors[:-1])} and {actors[-1]}"
    uses, its = ("uses", "its cell") if len(actors) == 1 else ("use", "their cells")
    return (
        f"Note: {who} {uses} {name}, which this cell has changed; the next turn sees the change already. "
        f"Run {its} again, so that the definition says so."
    )
