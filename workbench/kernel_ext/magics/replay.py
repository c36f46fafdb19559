"""Magics that run an actor's past again."""

from __future__ import annotations

from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import line_magic, magics_class, needs_local_scope, no_var_expand
from IPython.core.magic_arguments import argument

from runtime.replay.side_effects import KINDS
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
