"""Loading into an IPython shell, and leaving it as it was."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from traitlets import Bool, Enum, Float, Int, Unicode
from traitlets.config import Configurable

from runtime.config import DEFAULT_SYSTEM, Durability
from runtime.hosts.tracebacks import code_names
from workbench import widgets
from workbench.kernel_ext.actor_cell import Announcements, Authoring, Rebound, RunningCell
from workbench.kernel_ext.completion import LineCompleter
from workbench.kernel_ext.display import Panels, Secrets, TransientLine
from workbench.kernel_ext.errors import ErrorDisplay, Interrupts
from workbench.kernel_ext.magics.base import BaseMagics
from workbench.kernel_ext.magics.core import WorkbenchMagics
from workbench.kernel_ext.magics.registry import CLASSES
from workbench.kernel_ext.output_capture import Prints
from workbench.kernel_ext.wait_notice import WaitNotice
from workbench.redaction import display
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


# --- Settings, as IPython's configuration: `%config Workbench`, and `c.Workbench.…` in ipython_config.py --------------

_KEEP = ("keep_revisions", "keep_invocations", "keep_days", "keep_turns")
_OF_SESSION = ("system", "store", "durability", "group_interval_ms", "mailbox_limit", "timeout_s", "policies", *_KEEP)


class Workbench(Configurable):
    """How the workbench starts its actor system, and where it records what is done.  A change takes effect at the next start."""

    system = Unicode(DEFAULT_SYSTEM, help="Name of the actor system.").tag(config=True)
    store = Unicode(
        "",
        help="Where history is kept: sqlite:///PATH, a path, or memory. Empty: .spawn/<notebook>.db beside the notebook.",
    ).tag(config=True)
    durability = Enum(
        [level.value for level in Durability],
        default_value=Durability.JOURNAL.value,
        help="What an answer means for the disk, for actors whose class does not say.",
    ).tag(config=True)
    group_interval_ms = Int(
        10, min=1, max=20, help="The longest a finished turn waits for company before it is written."
    ).tag(config=True)
    mailbox_limit = Int(100_000, min=1, help="Waiting messages for one actor before callers are refused.").tag(
        config=True
    )
    timeout_s = Float(60.0, min=0.0, help="Seconds that a call waits for its answer when it does not say.").tag(
        config=True
    )

    policies = Unicode(
        None,
        allow_none=True,
        help="Folder with *.policy files that say who may call what; None: everything is allowed.",
    ).tag(config=True)

    audit = Unicode(
        "", help="File that records what is done to actor systems, see %audit. Empty: beside the store."
    ).tag(config=True)

    sql_reads_files = Bool(
        False,
        help="Whether %%query and wb.query may read files of this machine (read_csv and the like); takes effect at once.",
    ).tag(config=True)

    keep_revisions = Int(
        None, min=1, allow_none=True, help="Of each actor's past, the newest so many revisions are kept; None: all."
    ).tag(config=True)
    keep_invocations = Int(
        None, min=1, allow_none=True, help="Of each actor's past, the newest so many turns are kept; None: all."
    ).tag(config=True)
    keep_days = Float(
        None, min=0.0, allow_none=True, help="Turns that ended so many days ago or less are kept; None: all."
    ).tag(config=True)
    keep_turns = Int(
        None, min=1, allow_none=True, help="The newest so many turns of all actors together are kept; None: all."
    ).tag(config=True)

    show_secrets = Bool(
        False,
        help="Show values under a secret's name (password, token, …) in outputs of your own actors, which the notebook saves. "
        "Those of an attached system, and those in reports and exports, stay hidden.",
    ).tag(config=True)

    def bind(self, session: Session) -> None:
        """Make these the session's defaults, now and whenever one changes."""

        def update(change: Any = None) -> None:
            # Only what was set: an untouched trait leaves the decision to the runtime.
            values = {name: getattr(self, name) for name in _OF_SESSION}
            defaults = {name: self.traits()[name].default_value for name in _OF_SESSION}
            session.defaults = {name: value for name, value in values.items() if value != defaults[name]}
            if change is not None and session.system is not None:
                session.notify("This takes effect at the next start: %spawn stop, then %spawn start.")

        def update_audit(change: Any = None) -> None:
            session.audits.file = Path(self.audit).expanduser().resolve() if self.audit else None

        def update_sql(change: Any = None) -> None:
            session.sql_reads_files = self.sql_reads_files

        def update_display(change: Any = None) -> None:
            display.shows_secrets = self.show_secrets

        self.observe(update, list(_OF_SESSION))
        self.observe(update_display, ["show_secrets"])
        update_display()
        self.observe(update_audit, ["audit"])
        self.observe(update_sql, ["sql_reads_files"])
        update()
        update_sql()
        if self.audit:
            update_audit()
