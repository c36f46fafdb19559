"""The magics: names, arguments, and one call of a command each."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    cell_magic,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument

from workbench.commands.actors import actors, mailbox, start, state, status, stop
from workbench.commands.deploy import undeploy
from workbench.commands.invoke import invoke
from workbench.kernel_ext.actor_cell import Authoring, RunningCell
from workbench.kernel_ext.errors import ErrorDisplay
from workbench.kernel_ext.magics.arguments import (
    ACTOR,
    ACTOR_CELL,
    INVOKE,
    LIBRARY,
    SPAWN,
    arguments,
    parsed,
    read_call,
    read_settings,
)
from workbench.kernel_ext.magics.base import BaseMagics, Scope
from workbench.presenters.availability import is_available

_PLOT = re.compile(r"\s*--plot(?!\S)")
_OUT = re.compile(r"\s*(?:--out[ =]\s*([^\W\d]\w*)|([^\W\d]\w*)\s*<<)\s*(.*)\Z", re.DOTALL)


def _lists_queries(function: Any) -> Any:
    """Decorate `%query` with a help that has the library's queries, read when someone asks for it."""
    function.getdoc = help_of_query
    return function


def help_of_query() -> str:
    """What `%query?` and `%query --help` show."""
    from workbench.commands.history import queries

    return f"{inspect.cleandoc(WorkbenchMagics.query.__doc__ or '')}\n\n{queries!r}"


@arguments(*LIBRARY)
def _query(line: str) -> None:
    """Ask a query of the library, or for the last statements."""


def _from_library(line: str) -> Any:
    from workbench.commands.history import queries

    given = parsed(_query, line)
    if given is None or given.log:
        return given and queries.log(given.limit)
    return getattr(queries, given.query)(given.actor, since=given.since, limit=given.limit)


