"""What actors use of the notebook around them, as text that stands on its own: imports, functions, classes, values.

Nothing is executed here.  A value is carried if it can be written so that it is equal when read, or else as the statement of the
cell that made it.  A secret is not carried: its place is taken by the environment.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import pprint
import symtable
import sys
import sysconfig
import textwrap
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from runtime.authoring import AUTHORING
from runtime.authoring.fingerprint import source_of
from runtime.contracts.contract import Contract
from workbench.redaction import is_secret, redacted, redacted_source, redacted_text, secrets_in_source

_LARGEST_VALUE = 200_000
_SECRETS = {
    str: "_secret({name!r})",
    int: "int(_secret({name!r}))",
    float: "float(_secret({name!r}))",
    bytes: "_secret({name!r}).encode()",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the module: a definition, with the names that it needs."""

    text: str
    names: Names


@dataclass(slots=True)
class Carried:
    """Everything that was found."""

    imports: set[str] = field(default_factory=set)
    blocks: dict[str, Block] = field(default_factory=dict)
    """By the name that they define, in the order of finding."""
    modules: set[str] = field(default_factory=set)
    """Imported modules, to be copied if they are local, else to be required."""
    secrets: list[str] = field(default_factory=list)
    contracts: dict[str, str] = field(default_factory=dict)
    """Texts of `.proto` files by the name that stands for them."""
    problems: list[str] = field(default_factory=list)
    """What could not be carried, and why."""
    notes: list[str] = field(default_factory=list)
    """What was carried, and had better be looked at."""


