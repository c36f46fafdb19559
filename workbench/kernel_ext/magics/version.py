"""Magics that go back: to an earlier version of an actor's code, to an earlier state."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.kernel_ext.magics.arguments import ACTOR, arguments, parsed
from workbench.kernel_ext.magics.base import BaseMagics, Scope


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
