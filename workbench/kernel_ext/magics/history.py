"""Magics for the past: run it again, go back to an earlier version or state, and trace how messages went."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from runtime.replay.side_effects import KINDS
from workbench.commands.invoke import WaitInterrupted
from workbench.kernel_ext.magics.arguments import ACTOR, arguments, parsed, read_seconds
from workbench.kernel_ext.magics.base import BaseMagics, Scope
from workbench.kernel_ext.magics.parser import read_value

_CODE = argument(
    "--code",
    metavar="CODE",
    help="an actor class, deployed or not, or the hash of an earlier version (default: deployed)",
)


@magics_class
class ReplayMagics(BaseMagics):
    """`%fork` and `%replay`."""

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument("revision", nargs="?", type=int, help="where to begin (default: the revision that it is at)"),
        argument("--name", metavar="NAME", help="keep the fork in this variable; it is shown with it"),
        argument("--replay", action="store_true", help="send it the messages that really came after that revision"),
        argument(
            "--without", metavar="ID", action="append", default=[], help="replay, but without this one; may be repeated"
        ),
        _CODE,
        argument("--lineage", action="store_true", help="only show the forks that were made of it, as a tree"),
    )
    def fork(self, line: str, local_ns: Scope = None) -> Any:
        """Continue an actor from a past revision, in isolation: what if a message had not come, or the code had been other?

        The actor and all others stay as they are.  With the fork one can go on in Python: what_if.invoke("add", {"value": 5}),
        what_if.replay(edit=...), what_if.diff(), what_if.state.

        Examples::

            %fork counter
            %fork counter 0 --replay
            %fork counter 0 --replay --name what_if
            %fork counter --lineage
        """
        from workbench.commands.time_travel.fork import fork, lineage
        from workbench.commands.time_travel.replay import check_history
        from workbench.session import current

        given = parsed(ReplayMagics.fork, line)
        if given is None:
            return None
        if given.lineage:
            return lineage(self._word(given.actor, local_ns))
        name = self._text(given.name, local_ns) or ""
        if name and not name.isidentifier():
            raise UsageError(f"--name {name} is no name of a variable.")
        actor, code = self._word(given.actor, local_ns), self._code(given.code, local_ns)
        without = [self._word(word, local_ns) for word in given.without]
        if without or given.replay:
            check_history(current.open(), actor, "replay")
        found = fork(actor, given.revision, code=code, name=name)
        if without or given.replay:
            found.replay(without=without)
        if name:
            self.shell.push({name: found})
        return found

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument(
            "revision", nargs="?", type=int, help="begin with the turns that found it there (default: the first kept)"
        ),
        argument("--until", type=int, metavar="REVISION", help="end with the turns that led there (default: the last)"),
        _CODE,
        argument("--carry", action="store_true", help="begin each turn where the one before led in the replay"),
        argument("--limit", type=int, default=10_000, metavar="N", help="at most N turns (default: 10,000)"),
        argument(
            "--allow",
            choices=KINDS,
            action="append",
            default=[],
            help="let this through, in both runs; may be repeated",
        ),
        argument("--timeout", metavar="TIME", help="for all of it: seconds, or text such as 2min (default: 60 s)"),
    )
    def replay(self, line: str, local_ns: Scope = None) -> Any:
        """Run an actor's recorded turns again, twice, and show which do not come out as recorded, or not twice the same.

        Nothing of the actor is changed and nothing is sent.  A turn that would write a file, reach the network or start a process
        is stopped there and named, unless --allow lets it through.

        Examples::

            %replay counter
            %replay counter 0 --until 5 --code Counter
        """
        from workbench.commands.time_travel.replay import replay

        given = parsed(ReplayMagics.replay, line)
        if given is None:
            return None
        timeout = "60" if given.timeout is None else self._word(given.timeout, local_ns)
        return replay(
            self._word(given.actor, local_ns),
            code=self._code(given.code, local_ns),
            since=given.revision,
            until=given.until,
            carry=given.carry,
            limit=given.limit,
            allow=given.allow,
            timeout=read_seconds(timeout, "--timeout"),
        )

    def _code(self, word: str | None, here: Scope) -> Any:
        """A class by its name, or what the word says."""
        if word is None:
            return None
        scope = {**self.shell.user_ns, **(here or {})}
        found = scope.get(word)
        if isinstance(found, type):
            return found
        value = read_value(word, self._names(here))
        return value if isinstance(value, type) else self._word(word, here)


# --- Back to an earlier version of an actor's code, or to an earlier state --------------------------------------------


@magics_class
class VersionMagics(BaseMagics):
    """`%redeploy` and `%restore`."""

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument(
            "version",
            nargs="?",
            help="hash of the version to go back to, or its beginning; left out: a list, or after an undeploy the last one",
        ),
    )
    def redeploy(self, line: str, local_ns: Scope = None) -> Any:
        """Go back to an earlier version of an actor's code, keeping its state and mailbox; without a version, list them.

        After %undeploy, without a version, the code that was there is there again.

        A version that this kernel has run is deployed at once.  Of others there is stored text, which is never executed by itself:
        it is put into a new cell, for you to read and run.

        Example::

            %redeploy counter
        """
        from workbench.commands.deploy import redeploy, versions
        from workbench.presenters.versions import Earlier

        given = parsed(VersionMagics.redeploy, line)
        if given is None:
            return None
        actor = self._word(given.actor, local_ns)
        if given.version is None:
            known = versions(actor)
            if any(each.is_current for each in known):
                return known
        found = redeploy(actor, self._text(given.version, local_ns))
        if isinstance(found, Earlier):
            self.shell.set_next_input(found.code)
        return found

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(ACTOR, argument("revision", type=int, help="the revision whose state it shall have again"))
    def restore(self, line: str, local_ns: Scope = None) -> Any:
        """Give an actor the state of a past revision again, as a new revision; nothing of its history is lost.

        Example::

            %restore counter 1
        """
        from workbench.commands.deploy import restore

        given = parsed(VersionMagics.restore, line)
        return given and restore(self._word(given.actor, local_ns), given.revision)


# --- How messages go: of a block of code, and around one message ------------------------------------------------------


_FLAGS = re.compile(r"\s*((?:--(?:failed|all|help)(?=\s|\Z)|--(?:actor|action|slower|settle|message)[ =]\s*\S+)\s*)*")


_INTERRUPTS = (KeyboardInterrupt, asyncio.CancelledError)


class BlockFailed(Exception):
    """The traced code failed; its own traceback was shown already."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows an error by this instead of a traceback through our code."""
        return [str(self)]


