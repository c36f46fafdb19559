"""Magics for what actors say while they work."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.kernel_ext.arguments import ACTOR, arguments, parsed
from workbench.kernel_ext.magic_base import BaseMagics, Scope


@magics_class
class LookingMagics(BaseMagics):
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

        from workbench.commands.logs import logs

        given = parsed(LookingMagics.logs, line)
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

        given = parsed(LookingMagics.form, line)
        if given is None:
            return None
        actor, action = self._word(given.actor, local_ns), self._word(given.action, local_ns)
        return form(actor, action, parent=self._word(given.parent, local_ns))
