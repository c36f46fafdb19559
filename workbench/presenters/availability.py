"""Which commands the current system answers: messages advise no other.

A system says what it can do (`Capability`), and an attachment that only looks takes from that what acts.  What each command needs
of it stands here once; a test runs every magic on every kind of system against it.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.api import Capability, SystemApi
from workbench.session import current

_ACTS, _LISTS, _HISTORY = {Capability.INVOKE}, {Capability.LIST}, {Capability.HISTORY}

NEEDS: Mapping[str, tuple[set[Capability], ...]] = {
    "abandon": ({Capability.HOLD},),
    "actor": ({Capability.DEPLOY},),
    "actors": (_LISTS,),
    "confirm_dropped": ({Capability.DEPLOY, Capability.LIST},),
    "contract": (_LISTS,),
    "dead_letters": (_HISTORY,),
    "failures": (_HISTORY,),
    "fault": ({Capability.FAULTS},),
    "fork": ({Capability.LIST, Capability.HISTORY},),
    "form": (_LISTS,),
    "history": (_HISTORY,),
    "hold": ({Capability.HOLD},),
    "invoke": (_ACTS,),
    "load": (_ACTS,),
    "mailbox": ({Capability.MAILBOX},),
    "postmortem": (_HISTORY,),
    "query": (_HISTORY,),
    "redeploy": (_HISTORY,),
    "release": ({Capability.HOLD},),
    "replay": (_HISTORY,),
    "restore": ({Capability.INVOKE, Capability.STATE},),
    "retry": (_HISTORY,),
    "state": ({Capability.STATE}, _ACTS),
    "step": ({Capability.HOLD},),
    "trace": ({Capability.WATCH},),
    "undeploy": ({Capability.DEPLOY},),
}
"""By command, of which one set of capabilities has to be there; a command that is not here works everywhere."""


def is_available(command: str, system: SystemApi | None = None) -> bool:
    """Whether `system`, or the current one, answers the magic or function of that name.  Starts nothing."""
    system = system if system is not None else current.system
    if system is None:  # an own system, which can do everything, is started by the first command
        return True
    ways = NEEDS.get(command)
    return ways is None or any(way <= system.capabilities for way in ways)


def advised(commands: str, actor: str = "") -> str:
    """Those of `commands` (names between blanks) that the current system answers, as one types them; empty if it answers none."""
    found = [f"%{command} {actor}".rstrip() for command in commands.split() if is_available(command)]
    return " and ".join(found)
