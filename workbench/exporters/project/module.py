"""The module `actors.py` of an export, put together in an order in which it can be executed."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from runtime.authoring.definition import ActorDefinition
from workbench.exporters.project.source import Block, Carried

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


# --- A class's text with the settings that stood beside it, in `%%actor`, written into its head -----------------------


def actor_source(definition: ActorDefinition) -> str:
    """The text of an actor's class that defines it with the same settings on its own.

    Raises:
        ValueError: the text, or a setting in it, is not one that can be written again.
    """
    actor_class = definition.actor_class
    source = definition.source.rstrip() + "\n"
    node = next((each for each in ast.parse(source).body if isinstance(each, ast.ClassDef)), None)
    if actor_class is None or node is None:
        raise ValueError("no source of it is at hand")
    inherited: dict[str, Any] = {}
    for base in reversed(actor_class.__mro__[1:]):
        inherited |= {k: v for k, v in getattr(base, "__spawn_settings__", {}).items() if k != "name"}
    given = dict(actor_class.__spawn_settings__)
    written = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg is not None}
    has_more = any(keyword.arg is None for keyword in node.keywords)
    changed = {}
    for name, value in given.items():
        is_said = _is_written(written[name], value) if name in written else has_more or inherited.get(name) == value
        if not is_said:
            changed[name] = value
    return _rewritten(source, node, changed) if changed else source


def _is_written(node: ast.expr, value: Any) -> bool:
    """Whether this is how the value is written; an expression is taken to be."""
    try:
        return bool(ast.literal_eval(node) == value)
    except (ValueError, TypeError, SyntaxError):
        return True


def _rewritten(source: str, node: ast.ClassDef, settings: dict[str, Any]) -> str:
    texts = {name: _literal(name, value) for name, value in settings.items()}
    edits = [(*_span(source, each.value), texts.pop(each.arg)) for each in node.keywords if each.arg in texts]
    if texts:
        last = max(_span(source, each)[1] for each in (*node.bases, *(keyword.value for keyword in node.keywords)))
        edits.append((last, last, "".join(f", {name}={text}" for name, text in texts.items())))
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _literal(name: str, value: Any) -> str:
    text = repr(value)
    try:
        same = ast.literal_eval(text) == value
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise ValueError(
            f"its setting {name} stood beside %%actor and cannot be written as text; write it into the class"
        )
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and value.isprintable() else text


def _span(source: str, node: ast.expr) -> tuple[int, int]:
    """Where a node is, as positions in the text; the parser counts columns in bytes."""
    lines = source.splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None

    def position(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    return position(node.lineno, node.col_offset), position(node.end_lineno, node.end_col_offset)
