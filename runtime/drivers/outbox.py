"""What the engine commands, carried out: answers to those who wait, messages to other systems, hosts told to forget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from runtime.drivers.service import Problems
from runtime.drivers.waiters import LoopPort
from runtime.engine.commands import Answer, Command, Elsewhere, Forget
from runtime.engine.replies import failed
from runtime.errors import NotCapable, nearest
from runtime.records import Invocation


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
        self._unwoken: set[LoopPort] = set()
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
