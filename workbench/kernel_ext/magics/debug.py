"""Magics for trying an actor out, watching it, and what went wrong: breakpoints, faults, load, logs, forms, failures."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.kernel_ext.magics.arguments import ACTOR, arguments, parsed, read_seconds
from workbench.kernel_ext.magics.base import BaseMagics, Scope
from workbench.kernel_ext.magics.parser import read_fields
from workbench.render.tables import plural

_IPYTHONS_FLAGS = {"-r", "-s", "-y", "-n"}


@magics_class
class TrialMagics(BaseMagics):
    """`%hold`, `%step`, `%release`, `%fault`, `%load`."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._ipythons_load = shell.find_line_magic("load")

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument("--action", metavar="NAME", help="stop only at this action"),
        argument("--caller", metavar="ACTOR", help="stop only at messages of this actor"),
    )
    def hold(self, line: str, local_ns: Scope = None) -> Any:
        """Stop an actor at its next message, or at the next one of an action or a caller; it goes on taking messages.

        The answer has what waits: in Python it can be dropped, doubled and moved, as in hold.drop(0). Send with --async.

        Examples::

            hold = %hold counter --action add
            %invoke counter add value=5 --async
            %step counter
            %release counter
        """
        from workbench.commands.debugger import hold

        given = parsed(TrialMagics.hold, line)
        if given is None:
            return None
        action, caller = self._text(given.action, local_ns), self._text(given.caller, local_ns)
        return hold(self._word(given.actor, local_ns), action=action, caller=caller)

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument("--go", action="store_true", help="go on to the next message that is meant, instead of one message"),
    )
    def step(self, line: str, local_ns: Scope = None) -> Any:
        """Let a held actor take its first message, show what came of it, and stop it again.

        Examples::

            %hold counter
            %step counter
            %release counter
        """
        from workbench.commands.debugger import held

        given = parsed(TrialMagics.step, line)
        if given is None:
            return None
        found = held(self._word(given.actor, local_ns))
        return found.go() if given.go else found.step()

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(argument("actor", nargs="?", help="name of the actor; all held ones if left out"))
    def release(self, line: str, local_ns: Scope = None) -> None:
        """Let a held actor go on; what waits runs.

        Example::

            %release
        """
        from workbench.commands.debugger import release

        given = parsed(TrialMagics.release, line)
        if given is None:
            return
        names = release(self._text(given.actor, local_ns))
        print(f"Released: {', '.join(names)}." if names else "Nothing was held.")  # noqa: T201 - the cell's own output

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        argument("actor", nargs="?", help="name of the actor, or of a template for all of its children"),
        argument(
            "--delay", metavar="TIME", help="how long each turn waits before its action: seconds, or text such as 50ms"
        ),
        argument(
            "--failure",
            type=float,
            default=0.0,
            metavar="P",
            help="probability, 0 to 1, that an action is not run but fails",
        ),
        argument(
            "--crash", type=float, default=0.0, metavar="P", help="probability that the actor is lost after its action"
        ),
        argument("--store", action="store_true", help="the store cannot be written, for the whole system"),
        argument("--seconds", metavar="TIME", default="10", help="how long (default: 10 s)"),
        argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same faults (default: 0)"),
        argument("--end", action="store_true", help="end the actor's faults now, or all"),
    )
    def fault(self, line: str, local_ns: Scope = None) -> Any:
        """Have things go wrong with an actor for a while; alone, it lists the faults that are active.

        They end by themselves; %spawn status shows them.

        Examples::

            %fault counter --delay 50ms --failure 0.2 --seconds 5
            %fault
            %fault --end
        """
        from workbench.commands.debugger import active_faults, end_faults, faults

        given = parsed(TrialMagics.fault, line)
        if given is None:
            return None
        actor = self._text(given.actor, local_ns)
        if given.end:
            return end_faults(actor)
        if actor is None and not given.store:
            return active_faults()
        return faults(
            actor,
            delay=0.0 if given.delay is None else read_seconds(self._word(given.delay, local_ns), "--delay"),
            failure=given.failure,
            crash=given.crash,
            store=given.store,
            seconds=read_seconds(self._word(given.seconds, local_ns), "--seconds"),
            seed=given.seed,
        )

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument("action", help="name of the action"),
        argument("fields", nargs="*", metavar="field=value", help="the payload of every call, as for %%invoke"),
        argument("--rate", type=float, default=100.0, metavar="N", help="calls per second (default: 100)"),
        argument("--seconds", metavar="TIME", default="5", help="how long (default: 5 s)"),
        argument(
            "--at-most", type=int, default=1_000, metavar="N", help="calls without an answer at a time (default: 1,000)"
        ),
        argument("--timeout", metavar="TIME", default="10", help="how long to wait for an answer (default: 10 s)"),
        argument("--parent", metavar="TEMPLATE", help="make the actor from this template at its first call"),
    )
    def load(self, line: str, local_ns: Scope = None) -> Any:
        """Call an action at a steady rate for a while, and show what was answered and how long it took.

        With one word, such as a file, this is IPython's own %load.

        Example::

            %load counter add value=1 --rate 50 --seconds 1
        """
        from workbench.commands.load import load

        if is_for_ipython(line):
            return self._load_as_ipython(line)
        given = parsed(TrialMagics.load, line)
        if given is None:
            return None
        return load(
            self._word(given.actor, local_ns),
            self._word(given.action, local_ns),
            read_fields(given.fields, self._names(local_ns)) if given.fields else None,
            rate=given.rate,
            seconds=read_seconds(self._word(given.seconds, local_ns), "--seconds"),
            at_most=given.at_most,
            timeout=read_seconds(self._word(given.timeout, local_ns), "--timeout"),
            parent=self._text(given.parent, local_ns),
        )

    def _load_as_ipython(self, line: str) -> Any:
        try:
            return self._ipythons_load(line)
        except (ValueError, OSError) as error:
            raise UsageError(f"{error}\nA load on an actor needs its action, too: %load ACTOR ACTION.") from None


