"""One recorded turn, run once more on a copy: against the code of today, touching nothing.

The action gets the message, the state, the clock reading and the seed that it got then.  What it asks of other actors is
answered from the record; what it would send is collected and not sent; a file that it would write, a connection or a process
is stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from runtime.definition import ActorDefinition
from runtime.errors import InvocationTimeout
from runtime.hosts.inprocess import InProcessHost
from runtime.records import Outcome, Sent, Work
from runtime.replay.apart import apart
from runtime.replay.calls import RecordedCalls
from runtime.replay.side_effects import SideEffects


def run_again(definition: ActorDefinition, work: Work, recorded: Sequence[Sent], *, timeout_s: float = 60.0) -> Outcome:
    """What the turn comes to now.  `Outcome.told` has the messages that would have been sent.

    Args:
        work: as the failed turn was given it; which definition ran then does not matter, its state is migrated.
        recorded: what the action asked then, with the answers.

    Raises:
        DefinitionError: a type has no encoding.
        InvocationTimeout: the action has not ended in time; its thread is left to itself.
    """
    host = InProcessHost()
    host.prepare(definition)
    turn = _as_copy(work, definition)
    calls = RecordedCalls(recorded)

    def run() -> Outcome:
        with SideEffects().guard():
            return asyncio.run(host.arun(turn, calls)) if host.is_async(turn) else host.run(turn, calls)

    try:
        return apart(run, timeout_s)
    except TimeoutError:
        name = f"the copy of {work.invocation.actor.name}"
        raise InvocationTimeout(name, work.invocation.action, timeout_s) from None


def _as_copy(work: Work, definition: ActorDefinition) -> Work:
    """The same turn under today's definition; its actor is of a system of its own, so that its log is not the original's."""
    actor = msgspec.structs.replace(work.invocation.actor, system=f"copy of {work.invocation.actor.system}")
    invocation = msgspec.structs.replace(work.invocation, actor=actor)
    return msgspec.structs.replace(work, activation=actor, invocation=invocation, definition=definition.hash)