class Carrier:
    """Follows names from the actors on.  One use, one thread."""

    def __init__(self) -> None:
        self.found = Carried()
        self._values: dict[str, object] = {}
        self._texts: dict[str, Texts] = {}

    def add(self, name: str, source: str, namespace: Mapping[str, Any]) -> None:
        """Carry a definition under its name, and everything that it needs."""
        names = names_in(source)
        if found := secrets_in_source(source):
            self.found.notes.append(f"the text of {name} gives {', '.join(found)} a value, which stands in actors.py")
        self.found.blocks[name] = Block(source.rstrip() + "\n", names)
        for each in sorted(names.all):
            if each != name:
                self._need(each, namespace, source)

    def _need(self, name: str, namespace: Mapping[str, Any], source: str) -> None:
        if name not in namespace:
            if not hasattr(builtins, name) and name not in self._values:
                self.found.problems.append(f"{name} is used, and is not defined now")
                self._values[name] = None
            return
        value = namespace[name]
        if isinstance(value, types.ModuleType):
            self._module(name, value, source)
        if name in self._values:
            if self._values[name] is not value and _written(self._values[name]) != (_written(value) or 0):
                self.found.problems.append(f"{name} means two things in two places; rename one of them")
            return
        self._values[name] = value
        if not isinstance(value, types.ModuleType) and name not in self.found.blocks:
            self._carry(name, value, namespace)

    # -- what a value is -----------------------------------------------------------------------------------------------

    def _carry(self, name: str, value: Any, namespace: Mapping[str, Any]) -> None:
        home = getattr(value, "__module__", None) or ""
        is_defined = isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)) or hasattr(
            value, "__wrapped__"
        )
        if name in AUTHORING and value is getattr(sys.modules.get("runtime"), name, None):
            self.found.imports.add(f"from runtime import {name}")
        elif isinstance(value, Contract):
            self._contract(name, value)
        elif is_defined and home != namespace.get("__name__") and _is_there(value, home):
            self._imported(name, value, home)
        elif is_defined and self._defined(name, value, namespace):
            return
        else:
            self._value(name, value, namespace)

    def _imported(self, name: str, value: Any, home: str) -> None:
        original = value.__qualname__
        alias = "" if original == name else f" as {name}"
        self.found.imports.add(
            f"from {home} import {original}{alias}" if home != "builtins" else f"{name} = {original}"
        )
        self.found.modules.add(home)

    def _module(self, name: str, module: types.ModuleType, source: str) -> None:
        real = module.__name__
        self.found.modules.add(real)
        if real.partition(".")[0] == "workbench":
            self.found.problems.append(f"{name} is the notebook's workbench; an action calls others with ctx.invoke")
        if name not in (real, real.partition(".")[0]):
            self.found.imports.add(f"import {real} as {name}")
            return
        self.found.imports.add(f"import {real}")
        self.found.imports.update(f"import {path}" for path in dotted_in(source, name) if path in sys.modules)

    def _contract(self, name: str, contract: Contract) -> None:
        self.found.contracts[name] = contract.source
        self.found.imports |= {"from pathlib import Path", "from runtime.contracts.compiler import compile_file"}
        self.found.blocks[name] = Block(
            f'{name} = compile_file(Path(__file__).with_name("protos") / "{name}.proto")\n',
            Names(frozenset(), frozenset()),
        )

    def _defined(self, name: str, value: Any, namespace: Mapping[str, Any]) -> bool:
        """Carry a function or class by its text; False if it has none that defines it under this name."""
        if getattr(inspect.unwrap(value), "__closure__", None):
            return False  # its text alone lacks what is around it
        text = source_of(value) if isinstance(value, type) else _text_of(value)
        if not text:
            return False
        if getattr(next(iter(ast.parse(text).body), None), "name", None) != name:
            return False
        self.add(name, text, getattr(inspect.unwrap(value), "__globals__", namespace))
        return True

    def _value(self, name: str, value: Any, namespace: Mapping[str, Any]) -> None:
        if self._is_secret(name, value):
            self._secret(name, value)
            return
        text = _written(value)
        if text is not None and redacted(value) != value:
            self.found.problems.append(
                f"{name} holds a secret, so it is not written into a file; read it from the environment"
            )
        elif text is not None:
            self.found.blocks[name] = Block(f"{name} = {text}\n", Names(frozenset(), frozenset()))
        else:
            self._statement(name, value, namespace)

    def _is_secret(self, name: str, value: Any) -> bool:
        is_text_with_one = isinstance(value, str) and redacted_text(value) != value
        return is_text_with_one or (is_secret(name) and type(value) in _SECRETS and bool(value))

    def _secret(self, name: str, value: Any) -> None:
        reading = _SECRETS[type(value)]
        self.found.secrets.append(name)
        names = Names(frozenset({"_secret"}), frozenset())
        self.found.blocks[name] = Block(f"{name} = {reading.format(name=name)}\n", names)

    def _statement(self, name: str, value: Any, namespace: Mapping[str, Any]) -> None:
        home = str(namespace.get("__name__", "__main__"))
        statements = self._texts.setdefault(home, Texts(home)).defining(name)
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        if not statements:
            self.found.problems.append(f"{name} is of type {kind}, and no cell is known that assigns it")
            return
        node = ast.parse(statements[-1]).body[0]
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(name, node)
            return
        if len(statements) > 1:
            self.found.notes.append(f"{name} is assigned in {len(statements)} places; the last of them was taken")
        is_definition = isinstance(value, (type, types.FunctionType))
        if not is_definition and secrets_in_source(statements[-1]):
            self.found.problems.append(f"{name} is made with a secret in its text; read that from the environment")
            return
        if not is_definition:
            self.found.notes.append(f"{name}, of type {kind}, is made anew by the statement of its cell")
        self.add(name, statements[-1], namespace)

    def _import(self, name: str, node: ast.Import | ast.ImportFrom) -> None:
        """Take one name of an import statement."""
        alias = next(alias for alias in node.names if (alias.asname or alias.name) == name)
        renamed = f" as {alias.asname}" if alias.asname else ""
        home = node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
        start = f"from {home} " if isinstance(node, ast.ImportFrom) else ""
        self.found.imports.add(f"{start}import {alias.name}{renamed}")
        self.found.modules.add(home)


def _is_there(value: Any, home: str) -> bool:
    """Whether a definition is found again where it says that it is from."""
    if home == "__main__" or "<locals>" in getattr(value, "__qualname__", "<locals>"):
        return False
    found: Any = sys.modules.get(home)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value and "." not in value.__qualname__


