"""Magics for actor systems of other processes, and for contracts with callers in other languages."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
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


# --- Contracts: messages and declared actors from a .proto, and an actor's .proto -------------------------------------


@magics_class
class ProtoMagics(BaseMagics):
    """`%%proto` and `%contract`."""

    @needs_local_scope
    @no_var_expand
    @line_cell_magic
    @arguments(
        argument("name", nargs="?", help="the variable for the contract; by default the first part of its package"),
        argument("--file", metavar="FILE", help="compile this file instead of a cell"),
    )
    def proto(self, line: str, cell: str | None = None, local_ns: Scope = None) -> Any:
        """Compile a contract: its messages become classes, its services declare actors.

        The contract may import google/api/annotations.proto and spawn/actors/extensions.proto.  Running the cell again makes
        new classes beside the old ones.

        Example::

            %%proto shop
            syntax = "proto3";
            package shop.v1;
            import "google/api/annotations.proto";
            import "spawn/actors/extensions.proto";

            message AddRequest { int64 value = 1; }
            message Total { int64 total = 1; }

            service Counter {
              option (spawn.actors.actor) = { state_type: "shop.v1.Total" };
              rpc Add(AddRequest) returns (Total) {
                option (google.api.http) = { post: "/v1/counter:add" body: "*" };
              }
            }
        """
        from workbench.commands.proto import proto

        given = parsed(ProtoMagics.proto, line)
        if given is None:
            return None
        file = self._text(given.file, local_ns)
        if (cell is None) == (file is None):
            raise UsageError("Write the contract below %%proto, or name a file: %proto --file shop.proto")
        # A line more, for the one of %%proto: so errors count lines as the cell does.
        contract = proto(f"\n{cell}") if cell is not None else proto(file=file)
        name = self._text(given.name, local_ns) or contract.package.partition(".")[0] or "contract"
        if not re.fullmatch(r"[^\W\d]\w*", name):
            raise UsageError(f"{name!r} cannot be a variable's name.")
        self.shell.user_ns[name] = contract
        print(f"In variable {name}:")  # noqa: T201 - what this cell did, in this cell
        return contract

    @needs_local_scope
    @no_var_expand
    @line_magic
    @arguments(
        argument("actor", help="name of an actor whose code is here"),
        argument("--package", default="", metavar="NAME", help="the contract's package (default: NAME.v1)"),
    )
    def contract(self, line: str, local_ns: Scope = None) -> Any:
        """Show the .proto by which other languages call an actor, made from its types.

        Example::

            %contract counter
        """
        from workbench.commands.proto import contract

        given = parsed(ProtoMagics.contract, line)
        if given is None:
            return None
        return contract(self._word(given.actor, local_ns), package=self._word(given.package, local_ns))
