"""`%%actor`: a cell's text becomes deployed actors, or nothing changes.

The body is ordinary Python, run in the notebook's namespace.  If it cannot be compiled, run or deployed, the names that it
bound are given back their earlier values and the definitions that were deployed before keep running.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NoReturn, TypeVar

from IPython.core.error import UsageError

from runtime.actor import Actor
from runtime.definition import define
from runtime.errors import DefinitionError, Mistake, shown
from workbench.authoring import AUTHORING
from workbench.commands.deploy import deploy
from workbench.commands.preview import preview
from workbench.deploy_reports import Deployed, Deployments
from workbench.kernel_ext.errors import ErrorDisplay
from workbench.kernel_ext.places import raise_at
from workbench.kernel_ext.running_cell import CellCode

T = TypeVar("T")

_MISSING = object()

UNCHANGED = "Nothing was deployed; what ran before keeps running."


class CellRefused(DefinitionError):
    """The code of a `%%actor` cell cannot be compiled; its `__cause__` is the `SyntaxError`."""


class HiddenName(Mistake):
    """A notebook variable hides one of the names that an actor cell uses."""

    code = "hidden_name"


def deploy_cell(
    shell: Any, code: CellCode, settings: Mapping[str, Any], errors: ErrorDisplay, *, is_preview: bool = False
) -> Deployed | Deployments:
    """Run a cell's code and deploy the actors that it defines.

    Args:
        settings: win over the class's own; only for a cell with one actor.
        is_preview: only say what would change; the notebook's names are then as before, too.

    Raises:
        CellRefused, DefinitionError, UsageError: and whatever the body raises; nothing was changed.
    """
    namespace = shell.user_ns
    tree = _parsed(shell, code)
    bound = _bound_names(code)
    _check_visible(tree, bound, namespace)
    _check_classes(tree, code)
    before = {name: namespace.get(name, _MISSING) for name in bound}
    try:
        _run(shell, tree, code, errors)
        actors = list(_new_actors(bound, before, namespace))
        _configure(actors, settings)
        names: dict[str, type] = {}
        for actor in actors:
            name = _at_its_line(define, actor, tree, code).name
            if names.setdefault(name, actor) is not actor:
                taken = f"{names[name].__name__} and {actor.__name__} are both the actor {name!r}: give one of them another name=…"
                _refuse(taken, tree, actor.__name__, code)
        act: Callable[[type], Deployed] = preview if is_preview else deploy
        reports = [_at_its_line(act, actor, tree, code) for actor in actors]
    except BaseException:
        _restore(namespace, before)
        raise
    if is_preview:
        _restore(namespace, before)
    return reports[0] if len(reports) == 1 else Deployments(reports)


def _parsed(shell: Any, code: CellCode) -> ast.Module:
    try:
        tree: ast.Module = shell.compile.ast_parse(code.source, filename=code.filename)
        symtable.symtable(code.source, code.filename, "exec")
    except SyntaxError as error:
        raise CellRefused(f"{error.msg} (line {error.lineno} of the cell)\n{UNCHANGED}") from error
    return tree


def _run(shell: Any, tree: ast.Module, code: CellCode, errors: ErrorDisplay) -> None:
    try:
        with errors.of_cell(UNCHANGED):
            exec(shell.compile(tree, code.filename, "exec"), shell.user_global_ns, shell.user_ns)  # noqa: S102 - the user's cell
    except (
        SyntaxError
    ) as error:  # of something that the cell imports or executes; IPython would show our frames with it
        raise CellRefused(f"{error}\n{UNCHANGED}") from error


def _bound_names(code: CellCode) -> list[str]:
    """Names that the cell's top level assigns, imports or defines."""
    table = symtable.symtable(code.source, code.filename, "exec")
    return [symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()]


def _check_visible(tree: ast.Module, bound: list[str], namespace: Mapping[str, Any]) -> None:
    """A variable such as `action = "add"` would make `@action` fail in a way that nobody understands."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in AUTHORING:
        value = namespace.get(name)
        if name in used and name in namespace and name not in bound and not callable(value):
            raise HiddenName(
                f"This cell uses {name}, which is {shown(value)} in this notebook.\n"
                f"Get the workbench's back with `del {name}`, or rename the variable.\n{UNCHANGED}"
            )


def _check_classes(tree: ast.Module, code: CellCode) -> None:
    """Of two classes with one name the second would replace the first before anybody has seen that one."""
    first: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and first.setdefault(node.name, node.lineno) != node.lineno:
            two = f"This cell defines two classes named {node.name}, in lines {first[node.name]} and {node.lineno}"
            _refuse(f"{two}: only the second would count. Rename one of them.", tree, node.name, code)


def _refuse(why: str, tree: ast.Module, class_name: str, code: CellCode) -> NoReturn:
    error = DefinitionError(why)
    error.add_note(UNCHANGED)
    raise_at(error, tree, class_name, code.filename)


def _new_actors(bound: list[str], before: Mapping[str, object], namespace: Mapping[str, Any]) -> Iterator[type[Actor]]:
    """The actor classes that this cell made, in its order, except those that only serve others of it as a base."""
    values = [namespace.get(name) for name in bound if namespace.get(name) is not before[name]]
    made = [v for v in values if isinstance(v, type) and issubclass(v, Actor) and v.__module__ == "__main__"]
    for actor in dict.fromkeys(made):
        is_base = any(actor in other.__mro__[1:] for other in made)
        if not is_base or "name" in actor.__spawn_settings__:
            yield actor


def _configure(actors: list[type[Actor]], settings: Mapping[str, Any]) -> None:
    if not actors:
        raise UsageError(f"This %%actor cell defines no actor. Write `class Name(Actor): …` in it.\n{UNCHANGED}")
    if settings and len(actors) > 1:
        names = ", ".join(actor.__name__ for actor in actors)
        raise UsageError(
            f"A name and settings beside %%actor are for one actor; this cell defines {names}. "
            f"Write them as class keywords: `class {actors[-1].__name__}(Actor, name=…)`.\n{UNCHANGED}"
        )
    for actor in actors:
        actor.__spawn_settings__ = {**actor.__spawn_settings__, **settings}


def _at_its_line(function: Callable[[type], T], actor: type, tree: ast.Module, code: CellCode) -> T:
    try:
        return function(actor)
    except DefinitionError as error:
        error.add_note(UNCHANGED)
        raise_at(error.with_traceback(None), tree, actor.__name__, code.filename)


def _restore(namespace: MutableMapping[str, Any], before: Mapping[str, Any]) -> None:
    for name, value in before.items():
        if value is _MISSING:
            namespace.pop(name, None)
        else:
            namespace[name] = value
