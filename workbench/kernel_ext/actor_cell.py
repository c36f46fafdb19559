"""`%%actor`: a cell's text becomes deployed actors, or nothing changes.

The body is ordinary Python, run in the notebook's namespace.  If it cannot be compiled, run or deployed, the names that it
bound are given back their earlier values and the definitions that were deployed before keep running.
"""

from __future__ import annotations

import ast
import re
import symtable
import textwrap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from IPython.core.error import UsageError

from runtime.authoring import AUTHORING
from runtime.authoring.actor import Actor
from runtime.authoring.definition import define
from runtime.errors import DefinitionError, Mistake, shown
from workbench.commands.deploy import deploy, preview
from workbench.kernel_ext.errors import ErrorDisplay
from workbench.results import Deployed, Deployments
from workbench.session import Session

if TYPE_CHECKING:
    from runtime.api import SystemApi
    from runtime.authoring.code_graph import Binding, CodeGraph
    from runtime.authoring.definition import ActorDefinition

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
    """A variable such as `action = "add"` would make `@action` fail in a way that no one understands."""
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


# --- Where in a cell an error about a definition belongs --------------------------------------------------------------
# A definition is checked after its cell has run, so the error has no line of its own.  Its message names a method, a
# field, a parameter or a setting; that name's line is the place.

_MENTIONED = re.compile(r"\w+\.(\w+)|setting '?(\w+)|parameter '?(\w+)|(\w+)=")


def raise_at(error: DefinitionError, tree: ast.Module, class_name: str, filename: str) -> NoReturn:
    """Raise the error from the line of the class that its message is about, so that its traceback points there."""
    line = _line_of(tree, class_name, str(error))
    statement = compile("\n" * (line - 1) + "raise error", filename, "exec")
    exec(statement, {"error": error})  # noqa: S102 - gives the traceback a frame in the cell; runs nothing of the user's
    raise AssertionError("unreachable")


def _line_of(tree: ast.Module, class_name: str, message: str) -> int:
    definitions = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == class_name]
    if not definitions:
        return 1
    lines = _named_lines(definitions[-1])
    mentioned = (next(filter(None, match.groups())) for match in _MENTIONED.finditer(message))
    return next((lines[name] for name in mentioned if name in lines), definitions[-1].lineno)


def _named_lines(definition: ast.ClassDef) -> dict[str, int]:
    """Fields, methods and settings of a class, with their lines; before them parameters, which they may hide."""
    lines: dict[str, int] = {}
    for node in definition.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines.update({argument.arg: argument.lineno for argument in node.args.args + node.args.kwonlyargs})
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            lines[node.target.id] = node.lineno
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines[node.name] = node.lineno
    lines.update({keyword.arg: keyword.lineno for keyword in definition.keywords if keyword.arg})
    return lines


# --- The names that `%%actor` cells have without an import ------------------------------------------------------------


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


# --- The running cell -------------------------------------------------------------------------------------------------
# The text of the running cell, and the file name under which its code is known to debuggers and tracebacks.
#
# A cell magic gets its body without the cell's first lines.  Compiled as it comes, line numbers would be off and
# breakpoints set in the cell would never hit: ipykernel names a cell's file after the *whole raw text* of the cell.  So
# the raw text is remembered when a cell begins, and a body is padded to the lines it has there.


@dataclass(frozen=True, slots=True)
class CellCode:
    """A cell's body, ready to compile: `source` has the body at the cell's own line numbers."""

    source: str
    filename: str


class RunningCell:
    """Remembers the raw text of the cell that runs."""

    def __init__(self) -> None:
        self._raw = ""

    def began(self, info: Any) -> None:
        """Callback for IPython's `pre_run_cell`."""
        self._raw = info.raw_cell or ""

    def code(self, shell: Any, magic: str, body: str) -> CellCode:
        """The body of the running cell, which begins with `%%magic`.

        Its lines are put where `inspect` and tracebacks look for them.
        """
        lines_before = _lines_before(self._raw, magic, body)
        source = "\n" * lines_before + body
        # Under this name the kernel has put the translated cell, `get_ipython().run_cell_magic(…)`.  The source takes its
        # place, without the magic's line: what shows tracebacks parses it.
        raw = self._raw if lines_before else source
        return CellCode(source, shell.compile.cache(source, shell.displayhook.prompt_count, raw_code=raw))


def _lines_before(raw: str, magic: str, body: str) -> int:
    """How many lines of the raw cell come before the body; 0 if the body is not that cell's."""
    lines = raw.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if first == len(lines) or not lines[first].strip().startswith(f"%%{magic}"):
        return 0
    same = [line.strip() for line in lines[first + 1 :]] == [line.strip() for line in body.splitlines()]
    return first + 1 if same else 0


# --- Names that deployed actors use, and that a cell has just bound to something else ---------------------------------
# A function looks its globals up when it runs, so a helper or constant that is defined again takes effect in a deployed
# actor at once, as anywhere in a notebook.  From then on this is another version of the actor's code: it is deployed by
# itself, so that history and replay name the code that ran.  That happens as soon as the statement has run that binds
# the name at the top level of a cell, and for everything else (a module that was reloaded, a name bound by other means)
# when the cell ends.
#
# What a class took over when its own cell ran does not change with the name: its base classes, the types of its fields,
# its decorators, defaults, the interval of its timers.  There a note says which cell to run again.
#
# Containers that are changed in place are data; they count at the next deploy.


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
        from runtime.authoring.definition import redefined
        from workbench.commands.deploy import deploy_again

        now = redefined(definition)
        if now.hash == definition.hash:
            return definition
        deploy_again(system, now)
        self._tell(_deployed_line(definition, now, changed or _differences(definition, now)))
        return now

    def _built_with(self, definition: ActorDefinition) -> list[Binding]:
        """Names that the class's body reads, its bases and the classes of its annotations, and what they mean now."""
        from runtime.authoring.code_graph import Binding

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
        from runtime.authoring.code_graph import MISSING, Binding, are_alike

        for index, each in enumerate(known.built_with):
            if each.is_current:
                continue
            value = self._namespace.get(each.name, MISSING)
            known.built_with[index] = Binding(self._namespace, each.name, value, each.name)
            if value is not MISSING and not are_alike(each.value, value):
                yield each.name, "was made with the earlier"


def _graph(definition: ActorDefinition) -> CodeGraph:
    from runtime.authoring.fingerprint import graph_of

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
