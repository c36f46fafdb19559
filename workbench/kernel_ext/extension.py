"""Loading into an IPython shell, and leaving it as it was."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from typing import Any

from runtime.hosts.tracebacks import code_names
from workbench import widgets
from workbench.kernel_ext.actor_cell import Announcements, Authoring, Rebound, RunningCell
from workbench.kernel_ext.completion import LineCompleter
from workbench.kernel_ext.config import Workbench
from workbench.kernel_ext.display import Panels, Secrets, TransientLine
from workbench.kernel_ext.errors import ErrorDisplay, Interrupts
from workbench.kernel_ext.magics.base import BaseMagics
from workbench.kernel_ext.magics.core import WorkbenchMagics
from workbench.kernel_ext.magics.registry import CLASSES
from workbench.kernel_ext.output_capture import Prints
from workbench.kernel_ext.wait_notice import WaitNotice
from workbench.session import Session, current

_VSCODE_NOTEBOOK = "__vsc_ipynb_file__"
"""The variable by which VS Code tells the notebook's file."""


class Extension:
    """All that the workbench puts into one shell.  Each part registers how it is taken back, last first."""

    def __init__(self, shell: Any, session: Session) -> None:
        self.shell, self._session = shell, session
        self._undo: list[Callable[[], object]] = []

    def load(self) -> None:
        """Magics, completion, configuration and errors.  Starts nothing."""
        self._undo.append(self._session.reset)
        self._undo.append(widgets.close_all)
        self._announce_in_cells()
        self._add_configuration()
        self._divert_prints()
        cell = self._follow_cells()
        self._name_cells()
        errors = ErrorDisplay(self.shell)
        errors.install()
        self._undo.append(errors.remove)
        self._session.show_plainly = errors.show_plainly
        self._watch_calls()
        interrupts = Interrupts(self.shell, errors)
        interrupts.install()
        self._undo.append(interrupts.remove)
        authoring = Authoring(self.shell.user_ns, self.shell.user_ns_hidden)
        self._undo.append(authoring.take_back)
        self._add_magics(WorkbenchMagics(self.shell, cell, errors, authoring))
        for magics in CLASSES:
            if magics is not WorkbenchMagics:
                self._add_magics(magics(self.shell))
        self._add_completion()
        end = KernelEnd(self.shell, self._session)
        end.install()
        self._undo.append(end.remove)
        self._watch_names()
        panels = Panels(self.shell)
        panels.install()
        self._undo.append(panels.remove)
        secrets = Secrets(self.shell)
        secrets.install()
        self._undo.append(secrets.remove)

    def unload(self) -> None:
        """Stop the actor system, and give the shell back everything as it was before."""
        while self._undo:
            self._undo.pop()()
        # Kernels before version 7 note for each thread the cell that began it, and forget it with the next collection; until then
        # another thread of the same number would print into that cell.
        gc.collect(0)

    def _announce_in_cells(self) -> None:
        before, self._session.notify = self._session.notify, print
        self._session.notebook = str(self.shell.user_ns.get(_VSCODE_NOTEBOOK, ""))
        self._session.variables = self.shell.user_ns
        self._undo.append(lambda: setattr(self._session, "variables", {}))
        self._undo.append(lambda: setattr(self._session, "notify", before))

    def _watch_calls(self) -> None:
        """Only where a cell can be changed while it runs: a terminal has no such thing."""
        if getattr(self.shell, "kernel", None) is None:
            return
        notice = WaitNotice(TransientLine(self.shell.display_pub).show)
        before, self._session.watched = self._session.watched, notice.watched
        self._undo.append(notice.stop)
        self._undo.append(lambda: setattr(self._session, "watched", before))

    def _add_configuration(self) -> None:
        settings = Workbench(parent=self.shell)
        settings.bind(self._session)
        self.shell.configurables.append(settings)
        self._undo.append(lambda: self._session.defaults.clear())
        self._undo.append(lambda: self.shell.configurables.remove(settings))

    def _name_cells(self) -> None:
        """Have recorded tracebacks say `Cell In[3]`, and not a temporary file's name."""
        called = getattr(self.shell.compile, "format_code_name", lambda _: None)
        self._undo.append(code_names.add(lambda filename: " ".join(called(filename) or ())))

    def _follow_cells(self) -> RunningCell:
        cell = RunningCell()
        self.shell.events.register("pre_run_cell", cell.began)
        self._undo.append(lambda: self.shell.events.unregister("pre_run_cell", cell.began))
        return cell

    def _watch_names(self) -> None:
        rebound = Rebound(self.shell.user_ns, self._session)
        self.shell.events.register("post_run_cell", rebound.after_cell)
        self._undo.append(lambda: self.shell.events.unregister("post_run_cell", rebound.after_cell))
        announcements = Announcements(rebound, self.shell.user_ns, self.shell.user_ns_hidden)
        self.shell.ast_transformers.append(announcements)
        self._undo += [announcements.remove, lambda: self.shell.ast_transformers.remove(announcements)]

    def _divert_prints(self) -> None:
        prints = Prints(self.shell, self._session.logs)
        prints.install()
        self._undo += [self._session.logs.clear, prints.remove]

    def _add_magics(self, magics: BaseMagics) -> None:
        """Earlier magics of these names, such as IPython's own %history, come back at unloading."""
        manager = self.shell.magics_manager
        names = {kind: list(table) for kind, table in type(magics).magics.items()}
        before = {kind: {n: manager.magics[kind].get(n) for n in table} for kind, table in names.items()}
        manager.register(magics)

        def restore() -> None:
            for kind, table in before.items():
                for name, function in table.items():
                    _put_back(manager.magics[kind], name, function)
            manager.registry.pop(type(magics).__name__, None)
            # Magics put themselves there, which `%config` lists.
            self.shell.configurables[:] = [each for each in self.shell.configurables if each is not magics]

        self._undo.append(restore)

    def _add_completion(self) -> None:
        matcher = LineCompleter(self._session, self.shell.user_ns).matcher()
        matchers = self.shell.Completer.custom_matchers
        matchers.append(matcher)
        self._undo.append(lambda: matchers.remove(matcher))


