"""The words of docs/glossary.md are the words of the code."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
TERMS = [term.strip() for line in re.findall(r"^(\S.*)\n: ", GLOSSARY, re.MULTILINE) for term in line.split(",")]

WITHDRAWN = (
    "Agenda", "Again", "Arrivals", "Audited", "Came", "Door", "Draining", "Given", "Held", "Hold", "InvocationDoor", "Kept",
    "LookOnly", "News", "Still", "Timekeeping",
    "came_of", "came_of_it", "carrying", "get_kept", "is_short", "nobody", "rouse", "somebody", "vet", "whoever",
)  # fmt: skip
"""Names that the code does not use any more; the glossary has the ones in their place.

Not here are words that mean something else elsewhere: `Line` of a check's report, `told` of an outcome (what `ctx.tell` sent,
also in `workbench.v1`), `past` of a report.
"""


def _names() -> Iterator[tuple[str, str]]:
    """Every name that runtime and workbench define: classes, functions, parameters, variables, attributes."""
    for path in [*(ROOT / "runtime").rglob("*.py"), *(ROOT / "workbench").rglob("*.py")]:
        if "pb" in path.parts or "node_modules" in path.parts or path.name.endswith("_pb2.py"):
            continue
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield place, name
                case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                    yield place, name


@functools.cache
def places_of() -> dict[str, set[str]]:
    """By name, without a leading underscore: where it is defined."""
    found: dict[str, set[str]] = {}
    for place, name in _names():
        found.setdefault(name.removeprefix("_"), set()).add(place)
    return found


def test_every_term_is_defined_once() -> None:
    assert [term for term, count in Counter(TERMS).items() if count > 1] == []
    assert len(TERMS) > 40


def test_every_term_says_what_it_means() -> None:
    entries = re.findall(r"^(\S.*)\n: (.+)", GLOSSARY, re.MULTILINE)

    assert [term for term, meaning in entries if len(meaning.split()) < 3] == []


@pytest.mark.parametrize("word", WITHDRAWN)
def test_withdrawn_name_is_not_used(word: str) -> None:
    assert places_of().get(word, set()) == set()
