"""Magics for what went wrong: list it, lay it open, send it again."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.kernel_ext.magics.arguments import arguments, parsed, read_seconds
from workbench.kernel_ext.magics.base import BaseMagics, Scope
from workbench.render.tables import plural

_WHICH = argument(
    "which", nargs="?", help="an actor, for its last failure, or the end of an id; the last of all if left out"
)


@magics_class
class FailureMagics(BaseMagics):
    """`%failures`, `%postmortem` and `%retry`."""

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        argument("actor", nargs="?", help="name of the actor; all actors if left out"),
        argument("--limit", type=int, default=20, metavar="N", help="the last N (default: 20)"),
        argument("--undelivered", action="store_true", help="messages that could not be delivered"),
        argument("--discard", action="store_true", help="with --undelivered: give these messages up for good"),
    )
    def failures(self, line: str, local_ns: Scope = None) -> Any:
        """List the turns that failed, with their messages and how a retry ended.

        Examples::

            %failures
            %failures counter --limit 5
            %failures --undelivered
            %failures --undelivered --discard
        """
        from workbench.commands.failures import dead_letters, failures
        from workbench.session import current

        given = parsed(FailureMagics.failures, line)
        if given is None:
            return None
        actor = self._text(given.actor, local_ns)
        if given.discard and not given.undelivered:
            raise UsageError("--discard goes with --undelivered: what failed is history, and stays.")
        if not given.undelivered:
            return failures(actor, given.limit)
        letters = dead_letters(actor)
        if not given.discard:
            return letters
        current.notify(f"{plural(letters.discard(), 'message')} discarded.")
        return None

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(_WHICH, argument("--show", action="store_true", help="only show it: open no debugger"))
    def postmortem(self, line: str, local_ns: Scope = None) -> Any:
        """Lay a failed turn open: its message, the state before, its frames with their variables.

        Where one can type, IPython's debugger opens in the innermost frame: u and d walk the frames, q leaves.  The actor and all
        others go on meanwhile.

        Examples::

            %postmortem --show
            %postmortem counter --show
        """
        from IPython.display import display

        from workbench.commands.failures import postmortem

        given = parsed(FailureMagics.postmortem, line)
        if given is None:
            return None
        found = postmortem(self._text(given.which, local_ns))
        if given.show or not found.live_frames or not _can_type(self.shell):
            return found
        display(found)
        self._debug(found.error)
        return None

    def _debug(self, error: Any) -> None:
        debugger = self.shell.InteractiveTB.debugger_cls()
        debugger.reset()
        debugger.interaction(None, error.__traceback__)

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        _WHICH,
        argument("--fork", action="store_true", help="try it on a copy: nothing is changed, nothing is sent"),
        argument("--timeout", metavar="TIME", help="how long to wait: seconds, or text such as 2min (default: 60 s)"),
    )
    def retry(self, line: str, local_ns: Scope = None) -> Any:
        """Send a failed message again, with the code of now, and show what it answers.

        Examples::

            %retry --fork
            %retry counter --fork --timeout 5s
        """
        from workbench.commands.failures import retry

        given = parsed(FailureMagics.retry, line)
        if given is None:
            return None
        timeout = None if given.timeout is None else read_seconds(self._word(given.timeout, local_ns), "--timeout")
        return retry(self._text(given.which, local_ns), fork=given.fork, timeout=timeout)


def _can_type(shell: Any) -> bool:
    """Whether a debugger would get answers: not in a notebook that is executed without a person."""
    kernel = getattr(shell, "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False)) if kernel is not None else sys.stdin.isatty()
