"""What the commands of `python -m runtime` share: actor classes from modules that are named on the command line, a server that runs
until it is told to stop, and a passphrase that no one sees.
"""

from __future__ import annotations

import argparse
import getpass
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from runtime.authoring.actor import Actor
from runtime.errors import BadSetting, DefinitionError


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


# --- A passphrase -----------------------------------------------------------------------------------------------------

_VARIABLE = "SPAWN_BACKUP_PASSPHRASE"


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """The option by which a passphrase is in a file: on a command line, others could read it."""
    parser.add_argument("--passphrase-file", metavar="FILE", type=Path, help=f"instead of {_VARIABLE} or a question")


def passphrase_from(given: argparse.Namespace, *, is_new: bool) -> str:
    """The passphrase from the file, the environment or, twice where it is new, the terminal.

    Raises:
        BadSetting: the file cannot be read, there is no terminal to ask at, or two different ones were typed.
    """
    if given.passphrase_file is not None:
        try:
            return str(given.passphrase_file.read_text("utf-8")).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"Cannot read the passphrase from {given.passphrase_file}: {error}.") from None
    found = os.environ.get("SPAWN_BACKUP_PASSPHRASE")
    return found if found is not None else _asked(is_new)


def _asked(is_new: bool) -> str:
    if not sys.stdin.isatty():
        raise BadSetting(f"There is no passphrase: set {_VARIABLE}, or name a file with --passphrase-file.")
    passphrase = getpass.getpass("Passphrase: ")
    if is_new and getpass.getpass("Again: ") != passphrase:
        raise BadSetting("Two different passphrases were typed. Nothing was written.")
    return passphrase
