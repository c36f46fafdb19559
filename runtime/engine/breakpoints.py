"""Stopping an actor at a message, letting it go on one turn at a time, and changing what waits for it.

For looking into a local actor as a debugger does, and for trying what an unreliable network does: messages lost, doubled,
out of order.  A held actor takes messages as ever; none is given to a worker.  What a caller gets stays as it is: exactly one
answer each.  A dropped message is answered with `MessageDropped`; no one waits for a copy.
"""

from __future__ import annotations

from typing import NoReturn

import msgspec

from runtime.engine.activation import Activation, Envelope, Mailbox, Signal
from runtime.engine.commands import Command, Judge
from runtime.engine.intake import Intake
from runtime.engine.state import NOTHING, Breakpoint, Condition, Core, pinned
from runtime.errors import BadSetting, MessageDropped, UnknownMessage
from runtime.ids import ActorId
from runtime.records import Phase


class Breakpoints:
    """The part of an engine that stops actors.  Messages are named by their ids, since positions change."""

    __slots__ = ("_core", "_intake")

    def __init__(self, core: Core, intake: Intake) -> None:
        self._core, self._intake = core, intake

    # -- for take ------------------------------------------------------------------------------------------------------

    def before(self, activation: Activation, envelope: Envelope) -> Judge | list[Command] | None:
        """What is to happen instead of the actor's next turn; None when it may begin."""
        hold = self._core.breakpoints.get(activation.id)
        if hold is None or envelope.is_init or envelope.invocation.id == hold.passing:
            return None
        if hold.is_stopped or hold.when is None:
            return NOTHING
        activation.signal(Signal.START)  # nothing else of this actor runs while the condition is asked
        return Judge(activation.id, envelope.invocation, hold.when)

    def judged(self, judge: Judge, is_meant: bool, trouble: str) -> list[Command]:
        """The condition's answer about the first message."""
        activation = self._core.directory.active[judge.activation]
        activation.signal(Signal.END)
        if activation.mailbox is None:
            return NOTHING  # the system was stopped meanwhile
        hold = self._core.breakpoints.get(judge.activation)
        if hold is not None and hold.when is judge.when:
            hold.trouble = trouble
            if is_meant:
                hold.is_stopped = True
            else:
                hold.passing = activation.mailbox[0].invocation.id
        self._core.ready.push(activation)
        return NOTHING

    # -- by hand -------------------------------------------------------------------------------------------------------

    def hold(self, actor: ActorId, when: Condition | None) -> None:
        """Stop the actor at the first message that meets the condition, instead of a hold that it had.

        A turn in progress ends as ever.  The condition is asked by the driver, outside its lock, once for each first message.

        Raises:
            BadSetting: the name is a pool's, or a template's for children: these have no mailbox of their own.
        """
        template = self._core.directory.templates.get(actor.name)
        if template is not None and (template.is_pool or template.has_children):
            what, which = ("pool", f"{actor.name}#1") if template.is_pool else ("template", "a child")
            raise BadSetting(f"Cannot hold {actor.name}: it is a {what} without a mailbox of its own. Hold {which}.")
        self._core.breakpoints[actor] = Breakpoint(actor, when, is_stopped=when is None)
        self._wake(actor)

    def release(self, actor: ActorId) -> bool:
        """Take the hold away; what waits runs.  False if there was none."""
        if self._core.breakpoints.pop(actor, None) is None:
            return False
        self._wake(actor)
        return True

    def step(self, actor: ActorId) -> str | None:
        """Let the first message through; the actor stops after it.  Its id; None if none waits.

        Raises:
            BadSetting: the actor is not held.
        """
        hold = self._held(actor)
        hold.is_stopped, hold.trouble = True, ""
        return self._let_first_through(hold)

    def go_on(self, actor: ActorId) -> None:
        """Run until the next message that meets the condition; the one at which the actor stopped runs.

        Raises:
            BadSetting: the actor is not held, or at every message.
        """
        hold = self._held(actor)
        if hold.when is None:
            raise BadSetting(f"{actor.name} is held at every message: step through them, or release it.")
        is_stopped, hold.is_stopped, hold.trouble = hold.is_stopped, False, ""
        if is_stopped:
            self._let_first_through(hold)

    def is_stopped(self, actor: ActorId) -> bool:
        """Whether the actor takes no turn until someone steps or releases it."""
        hold = self._core.breakpoints.get(actor)
        return hold is not None and hold.is_stopped

    @property
    def actors(self) -> list[ActorId]:
        """Those that are held."""
        return list(self._core.breakpoints)

    def of(self, actor: ActorId) -> Breakpoint | None:
        """The hold on an actor, which only the engine changes; None if it is not held."""
        return self._core.breakpoints.get(actor)

    def waiting(self, actor: ActorId) -> list[Envelope]:
        """The messages that can be stepped to and changed, in order."""
        activation = self._core.directory.active.get(actor)
        return [] if activation is None else list(activation.mailbox or ())[pinned(activation) :]

    def drop(self, actor: ActorId, invocation: str, now_us: int) -> list[Command]:
        """Take a message out; its caller gets `MessageDropped`.

        Raises:
            UnknownMessage: it does not wait there (any more).
        """
        activation, messages, index = self._found(actor, invocation)
        envelope = messages.pop(index)
        activation.mailbox = Mailbox(messages) if messages else None
        error = MessageDropped(actor.name, envelope.invocation.action)
        commands = self._core.refuse(envelope.invocation, envelope.waiter, error, now_us)
        return commands if activation.outside is None else commands + self._intake.admit_waiting(activation)

    def duplicate(self, actor: ActorId, invocation: str, now_us: int) -> str:
        """Put a copy right behind a message, as a network that delivers twice does; the copy's id.

        It has the same key, so that one sees what a key does, and no caller waits for it.

        Raises:
            UnknownMessage: the message does not wait there (any more).
        """
        activation, messages, index = self._found(actor, invocation)
        original = messages[index].invocation
        copy = msgspec.structs.replace(
            original,
            id=self._core.ids(),
            correlation=original.correlation or original.id,
            asynchronous=True,
            scheduled_to_us=0,
            path=(),
        )
        messages.insert(index + 1, Envelope(copy, None, now_us, not copy.key))
        activation.mailbox = Mailbox(messages)
        return copy.id

    def move(self, actor: ActorId, invocation: str, to: int) -> None:
        """Give a message another place among those that `waiting` lists; counted from the end if negative.

        Raises:
            UnknownMessage: it does not wait there (any more).
            BadSetting: there is no such place.
        """
        activation, messages, index = self._found(actor, invocation)
        first = pinned(activation)
        places = len(messages) - first
        if not -places <= to < places:
            raise BadSetting(f"There is no place {to} in the mailbox of {actor.name}: {places} wait, the first is 0.")
        envelope = messages.pop(index)
        messages.insert(first + to % places, envelope)
        activation.mailbox = Mailbox(messages)

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _held(self, actor: ActorId) -> Breakpoint:
        hold = self._core.breakpoints.get(actor)
        if hold is None:
            raise BadSetting(f"{actor.name} is not held. Hold it first, with wb.hold({actor.name!r}) or %hold.")
        return hold

    def _let_first_through(self, hold: Breakpoint) -> str | None:
        activation = self._core.directory.active.get(hold.actor)
        if activation is None:
            return None
        first = next((each for each in activation.mailbox or () if not each.is_init), None)
        if first is None:
            return None
        hold.passing = first.invocation.id
        self._wake(hold.actor)
        return hold.passing

    def _wake(self, actor: ActorId) -> None:
        activation = self._core.directory.active.get(actor)
        if activation is not None and activation.mailbox is not None and activation.phase is Phase.READY:
            self._core.ready.push(activation)

    def _found(self, actor: ActorId, invocation: str) -> tuple[Activation, list[Envelope], int]:
        activation = self._core.directory.active.get(actor)
        if activation is None:
            _not_waiting(actor, invocation)
        messages = list(activation.mailbox or ())
        ids: list[str] = [each.invocation.id for each in messages]
        if invocation not in ids[pinned(activation) :]:
            _not_waiting(actor, invocation)
        return activation, messages, ids.index(invocation)


def _not_waiting(actor: ActorId, invocation: str) -> NoReturn:
    raise UnknownMessage(actor.name, invocation)
