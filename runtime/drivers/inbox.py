"""Messages that are left for the engine without its lock.

A worker has the lock most of the time, and a thread that waits for it gives the interpreter away and gets it back later, for
each message.  So who sends leaves a message that nothing speaks against, and whoever has the lock next lets it in first:
that keeps the order of arrival, also with messages that are submitted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from runtime.engine.arrivals import Arrival
from runtime.engine.commands import Answer, Command
from runtime.engine.core import NOTHING
from runtime.engine.replies import failed
from runtime.engine.system import Engine
from runtime.errors import InternalError, shown_text, type_name
from runtime.records import Invocation


class Inbox:
    """What has arrived at one engine and is not in a mailbox yet."""

    __slots__ = ("_engine", "_now", "arrived", "for_workers")

    def __init__(self, engine: Engine, now_us: Callable[[], int]) -> None:
        self._engine, self._now = engine, now_us
        self.arrived: deque[Arrival] = deque()
        self.for_workers: deque[bool] = deque()
        """Has something in it while a message for a plain action has arrived, and for a moment longer."""

    def leave(self, invocation: Invocation, waiter: object) -> bool | None:
        """Take a message from any thread; whether it is for a coroutine action.

        None if it was not taken: it must be submitted, which says what is wrong or does what is needed.
        """
        arrival = self._engine.vet(invocation, waiter, self._now(), len(self.arrived))
        if arrival is None:
            return None
        self.arrived.append(arrival)
        if not arrival[2]:
            self.for_workers.append(True)
        return arrival[2]

    def let_in(self) -> list[Command]:
        """Put what has arrived into the mailboxes.  Under the lock, before anything else; carry out what comes back."""
        arrived, commands = self.arrived, NOTHING
        self.for_workers.clear()  # before, as `leave` does it after: so it is never empty while it should not be
        while arrived:
            arrival = arrived.popleft()
            try:
                more = self._engine.enter(arrival)
            except BaseException as error:  # noqa: BLE001 - those that arrived after it are others' messages
                more = _lost(arrival, error)
            if more:
                commands = [*commands, *more]
        return commands


def _lost(arrival: Arrival, error: BaseException) -> list[Command]:
    invocation, waiter = arrival[1].invocation, arrival[1].waiter
    defect = InternalError(
        f"A message for {invocation.actor.name} could not be taken: {type_name(error)}: {shown_text(error)}"
    )
    return [Answer(waiter, failed(invocation.id, defect))] if waiter is not None else NOTHING
