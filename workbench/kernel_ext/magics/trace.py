"""Magics that show how messages go: of a block of code, and around one message."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.commands.invoke import WaitInterrupted
from workbench.kernel_ext.magics.arguments import arguments, parsed, read_seconds
from workbench.kernel_ext.magics.base import BaseMagics, Scope

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
