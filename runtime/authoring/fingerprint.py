"""Which version of an actor's code this is: a hash over its source, its settings, and everything of the user's own that it uses.

What that is, and how values are told apart, is said in `code_graph`.  Equal code gives an equal hash in every process, so that
running a notebook again after a restart makes no new versions.  Where it is in doubt, code counts as new.
"""

from __future__ import annotations

import contextlib
import inspect
import linecache
import re
import textwrap
import types
from collections.abc import Callable
from typing import TypeVar

import msgspec

from runtime.authoring.code_graph import CodeGraph
from runtime.authoring.code_leaves import digest
from runtime.authoring.settings import Settings

T = TypeVar("T")

_TRIES = 3


def source_of(actor_class: type) -> str:
    """The class's source, dedented; empty for a class typed where no source is kept."""
    source = _source_around_methods(actor_class)
    if not source:
        with contextlib.suppress(OSError, TypeError):
            source = undisturbed(lambda: inspect.getsource(actor_class))
    return textwrap.dedent(source)


def undisturbed(parse: Callable[[], T]) -> T:
    """What `parse` gives, asked once more where another thread that parsed at the same time disturbed it.

    Python 3.11 and 3.12 count the depth of a tree in one place for all threads, and raise SystemError (python/cpython#106905).
    """
    for _ in range(_TRIES):
        with contextlib.suppress(SystemError):
            return parse()
    return parse()


def _source_around_methods(actor_class: type) -> str:
    """Methods know where they stand; `inspect` finds no class of a notebook, and of two with one name in a file the first."""
    header = re.compile(rf"\s*class\s+{re.escape(actor_class.__name__)}\b")
    for function in vars(actor_class).values():
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        if isinstance(code, types.CodeType):
            lines = linecache.getlines(code.co_filename)
            above = [i for i, line in enumerate(lines[: code.co_firstlineno]) if header.match(line)]
            if above:
                return "".join(inspect.getblock(lines[above[-1] :]))
    return ""


def graph_of(actor_class: type, settings: Settings) -> CodeGraph:
    """What the class is made of now, and the names that it looks up when it runs."""
    message = settings.state_type
    return CodeGraph([actor_class, *([message] if isinstance(message, type) else [])])


def hash_of(graph: CodeGraph, source: str, settings: Settings) -> str:
    """The definition's hash, 16 hexadecimal digits.  Comments in the class's own source count, elsewhere they do not."""
    settings_text = msgspec.json.encode(settings.as_text(), order="deterministic").decode()
    return digest([source, settings_text, *graph.parts])
