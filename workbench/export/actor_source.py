"""A class's text with the settings that stood beside it, in `%%actor`, written into its head."""

from __future__ import annotations

import ast
import json
from typing import Any

from runtime.definition import ActorDefinition


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
