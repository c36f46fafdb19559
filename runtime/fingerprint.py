"""Which version of the code this is: a hash over source, settings, and the globals that the code uses."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import linecache
import re
import textwrap
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from runtime.settings import Settings


def source_of(actor_class: type) -> str:
    """The class's source, dedented; empty for a class typed where no source is kept."""
    source = _source_around_methods(actor_class)
    if not source:
        with contextlib.suppress(OSError, TypeError):
            source = inspect.getsource(actor_class)
    return textwrap.dedent(source)


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


def fingerprint(
    actor_class: type, functions: Iterable[Callable[..., Any]], source: str, settings: Settings
) -> tuple[dict[str, str], str]:
    """The used globals with a fingerprint of each, and the definition's hash (16 hexadecimal digits).

    A class without source is hashed by its fields and code objects.  Equal input gives an equal hash in every process.
    """
    functions = list(functions)
    uses = {name: described(value) for name, value in sorted(_used_globals(actor_class, functions))}
    code = source or "".join([_fields_of(actor_class), *(_described(f) for f in functions)])
    settings_text = msgspec.json.encode(settings.as_text(), order="deterministic").decode()
    return uses, _digest("\0".join([code, settings_text, *(f"{name}={mark}" for name, mark in uses.items())]))


def described(value: object) -> str:
    """The fingerprint of one global that an actor uses, as in `ActorDefinition.uses`."""
    return _digest(_described(value))


def _fields_of(actor_class: type) -> str:
    annotated = vars(actor_class).get("__annotations__", {})
    return repr([(name, str(kind), vars(actor_class).get(name)) for name, kind in annotated.items()])


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def used_modules(actor_class: type) -> list[str]:
    """Names under which an actor's code reads modules; they are not part of a definition's hash."""
    return sorted(name for name, value in _read_names(actor_class, []) if isinstance(value, types.ModuleType))


def _used_globals(actor_class: type, functions: list[Any]) -> Iterator[tuple[str, object]]:
    """Names that the actions read from their module, directly or through its functions and classes.

    Modules and this package's own names do not count.
    """
    return ((name, value) for name, value in _read_names(actor_class, functions) if _counts(value))


def _read_names(actor_class: type, functions: list[Any]) -> Iterator[tuple[str, object]]:
    seen: set[str] = set()
    waiting = [*functions, *_methods(actor_class)]
    while waiting:
        function = waiting.pop()
        for name in _names(function.__code__):
            if name in function.__globals__ and name not in seen:
                seen.add(name)
                value = function.__globals__[name]
                yield name, value
                waiting += _functions_of(value, function.__globals__) if _counts(value) else []


def _methods(owner: type) -> list[types.FunctionType]:
    return [f for f in vars(owner).values() if isinstance(f, types.FunctionType)]


def _functions_of(value: object, home: dict[str, Any]) -> list[types.FunctionType]:
    """What may read further names of the same module."""
    found = [value] if isinstance(value, types.FunctionType) else _methods(value) if isinstance(value, type) else []
    return [function for function in found if function.__globals__ is home]


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _counts(value: object) -> bool:
    home = getattr(value, "__module__", None) or ""
    return not isinstance(value, types.ModuleType) and not home.startswith(("runtime.", "workbench."))


def _described(value: object) -> str:
    if isinstance(value, types.FunctionType):
        return source_of_function(value)
    if isinstance(value, type):
        return source_of(value) or value.__qualname__
    if isinstance(value, (str, bytes, int, float, bool, type(None), tuple, frozenset)):
        return repr(value)
    # Other objects count by type only: their repr may hold an address, or cost or change something.
    return f"{type(value).__module__}.{type(value).__qualname__}"


def source_of_function(function: types.FunctionType) -> str:
    """Source text, or for want of it the code object's content."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        code = function.__code__
        return repr(
            (code.co_code.hex(), code.co_names, [c for c in code.co_consts if not isinstance(c, types.CodeType)])
        )
