"""Magics for actor systems of other processes."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.kernel_ext.magics.arguments import arguments, parsed
from workbench.kernel_ext.magics.base import BaseMagics, Scope

_TEXTS = ("reason", "system", "token_file", "authority", "certificate", "key", "journal")


@magics_class
class AttachMagics(BaseMagics):
    """`%attach`, `%detach` and `%audit`."""

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        argument(
            "target", nargs="?", help="grpc://HOST:PORT of a workbench node, or http://HOST:PORT of a Spawn proxy"
        ),
        argument(
            "--mode", default="look", metavar="look|act", help="look only reads (the default), act does everything"
        ),
        argument("--reason", metavar="TEXT", help="why; recorded with everything that is done there, see %%audit"),
        argument("--system", metavar="NAME", help="a proxy's actor system, where it cannot be found out"),
        argument("--token-file", metavar="FILE", help="where the node's token is, if it is not found by itself"),
        argument("--authority", metavar="FILE", help="for grpcs://: PEM of who signed the node's certificate"),
        argument("--certificate", metavar="FILE", help="for grpcs://: PEM by which the node knows us"),
        argument("--key", metavar="FILE", help="for grpcs://: PEM of that certificate's key"),
        argument("--host-port", type=int, metavar="PORT", help="where a proxy calls the actors of this notebook"),
        argument("--journal", metavar="URL", help="record every invocation of those actors, with its answer"),
    )
    def attach(self, line: str, local_ns: Scope = None) -> Any:
        """Work with the actor system of another process; without a target, say what is attached.

        Every command goes there until %detach.  What %spawn serve shows in one notebook is the target in another.  Acting on
        a proxy (http://), %%actor registers actors there whose code stays here.

        Examples::

            node = %spawn serve
            %attach {node.address}
            %attach
            %detach
        """
        from workbench.commands.attach import attach, attached

        given = parsed(AttachMagics.attach, line)
        if given is None:
            return None
        if given.target is None:
            return attached() or print("Nothing is attached.")  # noqa: T201 - this cell's
        texts = {name: self._text(getattr(given, name), local_ns) for name in _TEXTS}
        target, mode = self._word(given.target, local_ns), self._word(given.mode, local_ns)
        return attach(target, mode, host_port=given.host_port, **texts)

    @line_magic
    @arguments()
    def detach(self, line: str) -> None:
        """Leave the attached system, which runs on; this notebook's own is the current one again.

        Example::

            %detach
        """
        from workbench.commands.attach import detach

        if parsed(AttachMagics.detach, line) is None:
            return
        left = detach()
        print(f"Left {left.target}." if left is not None else "Nothing is attached.")  # noqa: T201 - this cell's output

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        argument("--actor", metavar="ACTOR", help="only what was done to this actor"),
        argument("--since", metavar="TIME", help="only later: a date with a time, or how long ago, such as 30min"),
        argument("--limit", type=int, default=50, metavar="N", help="the last N acts (default: 50)"),
    )
    def audit(self, line: str, local_ns: Scope = None) -> Any:
        """Show what this notebook did to actor systems, and what was refused to it; as SQL: SELECT * FROM audit.

        Examples::

            %audit
            %audit --actor counter --since 1h --limit 20
        """
        from workbench.commands.attach import audit

        given = parsed(AttachMagics.audit, line)
        if given is None:
            return None
        since = self._text(given.since, local_ns)
        return audit(self._text(given.actor, local_ns), since=since, limit=given.limit)
