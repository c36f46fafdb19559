"""A workbench for actors inside Jupyter: `import workbench as wb`, or `%load_ext workbench` in a notebook.

Everything loads at first use, so that importing this costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runtime import Actor, Broadcast, Context, Forward, Pipe, SideEffect, Value, action, init, migrate, timer
    from workbench.commands.actors import actors, mailbox, ref, start, state, status, stop
    from workbench.commands.archive import archive, open_archive
    from workbench.commands.attach import attach, attached, audit, detach, spawn_database
    from workbench.commands.debugger import abandon, active_faults, end_faults, faults, held, hold, release
    from workbench.commands.deploy import confirm_dropped, deploy, preview, redeploy, restore, undeploy, versions
    from workbench.commands.exports import export, report
    from workbench.commands.failures import dead_letters, failures, postmortem, retry
    from workbench.commands.history import connection, logs, queries, query
    from workbench.commands.invoke import ainvoke, invoke
    from workbench.commands.load import load
    from workbench.commands.past import as_of, bisect, find, search
    from workbench.commands.proto import contract, proto
    from workbench.commands.serve import serve
    from workbench.commands.time_travel.actor_past import history
    from workbench.commands.time_travel.fork import fork
    from workbench.commands.time_travel.replay import replay
    from workbench.commands.trace import cause, trace
    from workbench.kernel_ext.display import dashboard, form, watch
    from workbench.teaching.check import check

_HOMES = {
    **dict.fromkeys(
        (
            "Actor",
            "Broadcast",
            "Context",
            "Forward",
            "Pipe",
            "SideEffect",
            "Value",
            "action",
            "init",
            "migrate",
            "timer",
        ),
        "runtime",
    ),
    "abandon": "workbench.commands.debugger",
    "active_faults": "workbench.commands.debugger",
    "actors": "workbench.commands.actors",
    "ainvoke": "workbench.commands.invoke",
    "archive": "workbench.commands.archive",
    "as_of": "workbench.commands.past",
    "attach": "workbench.commands.attach",
    "attached": "workbench.commands.attach",
    "audit": "workbench.commands.attach",
    "bisect": "workbench.commands.past",
    "cause": "workbench.commands.trace",
    "check": "workbench.teaching.check",
    "confirm_dropped": "workbench.commands.deploy",
    "connection": "workbench.commands.history",
    "contract": "workbench.commands.proto",
    "dashboard": "workbench.kernel_ext.display",
    "dead_letters": "workbench.commands.failures",
    "deploy": "workbench.commands.deploy",
    "detach": "workbench.commands.attach",
    "end_faults": "workbench.commands.debugger",
    "export": "workbench.commands.exports",
    "failures": "workbench.commands.failures",
    "faults": "workbench.commands.debugger",
    "find": "workbench.commands.past",
    "fork": "workbench.commands.time_travel.fork",
    "form": "workbench.kernel_ext.display",
    "held": "workbench.commands.debugger",
    "history": "workbench.commands.time_travel.actor_past",
    "hold": "workbench.commands.debugger",
    "invoke": "workbench.commands.invoke",
    "load": "workbench.commands.load",
    "logs": "workbench.commands.history",
    "mailbox": "workbench.commands.actors",
    "open_archive": "workbench.commands.archive",
    "postmortem": "workbench.commands.failures",
    "preview": "workbench.commands.deploy",
    "proto": "workbench.commands.proto",
    "queries": "workbench.commands.history",
    "query": "workbench.commands.history",
    "redeploy": "workbench.commands.deploy",
    "ref": "workbench.commands.actors",
    "release": "workbench.commands.debugger",
    "replay": "workbench.commands.time_travel.replay",
    "report": "workbench.commands.exports",
    "restore": "workbench.commands.deploy",
    "retry": "workbench.commands.failures",
    "search": "workbench.commands.past",
    "serve": "workbench.commands.serve",
    "spawn_database": "workbench.commands.attach",
    "start": "workbench.commands.actors",
    "state": "workbench.commands.actors",
    "status": "workbench.commands.actors",
    "stop": "workbench.commands.actors",
    "trace": "workbench.commands.trace",
    "undeploy": "workbench.commands.deploy",
    "versions": "workbench.commands.deploy",
    "watch": "workbench.kernel_ext.display",
}

__all__ = [
    "Actor",
    "Broadcast",
    "Context",
    "Forward",
    "Pipe",
    "SideEffect",
    "Value",
    "abandon",
    "action",
    "active_faults",
    "actors",
    "ainvoke",
    "archive",
    "as_of",
    "attach",
    "attached",
    "audit",
    "bisect",
    "cause",
    "check",
    "confirm_dropped",
    "connection",
    "contract",
    "dashboard",
    "dead_letters",
    "deploy",
    "detach",
    "end_faults",
    "export",
    "failures",
    "faults",
    "find",
    "fork",
    "form",
    "held",
    "history",
    "hold",
    "init",
    "invoke",
    "load",
    "logs",
    "mailbox",
    "migrate",
    "open_archive",
    "postmortem",
    "preview",
    "proto",
    "queries",
    "query",
    "redeploy",
    "ref",
    "release",
    "replay",
    "report",
    "restore",
    "retry",
    "search",
    "serve",
    "spawn_database",
    "start",
    "state",
    "status",
    "stop",
    "timer",
    "trace",
    "undeploy",
    "versions",
    "watch",
]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext workbench`: the magics, completion and errors in plain words.  Starts nothing else."""
    from workbench.origin import check_origin, untested_platform

    check_origin()
    from workbench.kernel_ext.extension import load

    load(shell)
    if said := untested_platform():
        print(said)  # noqa: T201 - the cell that loads it is where it is read


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext workbench`: stops the actor system and takes everything back."""
    from workbench.kernel_ext.extension import unload

    unload(shell)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise _no_such_name(name)
    from workbench.origin import check_origin

    check_origin()
    value = globals()[name] = getattr(import_module(home), name)
    return value


def _no_such_name(name: str) -> AttributeError:
    said = f"module {__name__!r} has no attribute {name!r}"
    if name.startswith("_"):  # probed for, not typed
        return AttributeError(said)
    from difflib import get_close_matches

    from workbench.results import UnknownName

    close = get_close_matches(name, __all__, n=1, cutoff=0.7)
    meant = _OTHER_WORDS.get(name) or (f"Did you mean {close[0]}?" if close else "")
    return UnknownName(f"{said}. {meant}".rstrip())


_OTHER_WORDS = {
    "ask": "To call an action and wait for its answer, use wb.invoke(ACTOR, ACTION, PAYLOAD).",
    "call": "To call an action and wait for its answer, use wb.invoke(ACTOR, ACTION, PAYLOAD).",
    "send": "To send a message and not wait, use wb.invoke(ACTOR, ACTION, PAYLOAD, asynchronous=True).",
    "tell": "To send a message and not wait, use wb.invoke(ACTOR, ACTION, PAYLOAD, asynchronous=True).",
}
"""What other actor systems, and `ctx` in an action, call by these names."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
