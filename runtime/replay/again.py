"""One recorded turn, run once more on a copy: against the code of today, touching nothing.

The action gets the message, the state, the clock reading and the seed that it got then.  What it asks of other actors is
answered from the record; what it would send is collected and not sent.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import msgspec

from runtime.codecs.values import decode_value
from runtime.context import Context
from runtime.definition import ActorDefinition
from runtime.drivers.calls import told
from runtime.errors import InvocationTimeout, NotRecorded, rebuild
from runtime.hosts.inprocess import InProcessHost
from runtime.ids import CountingIds
from runtime.records import Outcome, Sent, Work


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
    ended: list[Outcome] = []

    def run() -> None:
        ended.append(asyncio.run(host.arun(turn, calls)) if host.is_async(turn) else host.run(turn, calls))

    thread = threading.Thread(target=contextvars.Context().run, args=(run,), name="wb-copy", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not ended:
        raise InvocationTimeout(f"the copy of {work.invocation.actor.name}", work.invocation.action, timeout_s)
    return ended[0]


def _as_copy(work: Work, definition: ActorDefinition) -> Work:
    """The same turn under today's definition; its actor is of a system of its own, so that its log is not the original's."""
    actor = msgspec.structs.replace(work.invocation.actor, system=f"copy of {work.invocation.actor.system}")
    invocation = msgspec.structs.replace(work.invocation, actor=actor)
    return msgspec.structs.replace(work, activation=actor, invocation=invocation, definition=definition.hash)


class RecordedCalls:
    """`Calls` whose answers come from the record, in its order."""

    def __init__(self, recorded: Sequence[Sent]) -> None:
        self._left = list(recorded)
        self._ids = CountingIds()

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        async def answer() -> Any:
            return self._answer(actor, action)

        return answer()

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        return self._answer(actor, action)

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(told(turn, actor, action, payload, options, self._ids()))

    def _answer(self, actor: str, action: str) -> Any:
        for index, sent in enumerate(self._left):
            if (sent.actor.name, sent.action) == (actor, action):
                del self._left[index]
                if sent.failure is not None:
                    raise rebuild(sent.failure.code, sent.failure.message)
                return decode_value(sent.reply)
        raise NotRecorded(actor, action)
