"""A workbench for actors inside Jupyter: `import workbench as wb`, or `%load_ext workbench` in a notebook.

Everything loads at first use, so that importing this costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runtime import Actor, Broadcast, Context, Forward, Pipe, SideEffect, Value, action, init, migrate, timer
    from workbench.commands.abandon import abandon
    from workbench.commands.actors import actors
    from workbench.commands.attach import attached, detach
    from workbench.commands.audit import audit
    from workbench.commands.deploy import confirm_dropped, deploy, undeploy
    from workbench.commands.failures import dead_letters, failures
    from workbench.commands.faults import active_faults, end_faults, faults
    from workbench.commands.fork import fork
    from workbench.commands.hold import held, hold, release
    from workbench.commands.invoke import ainvoke, invoke
    from workbench.commands.lifecycle import start, status, stop
    from workbench.commands.load import load
    from workbench.commands.logs import logs
    from workbench.commands.mailbox import mailbox
    from workbench.commands.postmortem import postmortem
    from workbench.commands.preview import preview
    from workbench.commands.proto import contract, proto
    from workbench.commands.query import query
    from workbench.commands.redeploy import redeploy, versions
    from workbench.commands.ref import ref
    from workbench.commands.replay import replay
    from workbench.commands.report import report
    from workbench.commands.restore import restore
    from workbench.commands.retry import retry
    from workbench.commands.serve import serve
    from workbench.commands.spawn_database import spawn_database
    from workbench.commands.state import state
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
    "abandon": "workbench.commands.abandon",
    "active_faults": "workbench.commands.faults",
    "actors": "workbench.commands.actors",
    "ainvoke": "workbench.commands.invoke",
    "attached": "workbench.commands.attach",
    "audit": "workbench.commands.audit",
    "cause": "workbench.commands.trace",
    "check": "workbench.teaching.check",
    "confirm_dropped": "workbench.commands.deploy",
    "contract": "workbench.commands.proto",
    "dashboard": "workbench.kernel_ext.display",
    "dead_letters": "workbench.commands.failures",
    "deploy": "workbench.commands.deploy",
    "detach": "workbench.commands.attach",
    "end_faults": "workbench.commands.faults",
    "failures": "workbench.commands.failures",
    "faults": "workbench.commands.faults",
    "fork": "workbench.commands.fork",
    "form": "workbench.kernel_ext.display",
    "held": "workbench.commands.hold",
    "hold": "workbench.commands.hold",
    "invoke": "workbench.commands.invoke",
    "load": "workbench.commands.load",
    "logs": "workbench.commands.logs",
    "mailbox": "workbench.commands.mailbox",
    "postmortem": "workbench.commands.postmortem",
    "preview": "workbench.commands.preview",
    "proto": "workbench.commands.proto",
    "query": "workbench.commands.query",
    "redeploy": "workbench.commands.redeploy",
    "ref": "workbench.commands.ref",
    "release": "workbench.commands.hold",
    "replay": "workbench.commands.replay",
    "restore": "workbench.commands.restore",
    "report": "workbench.commands.report",
    "retry": "workbench.commands.retry",
    "serve": "workbench.commands.serve",
    "spawn_database": "workbench.commands.spawn_database",
    "start": "workbench.commands.lifecycle",
    "state": "workbench.commands.state",
    "status": "workbench.commands.lifecycle",
    "stop": "workbench.commands.lifecycle",
    "trace": "workbench.commands.trace",
    "undeploy": "workbench.commands.deploy",
    "versions": "workbench.commands.redeploy",
    "watch": "workbench.kernel_ext.display",
}

_CALLED_PACKAGES = {
    "attach": "workbench.commands.attach",
    "export": "workbench.commands.export",
    "history": "workbench.commands.history",
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
    "attach",
    "attached",
    "audit",
    "cause",
    "check",
    "confirm_dropped",
    "contract",
    "dashboard",
    "dead_letters",
    "deploy",
    "detach",
    "end_faults",
    "export",
    "failures",
    "faults",
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
    "postmortem",
    "preview",
    "proto",
    "query",
    "redeploy",
    "ref",
    "release",
    "replay",
    "report",
    "restore",
    "retry",
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


class _CalledPackage(ModuleType):
    """A package whose name is also a command: `wb.history("counter")` beside `workbench.history.database`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module(_CALLED_PACKAGES[name]), name)(*arguments, **options)


class _Facade(ModuleType):
    """This module.  The import system sets a submodule as an attribute here, which is when it becomes callable."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _CALLED_PACKAGES and isinstance(value, ModuleType):
            value.__class__ = _CalledPackage
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Facade


def __getattr__(name: str) -> Any:
    if name in _CALLED_PACKAGES:
        return import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_meant(name)}")
    from workbench.origin import check_origin

    check_origin()
    value = globals()[name] = getattr(import_module(home), name)
    return value


def _meant(name: str) -> str:
    if name.startswith("_"):  # probed for, not typed
        return ""
    from difflib import get_close_matches

    close = get_close_matches(name, __all__, n=1, cutoff=0.7)
    return f". Did you mean {close[0]}?" if close else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
