"""The two queues between callers and the engine: messages that come in without its lock, and replies that go out after it.

A worker has the lock most of the time, and a thread that waits for it gives the interpreter away and gets it back later, for
each message.  So a sender leaves a message that nothing speaks against, and the next owner of the lock lets it in first: that
keeps the order of arrival, also with messages that are submitted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from runtime.drivers.replies import ReplyPort
from runtime.drivers.service import Problems
from runtime.engine.commands import Answer, Command, Elsewhere, Forget
from runtime.engine.engine import Engine
from runtime.engine.intake import Arrival
from runtime.engine.state import NOTHING, failed
from runtime.errors import InternalError, NotCapable, nearest, shown_text, type_name
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
        arrival = self._engine.precheck(invocation, waiter, self._now(), len(self.arrived))
        if arrival is None:
            return None
        self.arrived.append(arrival)
        if not arrival[2]:
            self.for_workers.append(True)
        return arrival[2]

    def drain_inbox(self) -> list[Command]:
        """Put what has arrived into the mailboxes.  Under the lock, before anything else; carry out what comes back."""
        arrived, commands = self.arrived, NOTHING
        self.for_workers.clear()  # before, as `leave` does it after: so it is never empty while it should not be
        while arrived:
            arrival = arrived.popleft()
            try:
                more = self._engine.admit(arrival)
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


# --- Outbox -----------------------------------------------------------------------------------------------------------
# What the engine commands, carried out: answers to those who wait, messages to other systems, hosts told to forget.


class Peer(Protocol):
    """Another actor system."""

    def submit(self, invocation: Invocation, waiter: object) -> None: ...


class Outbox:
    """Takes commands from any thread, outside the engine's lock."""

    __slots__ = ("_peers", "_problems", "_system", "_unwoken")

    def __init__(self, system: str, peers: Mapping[str, Peer], problems: Problems) -> None:
        """`peers` are other actor systems of this runtime, by name."""
        self._system = system
        self._peers = peers
        self._problems = problems
        self._unwoken: set[ReplyPort] = set()
        """Ports with replies whose loops still have to be woken."""

    @property
    def has_unwoken(self) -> bool:
        return bool(self._unwoken)

    def carry_out(self, commands: Sequence[Command]) -> None:
        """Do what is commanded, in order.  Replies to loops arrive there at the next `wake_ports`."""
        for command in commands:
            try:
                if type(command) is Answer:
                    port = command.waiter.deliver(command.reply)
                    if port is not None:
                        self._unwoken.add(port)
                elif type(command) is Forget:
                    command.host.forget(command.actor)
                elif type(command) is Elsewhere:
                    self._send_elsewhere(command)
            except BaseException as error:  # noqa: BLE001 - the answers that follow are for others
                self._problems.note("An answer could not be handed over", error)

    def wake_ports(self) -> None:
        """Let loops see their replies.  Waking one is dear: a system call that lets go of the interpreter."""
        unwoken = self._unwoken
        try:
            while unwoken:
                unwoken.pop().wake()
        except KeyError:
            pass  # another thread was faster

    def _send_elsewhere(self, command: Elsewhere) -> None:
        invocation = command.invocation
        peer = self._peers.get(invocation.actor.system)
        if peer is not None:
            peer.submit(invocation, command.waiter)
        elif command.waiter is not None:
            known = nearest(invocation.actor.system, [self._system, *self._peers], kind="actor system")
            error = NotCapable(f"invoke {invocation.actor.name}", invocation.actor.system, f"it is not here. {known}")
            self.carry_out([Answer(command.waiter, failed(invocation.id, error))])