@magics_class
class TraceMagics(BaseMagics):
    """`%trace` and `%%trace`."""

    @needs_local_scope
    @no_var_expand
    @line_cell_magic
    @arguments(
        argument("code", nargs="*", help="the code to run, after the flags; as %%trace it is the cell"),
        argument("--actor", metavar="NAME", help="only messages from or to this actor"),
        argument("--action", metavar="NAME", help="only messages of this action"),
        argument("--failed", action="store_true", help="only messages that failed"),
        argument("--slower", metavar="TIME", help="only messages that took longer: seconds, or text such as 10ms"),
        argument("--settle", metavar="TIME", help="how long to wait for what is still on its way (default: 1 s)"),
        argument("--all", action="store_true", help="all messages of the system meanwhile, of all senders"),
        argument("--message", metavar="ID", help="instead of running code: what led to this message, and came of it"),
    )
    def trace(self, line: str, cell: str | None = None, local_ns: Scope = None) -> Any:
        """Run code and show every message that it caused, directly or through others: as a diagram, a table, and mermaid.

        To trace code with await, put it into: with wb.trace() as trace: ...

        Examples::

            %trace wb.invoke("counter", "add", {"value": 1})
            %trace --failed --actor counter %invoke counter add value=1

            %%trace --slower 1ms
            for i in range(3):
                wb.invoke("counter", "add", {"value": i})
        """
        from workbench.commands.trace import cause, trace

        flags = _FLAGS.match(line)
        assert flags is not None
        given = parsed(TraceMagics.trace, flags[0])
        if given is None:
            return None
        code = line[flags.end() :] if cell is None else cell
        if given.message is not None:
            return self._filtered(cause(self._word(given.message, local_ns)), given, local_ns)
        self._check(code)
        settle = 1.0 if given.settle is None else read_seconds(self._word(given.settle, local_ns), "--settle")
        tracing, interrupted = trace(settle=settle, everything=given.all), None
        try:
            with tracing:
                result = self.shell.run_cell(code)
                error = result.error_in_exec or result.error_before_exec
                if isinstance(error, _INTERRUPTS):
                    tracing.hurry()
        except WaitInterrupted as interrupt:
            interrupted = interrupt
        found = self._filtered(tracing, given, local_ns)
        if error is None and interrupted is None:
            return found
        from IPython.display import display

        display(found)
        if interrupted is not None:
            raise interrupted
        if isinstance(error, _INTERRUPTS):
            raise BlockFailed("The traced code was interrupted; what it said stands above the trace.")
        raise BlockFailed(f"The traced code failed with {type(error).__name__}; its traceback stands above the trace.")

    def _filtered(self, found: Any, given: Any, here: Scope) -> Any:
        slower = 0.0 if given.slower is None else read_seconds(self._word(given.slower, here), "--slower") * 1_000
        actor, action = self._text(given.actor, here), self._text(given.action, here)
        if actor is None and action is None and not given.failed and not slower:
            return found
        return found.only(actor=actor, action=action, failed=given.failed, slower_ms=slower)

    def _check(self, code: str) -> None:
        if not code.strip():
            raise UsageError("Give code to trace beside %trace or below %%trace, or a message with --message ID.")
        if not self.shell.should_run_async(code, transformed_cell=self.shell.transform_cell(code)):
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        raise UsageError(
            "This code awaits, which a cell magic cannot. Write it as:\n    with wb.trace() as trace:\n        await ...\n    trace"
        )