def _text_of(function: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def _written(value: Any) -> str | None:
    """A value as Python text that is equal when read; None if there is none, or a very long one."""
    try:
        text = repr(value)
        if (
            len(text) > _LARGEST_VALUE
            or ast.literal_eval(text) != value
            or type(ast.literal_eval(text)) is not type(value)
        ):
            return None
    except Exception:  # noqa: BLE001 - a value's own __repr__ and __eq__ may do anything
        return None
    pretty = pprint.pformat(value, width=100, sort_dicts=False)
    return f"(\n{textwrap.indent(pretty, '    ')}\n)" if isinstance(value, str) and "\n" in pretty else pretty


# --- Which names a piece of a program takes from around it, and where a notebook's cells define a name ----------------


@dataclass(frozen=True, slots=True)
class Names:
    """Names that are looked up outside."""

    first: frozenset[str]
    """As soon as it is executed: bases, decorators, defaults, annotations, what a class's body uses."""
    later: frozenset[str]
    """When its functions run."""

    @property
    def all(self) -> frozenset[str]:
        return self.first | self.later


def names_in(source: str) -> Names:
    """The names that a program's text takes from around it.

    Raises:
        SyntaxError: it is no program.
    """
    top = symtable.symtable(source, "<names>", "exec")
    own = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    first, later = set(_read_in(top)), set[str]()
    waiting = [(child, False) for child in top.get_children()]
    while waiting:
        table, is_later = waiting.pop()
        is_later = is_later or table.get_type() == "function"
        (later if is_later else first).update(_read_in(table))
        waiting += [(child, is_later) for child in table.get_children()]
    later.update(_in_quotes(ast.parse(source)))
    return Names(frozenset(first - own), frozenset(later - own - first))


def _read_in(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and symbol.is_global():
            yield symbol.get_name()


def _in_quotes(tree: ast.Module) -> Iterator[str]:
    """Names in annotations that are written as text."""
    for node in ast.walk(tree):
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if not isinstance(annotation, ast.AST):
            continue
        for part in ast.walk(annotation):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                try:
                    quoted = ast.parse(part.value, mode="eval")
                except SyntaxError:
                    continue
                yield from (each.id for each in ast.walk(quoted) if isinstance(each, ast.Name))


def dotted_in(source: str, name: str) -> Iterator[str]:
    """`xml.etree`, `xml.etree.ElementTree` for `name` xml: everything that is looked up below a module."""
    for node in ast.walk(ast.parse(source)):
        parts: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if parts and isinstance(inner, ast.Name) and inner.id == name:
            yield ".".join([name, *reversed(parts)])


class Texts:
    """The texts in which a module's names are defined: its file, or the cells of a notebook in the order of their first run."""

    def __init__(self, module: str) -> None:
        self._sources = list(_cells() if module == "__main__" else _file_of(module))

    def defining(self, name: str) -> list[str]:
        """The top-level statements that give a name its value, oldest first, each once."""
        found = []
        for source in self._sources:
            found += [ast.get_source_segment(source, node) or "" for node in _statements(source) if _binds(node, name)]
        return list(dict.fromkeys(filter(None, found)))


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == name and node.value is not None
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any((alias.asname or alias.name) == name for alias in node.names)
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == name


def _cells() -> Iterator[str]:
    """What was executed in a notebook, as IPython keeps it for tracebacks; of a script, its file."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script and Path(script).is_file():
        yield "".join(linecache.getlines(script))
    for filename, entry in list(linecache.cache.items()):
        if len(entry) == 4 and entry[1] is None and not filename.startswith("<frozen"):
            yield "".join(entry[2])


def _file_of(module: str) -> Iterator[str]:
    file = getattr(sys.modules.get(module), "__file__", None)
    if file and file.endswith(".py"):
        yield "".join(linecache.getlines(file))


# --- Modules that actors import: those that lie beside the notebook go along, the others are required -----------------


@dataclass(slots=True)
class Libraries:
    """What the imported modules come from."""

    files: dict[str, Path] = field(default_factory=dict)
    """Local files to copy, by their path in the project."""
    required: list[str] = field(default_factory=list)
    """Distributions, each with the version that is used here."""
    problems: list[str] = field(default_factory=list)


def libraries(modules: Iterable[str]) -> Libraries:
    """Where these modules, and those that the local ones among them import, come from."""
    found, seen, waiting = Libraries(), set[str](), [module.partition(".")[0] for module in modules]
    homes = metadata.packages_distributions()
    distributions: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in sys.stdlib_module_names or name in ("runtime", "workbench", "__main__"):
            continue
        seen.add(name)
        place = _local_place(name)
        if place is None:
            distributions.update(homes.get(name, ()))
            if name not in homes:
                found.problems.append(f"the module {name} belongs to no installed distribution")
            continue
        for inside, file in _files(name, place).items():
            text = file.read_text("utf-8")
            if redacted_source(text) != text:
                found.problems.append(f"{file} has what looks like a secret in it, so it is not copied")
                continue
            found.files[inside] = file
            waiting += _imports(text)
    found.required = [f"{name}=={metadata.version(name)}" for name in sorted(distributions, key=str.lower)]
    return found


def _local_place(name: str) -> Path | None:
    """The file or folder of a module that is neither installed nor part of Python."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if not file or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    installed = (Path(sysconfig.get_path(key)).resolve() for key in ("purelib", "platlib", "stdlib"))
    if any(path.is_relative_to(folder) for folder in installed):
        return None
    return path.parent if path.name == "__init__.py" else path


def _files(name: str, place: Path) -> dict[str, Path]:
    if place.is_file():
        return {f"{name}.py": place}
    return {f"{name}/{file.relative_to(place).as_posix()}": file for file in sorted(place.rglob("*.py"))}


def _imports(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
    return found
