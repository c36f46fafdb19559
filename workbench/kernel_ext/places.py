"""Where in a cell an error about a definition belongs.

A definition is checked after its cell has run, so the error has no line of its own.  Its message names a method, a field, a
parameter or a setting; that name's line is the place.
"""

from __future__ import annotations

import ast
import re
from typing import NoReturn

from runtime.errors import DefinitionError

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