def is_for_ipython(line: str) -> bool:
    """Whether a `%load` is IPython's: of a file, a macro, or lines of input, instead of an actor and an action."""
    words = line.split()
    if "--help" in words:
        return False
    return bool(_IPYTHONS_FLAGS & set(words)) or len([word for word in words if not word.startswith("-")]) < 2


# --- Magics for what actors say while they work -----------------------------------------------------------------------


@magics_class
class InspectionMagics(BaseMagics):
    """`%logs` and `%form`."""

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        argument("actor", nargs="?", help="name of the actor; all actors if left out"),
        argument("--limit", type=int, default=200, metavar="N", help="the last N lines (default: 200)"),
        argument("--invocation", default="", metavar="ID", help="only what belongs to this invocation"),
    )
    def logs(self, line: str, local_ns: Scope = None) -> Any:
        """Show what actors printed and logged, with the invocation that each line belongs to.

        Inside an action print, ctx.log, logging and progress bars write here instead of into some cell.

        Examples::

            %logs
            %logs counter --limit 20
        """
        from IPython.display import display

        from workbench.commands.history import logs

        given = parsed(InspectionMagics.logs, line)
        if given is None:
            return None
        found = logs(self._text(given.actor, local_ns), given.limit, invocation=self._word(given.invocation, local_ns))
        for bundle in found.widgets:
            display(bundle, raw=True)
        return found

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        ACTOR,
        argument("action", nargs="?", default="", help="offered first; all others can be chosen in the form"),
        argument(
            "--parent", default="", metavar="TEMPLATE", help="make the actor from this template at its first call"
        ),
    )
    def form(self, line: str, local_ns: Scope = None) -> Any:
        """Show a form for an actor's messages, made from the actions' signatures, with a history of calls as code.

        Example::

            %form counter add
        """
        from workbench.kernel_ext.display import form

        given = parsed(InspectionMagics.form, line)
        if given is None:
            return None
        actor, action = self._word(given.actor, local_ns), self._word(given.action, local_ns)
        return form(actor, action, parent=self._word(given.parent, local_ns))


# --- What went wrong: list it, lay it open, send it again -------------------------------------------------------------


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
