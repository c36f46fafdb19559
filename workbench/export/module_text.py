"""The module `actors.py` of an export, put together in an order in which it can be executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from workbench.export.carrying import Block, Carried

_READER = '''\
def _secret(name: str) -> str:
    """From the environment, else from the file of that name that the cluster mounts; never written here."""
    file = Path(os.environ.get("SECRETS_DIRECTORY", "/run/secrets/actors")) / name
    if name not in os.environ and not file.is_file():
        raise LookupError(f"The secret {name} is neither an environment variable nor the file {file}.")
    return os.environ[name] if name in os.environ else file.read_text("utf-8").strip()
'''


def module_text(carried: Carried, actors: Sequence[str], said: str) -> str:
    """The whole module.

    Args:
        actors: the names of the actors' classes, which are what the module offers.
        said: the first lines of its docstring.
    """
    imports = set(carried.imports)
    if carried.secrets:
        imports |= {"import os", "from pathlib import Path"}
    future = "from __future__ import annotations"
    first = [future] if future in imports else []
    parts = [f'"""{said}"""', *first, _imports(imports - {future}), f"__all__ = {_list(actors)}"]
    if carried.secrets:
        parts.append(_READER)
    parts += ["\n".join(f"# Not carried: {problem}." for problem in carried.problems)] if carried.problems else []
    ordered = in_order(carried.blocks)
    for block in ordered.values():
        is_definition = isinstance(ast.parse(block.text).body[0], (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        parts.append(f"\n{block.text}" if is_definition else block.text)
    return re.sub(r"\n{4,}", "\n\n\n", "\n\n".join(part.rstrip("\n") for part in parts)) + "\n"


def in_order(blocks: Mapping[str, Block]) -> dict[str, Block]:
    """The blocks, each after those that it needs as soon as it is executed; what is in a circle stays in its order."""
    ordered: dict[str, Block] = {}
    on_the_way: set[str] = set()

    def place(name: str) -> None:
        if name in ordered or name in on_the_way:
            return
        on_the_way.add(name)
        for needed in sorted(blocks[name].names.first & blocks.keys()):
            place(needed)
        ordered[name] = blocks[name]

    for name in sorted(blocks, key=lambda name: _rank(blocks[name].text)):
        place(name)
    return ordered


def _rank(text: str) -> int:
    """Values first, then functions, then classes."""
    return 2 if re.match(r"(@.*\n)*class ", text) else 1 if re.match(r"(@.*\n)*(async )?def ", text) else 0


def _imports(statements: Iterable[str]) -> str:
    """One import a line, one statement for each module that names are taken from; the runtime's last."""
    plain, taken, other = set[str](), dict[str, set[str]](), set[str]()
    for statement in statements:
        if match := re.fullmatch(r"from (\S+) import (.+)", statement):
            taken.setdefault(match[1], set()).add(match[2])
        else:
            (plain if statement.startswith("import ") else other).add(statement)
    lines = sorted(plain) + [f"from {home} import {', '.join(sorted(taken[home]))}" for home in sorted(taken)]
    return "\n".join([*lines, *sorted(other)])


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
