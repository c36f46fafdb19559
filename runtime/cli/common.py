"""What the commands of `python -m runtime` share: actor classes from modules that are named on the command line, and a server that
runs until it is told to stop.
"""

from __future__ import annotations

import importlib
import importlib.util
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from runtime.authoring.actor import Actor
from runtime.errors import DefinitionError


def load_actors(names: Iterable[str]) -> list[type[Actor]]:
    """The actor classes that the modules define, in order: `my_actors.py`, a path, or `package.module`.

    Of a module with `__all__`, only those in it: others are there for it alone, as bases.

    Raises:
        DefinitionError: a module cannot be imported, or defines no actor.
    """
    found: list[type[Actor]] = []
    for name in names:
        module = _load(name)
        names = getattr(module, "__all__", vars(module))
        actors: list[type[Actor]] = [each for n in names if _is_defined_in(each := vars(module).get(n), module)]
        if not actors:
            raise DefinitionError(f"{name} defines no actor: write `class Name(Actor): …` in it.")
        found += dict.fromkeys(actors)
    return found


def _is_defined_in(candidate: object, module: ModuleType) -> TypeGuard[type[Actor]]:
    return isinstance(candidate, type) and issubclass(candidate, Actor) and candidate.__module__ == module.__name__


def _load(name: str) -> ModuleType:
    try:
        if name.endswith(".py"):
            return _load_file(Path(name))
        if "" not in sys.path and str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(name)
    except Exception as error:
        raise DefinitionError(f"Cannot import {name}: {type(error).__name__}: {error}") from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # so that the source of its classes is found
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module


# --- Waiting for the end of a server process --------------------------------------------------------------------------


class Stop:
    """Set by SIGTERM and SIGINT from when it is made; the second signal ends the process at once, as usual."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._former = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}

    def _on_signal(self, number: int, _: object) -> None:
        self._restore()
        self._asked.set()

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def wait(self, look: Callable[[], bool] = lambda: False) -> None:
        """Come back at a signal, or when `look()`, asked every second, says that there is nothing left to do."""
        while not self._asked.wait(1.0):
            if look():
                break
        self._restore()

    def pause(self, seconds: float) -> bool:
        """Wait so long, or until a signal; True if there was one."""
        return self._asked.wait(seconds)