@magics_class
class WorkbenchMagics(BaseMagics):
    """Define, invoke and look; each magic is a thin layer over the function of the same name in `workbench`."""

    def __init__(self, shell: Any, cell: RunningCell, errors: ErrorDisplay, authoring: Authoring) -> None:
        super().__init__(shell)
        self._cell, self._errors, self._authoring = cell, errors, authoring
        self._walked: dict[tuple[str, str], Any] = {}
        """Where `%history --back` and `--step` stand, by system and actor."""
        self._ipythons_history = shell.find_line_magic("history")

    @no_var_expand
    @cell_magic
    @arguments(*ACTOR_CELL, is_cell_magic=True)
    def actor(self, line: str, cell: str) -> Any:
        """Define an actor in this cell and deploy it; run the cell again to redeploy, keeping its state and mailbox.

        Actor, Context, Value, action, init, timer, migrate, Broadcast, SideEffect, Pipe and Forward are there without an import.
        If the code does not compile, run or deploy, the definition that was there keeps running.

        Example::

            %%actor counter deactivate_timeout=30s
            class Counter(Actor):
                total: int = 0

                @action
                def add(self, value: int) -> dict:
                    self.total += value
                    return {"total": self.total}
        """
        from workbench.kernel_ext.actor_cell import deploy_cell

        given = parsed(WorkbenchMagics.actor, line)
        if given is None:
            return None
        code = self._cell.code(self.shell, "actor", cell)
        self._authoring.provide()
        settings = read_settings(given, self._names(None))
        return deploy_cell(self.shell, code, settings, self._errors, is_preview=given.preview)

    @needs_local_scope
    @no_var_expand
    @line_cell_magic
    @arguments(*INVOKE)
    def invoke(self, line: str, cell: str | None = None, local_ns: Scope = None) -> Any:
        """Call an action and show what it answers; as %%invoke, the cell is the payload.

        Interrupting the cell ends the wait, not the action.

        Examples::

            %invoke counter add value=5
            %invoke counter add value={2 + 3} --key order-17 --timeout 5s
            total = %invoke counter get
        """
        given = parsed(WorkbenchMagics.invoke, line)
        if given is None:
            return None
        call = read_call(given, self._names(local_ns), cell)
        answer = invoke(call.actor, call.action, call.payload, **call.options)
        if answer is None and (call.options.keys() & {"asynchronous", "delay"}):
            print(f"{call.actor}.{call.action} is on its way.")  # noqa: T201 - what this cell did, in this cell
        return answer

    @line_magic
    @arguments(argument("--all", action="store_true", help="also beyond the first 1,000"))
    def actors(self, line: str) -> Any:
        """List the actors: templates, active ones, and those that are only in the store.

        Example::

            %actors
        """
        given = parsed(WorkbenchMagics.actors, line)
        return given and actors(everything=given.all)

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(ACTOR, argument("--revision", type=int, metavar="N", help="as it was at this revision"))
    def state(self, line: str, local_ns: Scope = None) -> Any:
        """Show an actor's committed state, now or at a past revision, without waking it.

        Examples::

            %state counter
            %state counter --revision 1
        """
        given = parsed(WorkbenchMagics.state, line)
        if given is None:
            return None
        actor = self._word(given.actor, local_ns)
        value = state(actor, given.revision)
        if value is None:
            print(f"{actor} has no state yet.")  # noqa: T201 - the cell's own output
        return value

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(ACTOR)
    def mailbox(self, line: str, local_ns: Scope = None) -> Any:
        """Show the message that an actor works on, then those that wait, in order.

        Example::

            %mailbox counter
        """
        given = parsed(WorkbenchMagics.mailbox, line)
        return given and mailbox(self._word(given.actor, local_ns))

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(ACTOR)
    def undeploy(self, line: str, local_ns: Scope = None) -> None:
        """Forget an actor's code; its state and its history stay in the store.

        Example::

            %undeploy counter
        """
        given = parsed(WorkbenchMagics.undeploy, line)
        if given:
            actor = self._word(given.actor, local_ns)
            undeploy(actor)
            print(_undeployed(actor))  # noqa: T201 - the cell's own output

    @no_var_expand
    @line_cell_magic
    @_lists_queries
    def query(self, line: str, cell: str | None = None) -> Any:
        """Ask the history with SQL; the answer is a DuckDB relation: a table here, `.df()` for pandas, `.arrow()` for Arrow.

        `$name` stands for the notebook's variable of that name.  `name <<` or `--out name` keeps the answer in a variable.
        A DataFrame in a variable is a table of that name.  `--plot` draws the answer; `_.code` is the Python for it.

        A name from the library of queries stands for its SQL, with `--actor NAME`, `--since TIME` and `--limit N`;
        `wb.queries.NAME.sql` is the text.  `--log` lists the last statements of this kernel: when, text, rows and duration.

        Examples::

            %query SELECT actor, revision FROM actors

            %query slowest_actions --since 1h

            %query --log

            %%query --plot
            SELECT at, total FROM history.counter

            %%query totals <<
            SELECT at, total FROM history.counter ORDER BY revision
        """
        from workbench.commands.history import drawn
        from workbench.kernel_ext.magics.parser import named_query, run_query

        if line.split() in (["--help"], ["-h"], ["?"]):
            print(help_of_query())  # noqa: T201 - the user asked for it in a cell
            return None
        is_drawn, line = bool(_PLOT.match(line)), _PLOT.sub("", line)
        match = _OUT.match(line)
        target, first = (match[1] or match[2], match[3]) if match else (None, line)
        if not (cell or "").strip() and named_query(first.strip()):
            sql, relation = "", _from_library(first)
        else:
            sql = f"{first}\n{cell or ''}".strip()
            relation = run_query(sql, self.shell.user_ns)
        if target is not None:
            self.shell.user_ns[target] = relation
        return drawn(relation, sql) if is_drawn else relation if target is None else None

    @line_magic
    @arguments(*SPAWN)
    def spawn(self, line: str) -> Any:
        """Say how the actor system is doing; start, stop or serve it, report on it, or export its actors as a project.

        Examples::

            %spawn status
            %spawn serve
            %spawn report
            %spawn report counter.html --actors counter --since 1h
            %spawn export counter-project --actors counter
            %spawn database postgresql+psycopg://user@host/eigr-functions-db --actors counter
            %spawn help
        """

        given = parsed(WorkbenchMagics.spawn, line)
        return given and run(given, lambda word: self._word(word, None))

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(ACTOR)
    def watch(self, line: str, local_ns: Scope = None) -> Any:
        """Show an actor live: its state, its mailbox and its last turns, moving while other cells run.

        Example::

            %watch counter
        """
        from workbench.kernel_ext.display import watch

        given = parsed(WorkbenchMagics.watch, line)
        return given and watch(self._word(given.actor, local_ns))

    @line_magic
    @arguments(argument("--topology", action="store_true", help="begin with who calls whom"))
    def dashboard(self, line: str) -> Any:
        """Show the whole system live: its actors, what they are doing, and what went wrong.

        Example::

            %dashboard
            %dashboard --topology
        """
        from workbench.kernel_ext.display import dashboard

        given = parsed(WorkbenchMagics.dashboard, line)
        return given and dashboard("topology" if given.topology else "actors")

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument("--limit", type=int, default=20, metavar="N", help="so many turns (default: 20)"),
        argument("--revision", type=int, metavar="N", help="the turns up to this revision instead of the last ones"),
        argument(
            "--back",
            action="store_true",
            help="one turn back from where the last --back or --step led, and what it changed",
        ),
        argument("--step", action="store_true", help="one turn forward again"),
        argument(
            "--diff", type=int, nargs=2, metavar="N", help="all that differs between two revisions, and what made it so"
        ),
        argument("--compare", metavar="OTHER", help="turn by turn beside another actor: the first difference"),
        argument(
            "--own",
            action="store_true",
            help="of the notebook's own system, also while attached; with --compare: OTHER is",
        ),
    )
    def history(self, line: str, local_ns: Scope = None) -> Any:
        """Show an actor's last turns, step through all of them, and compare; without a name, this is IPython's own %history.

        Examples::

            %history counter
            %history counter --limit 100
            %history counter --back
            %history counter --step
            %history counter --diff 0 1
        """
        if is_for_ipython(line):
            return self._ipythons_history(line)
        given = parsed(WorkbenchMagics.history, line)
        return given and self._past(given, local_ns)

    def _past(self, given: argparse.Namespace, here: Scope) -> Any:
        """What the options of `%history` ask for."""
        from workbench.commands.time_travel.actor_past import history

        if sum([given.back, given.step, given.diff is not None, given.compare is not None]) > 1:
            raise UsageError("Give one of --back, --step, --diff and --compare.")
        actor = self._word(given.actor, here)
        if given.compare is not None:
            return history(actor).compare(history(self._word(given.compare, here), own=given.own))
        past = history(actor, given.limit, revision=given.revision, own=given.own)
        if given.diff is not None:
            return past.diff(*given.diff)
        if not (given.back or given.step):
            return past
        walked = self._walked.get((past.target, actor))
        if walked is None or given.revision is not None or not walked.is_of(past):
            walked = self._walked[past.target, actor] = past
        return walked.back() if given.back else walked.step()


