"""Names that deployed actors use, and that a cell has just bound to something else.

A function looks its globals up when it runs, so a helper or constant that is defined again takes effect in a deployed actor at
once, as anywhere in a notebook.  From then on this is another version of the actor's code: it is deployed by itself, so that
history and replay name the code that ran.  That happens as soon as the statement has run that binds the name at the top level of
a cell, and for everything else (a module that was reloaded, a name bound by other means) when the cell ends.

What a class took over when its own cell ran does not change with the name: its base classes, the types of its fields, its
decorators, defaults, the interval of its timers.  There a note says which cell to run again.

Containers that are changed in place are data; they count at the next deploy.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.session import Session

if TYPE_CHECKING:
    from runtime.api import SystemApi
    from runtime.code_graph import Binding, CodeGraph
    from runtime.definition import ActorDefinition


@dataclass(slots=True)
class _Known:
    """What one deployed definition looked up when it was looked at last."""

    definition: ActorDefinition
    graph: CodeGraph
    built_with: list[Binding] = field(default_factory=list)
    """Names that only running the class's cell reads."""


_LOOK = "__workbench_look__"


class Announcements:
    """One of IPython's AST transformers: a statement of a cell that binds a name which actors use is followed by a look.

    Statements inside of others, and the last one of a cell, are seen when the cell has ended.
    """

    def __init__(self, rebound: Rebound, namespace: MutableMapping[str, Any], hidden: MutableMapping[str, Any]) -> None:
        self._rebound, self._places = rebound, (namespace, hidden)

    def visit(self, tree: ast.Module) -> ast.Module:
        """The cell's code, with the looks in it; lines are as before."""
        names = self._rebound.names
        if not names or not isinstance(tree, ast.Module):
            return tree
        body: list[ast.stmt] = []
        for statement in tree.body:
            body.append(statement)
            if statement is not tree.body[-1] and not names.isdisjoint(_bound_by(statement)):
                look = ast.Expr(ast.Call(ast.Name(_LOOK, ast.Load()), [], []))
                body.append(ast.fix_missing_locations(ast.copy_location(look, statement)))
                self._provide()
        tree.body = body
        return tree

    def remove(self) -> None:
        """Take back the name that looks use."""
        for place in self._places:
            place.pop(_LOOK, None)

    def _provide(self) -> None:
        for place in self._places:
            place[_LOOK] = self._rebound.look