_loaded: dict[int, Extension] = {}


def load(shell: Any) -> None:
    """Load into a shell; does nothing where it is loaded already."""
    if id(shell) not in _loaded:
        extension = Extension(shell, current)
        extension.load()
        _loaded[id(shell)] = extension


def unload(shell: Any) -> None:
    """Unload from a shell; does nothing where it is not loaded."""
    extension = _loaded.pop(id(shell), None)
    if extension is not None:
        extension.unload()


def _put_back(table: dict[str, Any], name: str, function: Any) -> None:
    if function is None:
        table.pop(name, None)
    else:
        table[name] = function


# --- The end of a kernel by its menu: the actor system stops while there is still time for it -------------------------
# Python's own exit hooks come too late for that: a kernel with a child process is ended by a signal, without them.

_DRAIN_S = 1.0
"""A front end ends a kernel with SIGTERM after some seconds; before that, what is left must be on disk as dead letters."""


class KernelEnd:
    """Stops the session when the kernel is asked to shut down, until it is removed.  Does nothing without a kernel."""

    def __init__(self, shell: Any, session: Session) -> None:
        self._kernel: Any = getattr(shell, "kernel", None)
        self._session = session

    def install(self) -> None:
        """From now on."""
        kernel, session = self._kernel, self._session
        if kernel is None or not hasattr(kernel, "do_shutdown"):
            return
        before = kernel.do_shutdown

        def do_shutdown(restart: bool) -> Any:
            try:
                session.stop(_DRAIN_S)
            except Exception as error:  # noqa: BLE001 - the kernel ends all the same
                logging.getLogger("workbench").error("The actor system did not stop properly: %s", error)
            return before(restart)

        kernel.do_shutdown = do_shutdown

    def remove(self) -> None:
        """The kernel ends as before."""
        if self._kernel is not None:
            vars(self._kernel).pop("do_shutdown", None)
