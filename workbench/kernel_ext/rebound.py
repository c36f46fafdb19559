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
        self._names: dict[str, list[str]] = {}
        """By definition: the names that its code reads."""

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
        from runtime.fingerprint import described, used_modules

        if definition.hash not in self._names:
            self._names[definition.hash] = [*definition.uses, *used_modules(_class_of(definition))]
        now = {name: self._namespace[name] for name in self._names[definition.hash] if name in self._namespace}
        before = self._seen.get(definition.hash)
        self._seen[definition.hash] = now
        if before is None:
            return []
        bound = [name for name, value in now.items() if value is not before.get(name)]
        gone = [name for name in before if name not in now]
        changed = (
            name
            for name in bound
            if (name not in definition.uses or described(now[name]) != definition.uses[name])
            or _differ(before.get(name), now[name])
        )
        return [*gone, *changed]


def _class_of(definition: ActorDefinition) -> type:
    actor_class = definition.actor_class
    assert actor_class is not None
    return actor_class


def _differ(before: object, now: object) -> bool:
    """Whether plain containers differ, of which a fingerprint knows the type only."""
    if type(before) is not type(now) or not isinstance(now, (list, dict, set)):
        return False
    try:
        return bool(before != now)
    except Exception:  # noqa: BLE001 - what is in them compares as it likes, arrays not at all
        return True


def _is_of_notebook(definition: ActorDefinition) -> bool:
    return definition.actor_class is not None and getattr(definition.actor_class, "__module__", "") == "__main__"


def _note(name: str, actors: list[str]) -> str:
    who = actors[0] if len(actors) == 1 else f"{', '.join(actors[:-1])} and {actors[-1]}"
    uses, its = ("uses", "its cell") if len(actors) == 1 else ("use", "their cells")
    return (
        f"Note: {who} {uses} {name}, which this cell has changed; the next turn sees the change already. "
        f"Run {its} again, so that the definition says so."
    )