def _undeployed(actor: str) -> str:
    if is_available("redeploy"):
        return f"{actor} has no code now; its state and its history are kept. %redeploy {actor} brings it back."
    return f"{actor} runs in this process no more; its state stays where it is. Its cell, run again, brings it back."


# --- `%spawn`: what each of its words does ----------------------------------------------------------------------------

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
    from workbench.commands.exports import report

    path = word(given.path) if given.path is not None else "report.html"
    since = word(given.since) if given.since is not None else None
    return report(path, actors=_names(given, word), since=since, force=given.force)


def _export(given: argparse.Namespace, word: Word) -> Any:
    from workbench.commands.exports import export

    if given.path is None:
        raise UsageError("%spawn export needs a folder: %spawn export FOLDER. See %spawn?")
    return export(word(given.path), actors=_names(given, word), force=given.force)


def _database(given: argparse.Namespace, word: Word) -> Any:
    from workbench.commands.attach import spawn_database

    if given.path is None:
        raise UsageError("%spawn database needs the URL of a Spawn proxy's database. See %spawn?")
    names = _names(given, word) or []
    if len(names) > 1:
        raise UsageError("%spawn database shows the revisions of one actor: --actors NAME.")
    return spawn_database(word(given.path), *names)


def _help(given: argparse.Namespace, word: Word) -> None:
    from workbench.kernel_ext.magics.registry import overview

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


# --- `%history`: two magics under one name, IPython's own and ours ----------------------------------------------------

# `%history`, `%history -n`, `%history 4-6`, `%history ~1/3 -f out.py`: lines of input, not an actor.
_FOR_IPYTHON = re.compile(r"\s*(?:\Z|-(?!-(?:help|limit|revision)\b)|~?\d[\d/~-]*(?:\s|\Z))")


def is_for_ipython(line: str) -> bool:
    """Whether the line asks for lines of input instead of an actor."""
    return _FOR_IPYTHON.match(line) is not None
