"""What actors use of the notebook around them, as text that stands on its own: imports, functions, classes, values.

Nothing is executed here.  A value is carried if it can be written so that it is equal when read, or else as the statement of the
cell that made it.  A secret is not carried: its place is taken by the environment.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import pprint
import sys
import textwrap
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.contracts.contract import Contract
from runtime.fingerprint import source_of
from workbench.authoring import AUTHORING
from workbench.export.source_names import Names, Texts, dotted_in, names_in
from workbench.redaction import is_secret, redacted, redacted_text, secrets_in_source

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
