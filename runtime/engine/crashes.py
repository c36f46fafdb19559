"""One actor's process "dies" in the middle of its turn, as far as that actor can tell."""

from __future__ import annotations

from runtime.engine.activation import Activation
from runtime.engine.agenda import Delayed
from runtime.engine.commands import Command
from runtime.engine.core import NOTHING, Core
from runtime.engine.lifecycle import Signal
from runtime.engine.mailbox import Envelope
from runtime.errors import FaultInjected
from runtime.ids import ActorId


def crash(core: Core, actor: ActorId, turn: int, now_us: int) -> list[Command]:
    """Drop an activation without saving: its turn's result, its mailbox and what was only in memory are lost.

    Each of its callers gets `FaultInjected`; messages that were scheduled are due again, since the store has them.  The next
    message brings the actor back with the state of the store.  Turns that ended earlier stay: the journal is one order, and
    to lose the last of them would lose those of other actors.  Nothing happens when that turn is over already.
    """
    activation = core.directory.active.get(actor)
    if activation is None or activation.running is None or activation.turn != turn:
        return NOTHING
    lost = [activation.running.envelope, *(activation.mailbox or ()), *(activation.outside or ())]
    activation.end()
    activation.mailbox = activation.outside = None
    activation.unsaved = False
    commands: list[Command] = []
    for envelope in lost:
        commands += _lose(core, actor, envelope, now_us)
    activation.signal(Signal.STOP)
    return commands + _let_go(core, activation, now_us)


def _lose(core: Core, actor: ActorId, envelope: Envelope, now_us: int) -> list[Command]:
    invocation = envelope.invocation
    if invocation.scheduled_to_us and envelope.waiter is None:
        core.agenda.add(now_us, Delayed(invocation))
        return NOTHING
    if envelope.is_init:
        return NOTHING  # the next activation has its own
    error = FaultInjected(actor.name, invocation.action, "the actor crashed, and its message was lost.")
    return core.refuse(invocation, envelope.waiter, error, now_us)


def _let_go(core: Core, activation: Activation, now_us: int) -> list[Command]:
    if activation.last_sequence <= core.journal.committed:
        return core.let_go(activation, now_us)
    core.journal.stop_after_commit(activation)
    return NOTHING
