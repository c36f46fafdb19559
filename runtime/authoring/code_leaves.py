"""What a fingerprint does not look into any further: compiled code, installed modules, and objects that cannot be read as text.

Everything here is the same in every process for the same code, whatever the process's hash seed and its addresses are.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import os
import site
import sys
import sysconfig
import threading
import types
import weakref
from collections.abc import Iterable, Iterator
from importlib.util import resolve_name
from typing import Any

_OWN_PACKAGES = ("runtime", "workbench")
_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})

_MOST_SLOTS = 20_000
_OBJECTS_A_SLOT = 8


def digest(parts: Iterable[str]) -> str:
    """16 hexadecimal digits for a sequence of texts; two sequences that differ anywhere have different ones."""
    state = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


# -- compiled code -----------------------------------------------------------------------------------------------------


class CodeFacts:
    """What one code object is, and what it reads by name; nested functions, lambdas and comprehensions included."""

    __slots__ = ("digest", "globals", "imports", "names")

    def __init__(self, code: types.CodeType) -> None:
        self.digest = digest(_code_parts(code))
        """Over instructions, constants and names; file and lines do not count."""
        reads = list(dict.fromkeys(_reads(code)))
        self.globals = [name for name, is_import in reads if not is_import]
        self.imports = [name for name, is_import in reads if is_import]
        """Modules that it imports while it runs; relative ones begin with dots."""
        self.names = frozenset(_names(code))
        """Names of attributes and globals."""


_facts: weakref.WeakKeyDictionary[types.CodeType, CodeFacts] = weakref.WeakKeyDictionary()


def facts_of(code: types.CodeType) -> CodeFacts:
    """Computed once for each code object."""
    found = _facts.get(code)
    if found is None:
        found = _facts[code] = CodeFacts(code)
    return found


def _code_parts(code: types.CodeType) -> Iterator[str]:
    yield from (code.co_name, code.co_code.hex(), getattr(code, "co_exceptiontable", b"").hex())
    yield repr((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags))
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars))
    for constant in code.co_consts:
        yield _constant(constant)


def _constant(value: object) -> str:
    if isinstance(value, types.CodeType):
        return f"code {facts_of(value).digest}"
    if isinstance(value, frozenset):  # its order depends on the hash seed
        return f"frozenset {sorted(map(_constant, value))}"
    if isinstance(value, tuple):
        return f"tuple {list(map(_constant, value))}"
    if isinstance(value, int):
        return f"{type(value).__name__} {value:x}"
    return f"{type(value).__name__} {value!r}"


def _reads(code: types.CodeType) -> Iterator[tuple[str, bool]]:
    level = 0
    for each in dis.get_instructions(code):
        if each.opname in _LOADS:
            yield str(each.argval), False
        elif each.opname == "IMPORT_NAME":
            yield "." * level + str(each.argval), True
        if each.opname == "LOAD_CONST" or each.opname == "LOAD_SMALL_INT":
            # An import is preceded by two constants: the level, then the names.
            level = each.argval if type(each.argval) is int and 0 <= each.argval < 10 else level
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _reads(constant)


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def imported(name: str, home: dict[str, Any]) -> types.ModuleType | None:
    """A module that is imported inside a function, if it was imported before."""
    if name.startswith("."):
        package = home.get("__package__")
        if not package:
            return None
        name = resolve_name(name, package)
    return sys.modules.get(name)


# -- installed modules -------------------------------------------------------------------------------------------------


@functools.cache
def _installed_places() -> tuple[str, ...]:
    paths = {sysconfig.get_path(each) for each in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(os.path.realpath(path) + os.sep for path in sorted(filter(None, paths)))


_versions: dict[str, str] = {}


def version_of(module: str) -> str | None:
    """The version of an installed module, `""` if it does not say one; None for the user's own code.

    The user's own are notebooks, scripts, what is typed or executed, and modules that lie outside site-packages.
    """
    known = _versions.get(module)
    if known is not None:
        return known
    top = module.partition(".")[0]
    if top not in _OWN_PACKAGES and not _is_installed(module):
        return None
    version = vars(sys.modules[top]).get("__version__", "") if top in sys.modules else ""
    found = _versions[module] = version if isinstance(version, str) else ""
    return found


def _is_installed(name: str) -> bool:
    module = sys.modules.get(name)
    if module is None or name == "__main__":
        return False
    if name in sys.builtin_module_names:
        return True
    spec = getattr(module, "__spec__", None)
    file = vars(module).get("__file__") or getattr(spec, "origin", None)
    if file == "frozen":
        return True
    if not isinstance(file, str):
        return any(str(place).startswith(_installed_places()) for place in vars(module).get("__path__", ()))
    return os.path.realpath(file).startswith(_installed_places())


# -- objects that cannot be read ---------------------------------------------------------------------------------------


class Generations:
    """Numbers the objects that are found in one place one after the other, from 0: another object has another number.

    A restarted process that makes the same objects in the same order gives the same numbers.  Objects are not kept alive.  An
    object that allows no weak reference is known by its address until another one takes its place.
    """

    def __init__(self) -> None:
        self._seen: dict[str, list[tuple[int, int, weakref.ref[Any] | None]]] = {}
        self._lock = threading.Lock()

    def number(self, slot: str, value: object) -> int:
        """Any thread."""
        with self._lock:
            seen = self._seen.setdefault(slot, [])
            for index, (number, address, reference) in enumerate(seen):
                is_last = index == len(seen) - 1
                if address == id(value) and (reference() is value if reference is not None else is_last):
                    return number
            number = seen[-1][0] + 1 if seen else 0
            seen.append((number, id(value), _reference(value)))
            del seen[:-_OBJECTS_A_SLOT]
            while len(self._seen) > _MOST_SLOTS:
                del self._seen[next(iter(self._seen))]
            return number


def _reference(value: object) -> weakref.ref[Any] | None:
    try:
        return weakref.ref(value)
    except TypeError:
        return None


generations = Generations()
"""One for the process: an object has the same number for every actor that finds it in the same place."""