class Rebound:
    """Follows the definitions of this process.  Everything happens on the thread that runs cells."""

    def __init__(self, namespace: Mapping[str, Any], session: Session, tell: Callable[[str], object] = print) -> None:
        self._namespace, self._session, self._tell = namespace, session, tell
        self._known: dict[tuple[int, str], _Known] = {}
        """By system and actor."""

    @property
    def names(self) -> frozenset[str]:
        """The notebook's names that deployed code looks up when it runs."""
        return frozenset(
            each.name for known in self._known.values() for each in known.graph.bindings if hasattr(each, "name")
        )

    def after_cell(self, *_: object) -> None:
        """Callback for IPython's `post_run_cell`.  Never raises."""
        while self._session.guest_news:
            self._tell(self._session.guest_news.popleft())
        self.look(may_note=True)

    def look(self, *, may_note: bool = False) -> None:
        """Deploy what is another version now.  Costs little where nothing was bound anew.  Never raises.

        Args:
            may_note: also say which cells should be run again.
        """
        known: dict[tuple[int, str], _Known] = {}
        notes: dict[tuple[str, str], list[str]] = {}
        for system in self._systems():
            for definition in _of_notebook(system):
                key = (id(system), definition.name)
                known[key] = self._looked_at(system, definition, self._known.get(key))
                for name, why in self._outdated(known[key]) if may_note else ():
                    notes.setdefault((name, why), []).append(definition.name)
        self._known = known
        for (name, why), actors in notes.items():
            self._tell(_note(name, why, actors))

    def _systems(self) -> list[SystemApi]:
        """One's own and the attached one: both may run code of this notebook."""
        found = [each for each in (self._session.system, self._session.own) if each is not None]
        return found[:1] if len(found) == 2 and found[0] is found[1] else found

    def _looked_at(self, system: SystemApi, definition: ActorDefinition, before: _Known | None) -> _Known:
        is_same = before is not None and before.definition is definition
        if before is not None and is_same and all(each.is_current for each in before.graph.bindings):
            return before
        changed = [each.shown for each in before.graph.bindings if not each.is_current] if before and is_same else []
        try:
            now = self._deployed(system, definition, list(dict.fromkeys(changed)))
            return _Known(now, _graph(now), before.built_with if before and is_same else self._built_with(now))
        except Exception as error:  # noqa: BLE001 - the user's cell has ended; whatever is wrong with an actor is told
            self._tell(
                f"Note: {definition.name} sees what this cell has changed, but could not be deployed again: {error}"
            )
            return _Known(definition, _graph(definition))

    def _deployed(self, system: SystemApi, definition: ActorDefinition, changed: list[str]) -> ActorDefinition:
        """The definition as the names are bound now, deployed if it is another one."""
        from runtime.definition import redefined
        from workbench.commands.deploy import deploy_again

        now = redefined(definition)
        if now.hash == definition.hash:
            return definition
        deploy_again(system, now)
        self._tell(_deployed_line(definition, now, changed or _differences(definition, now)))
        return now

    def _built_with(self, definition: ActorDefinition) -> list[Binding]:
        """Names that the class's body reads, its bases and the classes of its annotations, and what they mean now."""
        from runtime.code_graph import Binding

        bases = {each.__name__: each for each in getattr(definition.actor_class, "__mro__", ())[1:]}
        names = {name: each for name, each in bases.items() if self._namespace.get(name) is each}
        with suppress(SyntaxError):
            tree = ast.parse(textwrap.dedent(definition.source))
            names |= {name: self._namespace[name] for name in _read_by_body(tree) if name in self._namespace}
        return [Binding(self._namespace, name, value, name) for name, value in names.items()]

    def _outdated(self, known: _Known) -> Iterator[tuple[str, str]]:
        """What the class took over and is something else now, once for each change."""
        if all(each.is_current for each in known.built_with):
            return
        from runtime.code_graph import MISSING, Binding, are_alike

        for index, each in enumerate(known.built_with):
            if each.is_current:
                continue
            value = self._namespace.get(each.name, MISSING)
            known.built_with[index] = Binding(self._namespace, each.name, value, each.name)
            if value is not MISSING and not are_alike(each.value, value):
                yield each.name, "was made with the earlier"


def _graph(definition: ActorDefinition) -> CodeGraph:
    from runtime.fingerprint import graph_of

    assert definition.actor_class is not None
    return graph_of(definition.actor_class, definition.settings)


def _of_notebook(system: SystemApi) -> list[ActorDefinition]:
    """The definitions whose code is in this process, of classes of the notebook or of modules that may be reloaded."""
    loaded: Callable[[], list[ActorDefinition]] = getattr(system, "loaded", list)
    return [each for each in loaded() if each.actor_class is not None]


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    """Names of the module that a statement at the top level binds, and those whose attributes it sets."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (each.asname or each.name.partition(".")[0] for each in node.names)


def _read_by_body(tree: ast.Module) -> Iterator[str]:
    """Names that are read when the class is made, and not when its functions run."""
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = node.args
            waiting += [*node.decorator_list, *arguments.defaults, *(each for each in arguments.kw_defaults if each)]
            waiting += [
                each.annotation for each in ast.walk(arguments) if isinstance(each, ast.arg) and each.annotation
            ]
        elif not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _differences(before: ActorDefinition, now: ActorDefinition) -> list[str]:
    return sorted(name for name in {*before.uses, *now.uses} if before.uses.get(name) != now.uses.get(name))


def _deployed_line(before: ActorDefinition, now: ActorDefinition, changed: list[str]) -> str:
    what = f"{_listed(changed[:4])} changed" if changed else "what it uses changed"
    return f"{now.name}: deployed again (definition {before.hash[:8]} → {now.hash[:8]}), because {what}."


def _note(name: str, why: str, actors: list[str]) -> str:
    were, cells = (why, "its cell") if len(actors) == 1 else (why.replace("was", "were"), "their cells")
    return f"Note: {_listed(actors)} {were} {name}, which this cell has changed. Run {cells} again to take the new one."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
