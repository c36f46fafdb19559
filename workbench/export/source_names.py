"""Which names a piece of a program takes from around it, and where a notebook's cells define a name."""

from __future__ import annotations

import ast
import linecache
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


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
