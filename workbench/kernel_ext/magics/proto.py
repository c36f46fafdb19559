"""Magics for contracts."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from workbench.kernel_ext.magics.arguments import arguments, parsed
from workbench.kernel_ext.magics.base import BaseMagics, Scope


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
