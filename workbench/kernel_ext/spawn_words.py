"""`%spawn`: what each of its words does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError

from workbench.commands.lifecycle import start, status, stop

Word = Callable[[str], str]
"""Reads a word of the line."""


def run(given: argparse.Namespace, word: Word) -> Any:
    """Do what the first word says.

    Raises:
        UsageError: there is no such word, or a path is given to one that takes none, or missing.
    """
    act = _ACTS.get(given.what)
    if act is None:
        raise UsageError(f"%spawn cannot {given.what!r}. Use one of: {', '.join(_ACTS)}.")
    if given.path is not None and given.what not in ("report", "export", "database"):
        raise UsageError(f"%spawn {given.what} takes no {given.path!r}. See %spawn?")
    return act(given, word)


def _start(given: argparse.Namespace, word: Word) -> Any:
    texts = {name: getattr(given, name) for name in ("system", "store", "durability")}
    return start(**{name: word(text) for name, text in texts.items() if text is not None})


def _stop(given: argparse.Namespace, word: Word) -> None:
    print(stop(given.drain))  # noqa: T201 - the cell's own output


def _serve(given: argparse.Namespace, word: Word) -> Any:
    from workbench.commands.serve import serve

    return serve(grpc_port=given.grpc_port, http_port=given.http_port, host_port=given.host_port)


def _report(given: argparse.Namespace, word: Word) -> Any:
    from workbench.commands.report import report

    path = word(given.path) if given.path is not None else "report.html"
    since = word(given.since) if given.since is not None else None
    return report(path, actors=_names(given, word), since=since, force=given.force)


def _export(given: argparse.Namespace, word: Word) -> Any:
    from workbench.commands.export import export

    if given.path is None:
        raise UsageError("%spawn export needs a folder: %spawn export FOLDER. See %spawn?")
    return export(word(given.path), actors=_names(given, word), force=given.force)


def _database(given: argparse.Namespace, word: Word) -> Any:
    from workbench.commands.spawn_database import spawn_database

    if given.path is None:
        raise UsageError("%spawn database needs the URL of a Spawn proxy's database. See %spawn?")
    names = _names(given, word) or []
    if len(names) > 1:
        raise UsageError("%spawn database shows the revisions of one actor: --actors NAME.")
    return spawn_database(word(given.path), *names)


def _help(given: argparse.Namespace, word: Word) -> None:
    from workbench.kernel_ext.help import overview

    print(overview())  # noqa: T201 - the user asked for it in a cell


def _names(given: argparse.Namespace, word: Word) -> list[str] | None:
    if given.actors is None:
        return None
    return [name.strip() for name in word(given.actors).split(",") if name.strip()]


_ACTS: dict[str, Callable[[argparse.Namespace, Word], Any]] = {
    "status": lambda given, word: status(),
    "start": _start,
    "stop": _stop,
    "serve": _serve,
    "report": _report,
    "export": _export,
    "database": _database,
    "help": _help,
}
