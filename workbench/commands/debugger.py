"""Stop an actor at a message, step through its mailbox, change what waits there, end what an actor runs, and inject faults."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from runtime.api import LocalSystem, is_local
from runtime.config import duration_ms
from runtime.errors import BadSetting, InvocationTimeout, NotCapable, UnknownMessage
from runtime.invocations import actor_name
from runtime.records import Event, Invocation, Turn
from runtime.wire.codecs.values import decode_value
from workbench.commands.attach import acting
from workbench.commands.invoke import WaitInterrupted
from workbench.presenters.breakpoints import Message, Messages, Stepped, held_rendering, message_of
from workbench.redaction import redacted_text
from workbench.render.formats import plural
from workbench.render.tables import html_lines
from workbench.session import current

if TYPE_CHECKING:
    from runtime.system.debugger import BreakpointInfo, Faults

_LOOK_S = 0.002

Which = int | str | Message
"""A message by its number in the mailbox, by its id or the end of it, or itself."""


def hold(
    actor: str,
    when: Callable[[Message], object] | None = None,
    *,
    action: str | None = None,
    caller: str | None = None,
) -> BreakpointHandle:
    """Stop an actor at the next message, or at the next one that is meant; a breakpoint on a message.

    The actor goes on taking messages; callers wait, with their own time-outs.  So send what it is to stop at with
    `asynchronous=True`, or from another cell.  It stays held until `release()`, through redeploys too, and `with` releases it:

        with wb.hold("counter", action="add") as hold:
            wb.invoke("counter", "add", {"value": 5}, asynchronous=True)
            hold.step()

    Args:
        actor: its name.
        when: asked about each message as its turn comes, in a worker's thread: `lambda m: m.payload["value"] > 3`.  A `Message` has
            `action`, `payload`, `caller`, `key`, `metadata` and `id`.  A message at which it raises stops too.
        action: stop only at this action.
        caller: stop only at messages of this actor.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: the name is a pool's or a template's, which have no mailbox of their own.
        NotCapable: the actors run in another process.
    """
    system = own_system("hold an actor")
    system.info(actor)
    conditional = when is not None or action is not None or caller is not None
    condition = _condition(when, action, caller) if conditional else None
    with acting(system, "hold", actor, action or ""):
        system.debugger.hold(actor, condition)
    return BreakpointHandle(system, actor)


def release(actor: str | None = None) -> tuple[str, ...]:
    """Let a held actor go on, or all of them; the names of those that were held.

    Raises:
        NotCapable: the actors run in another process.
    """
    system = own_system("release an actor")
    names = system.held_actors() if actor is None else [actor_name(actor)]
    return tuple(name for name in names if _released(system, name))


def held(actor: str) -> BreakpointHandle:
    """The handle of an actor that is held already.

    Raises:
        BadSetting: it is not held.
    """
    found = BreakpointHandle(own_system("step a held actor"), actor_name(actor))
    if not found.is_held:
        raise BadSetting(f"{actor} is not held. Hold it first, with wb.hold({actor!r}) or %hold {actor}.")
    return found


class BreakpointHandle:
    """A held actor.  Shows what waits; every method acts at once and may be called from any cell."""

    def __init__(self, system: LocalSystem, actor: str) -> None:
        self.actor = actor
        self._system = system

    @property
    def is_held(self) -> bool:
        """False after `release`."""
        return self._now() is not None

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still; a conditional hold runs until a message meets its condition."""
        now = self._now()
        return now is not None and now.is_stopped

    @property
    def waiting(self) -> Messages:
        """The messages that wait, in order; `init` and what is being processed are not among them."""
        now = self._now()
        return Messages(message_of(each) for each in (now.waiting if now is not None else ()))

    def step(self, timeout: float = 60.0) -> Stepped:
        """Let the first message through, wait for its turn, and stop again.

        Raises:
            InvocationTimeout: the turn did not end in time; it goes on.
        """
        first = next(iter(self.waiting), None)
        with self._events() as events:
            passed = self._system.debugger.step(self.actor)
            if passed is None:
                return Stepped(actor=self.actor)
            message = first if first is not None and first.id == passed else Message(id=passed, action="")
            turn = self._turn_of(passed, message, events, timeout)
        return Stepped(actor=self.actor, message=message, turn=turn, waiting=len(self.waiting))

    def go(self) -> Self:
        """Go on to the next message that meets the condition.

        Raises:
            BadSetting: it is held at every message, so that there is no next one to run to.
        """
        self._system.debugger.go_on(self.actor)
        return self

    def wait(self, timeout: float = 60.0) -> Self:
        """Wait until it has stopped at a message.

        Raises:
            InvocationTimeout: not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while not (self.is_stopped and self.waiting):
            if time.monotonic() > deadline:
                raise InvocationTimeout(self.actor, "(any message)", timeout)
            time.sleep(_LOOK_S)
        return self

    def drop(self, which: Which = 0) -> Message:
        """Take a message out, as a network loses it; its caller gets `MessageDropped`.

        Raises:
            UnknownMessage: it does not wait (any more).
        """
        message = self._found(which)
        with acting(self._system, "drop", self.actor, message.action):
            self._system.debugger.drop(self.actor, message.id)
        return message

    def duplicate(self, which: Which = 0) -> Message:
        """Put a copy right behind a message, as a network delivers it twice; no one waits for the copy's answer.

        Raises:
            UnknownMessage: it does not wait (any more).
        """
        message = self._found(which)
        with acting(self._system, "duplicate", self.actor, message.action):
            return message_of(self._system.debugger.duplicate(self.actor, message.id))

    def move(self, which: Which, to: int) -> Messages:
        """Give a message another place, counted from 0, or from the end if negative; what waits then.

        Raises:
            UnknownMessage: it does not wait (any more).
            BadSetting: there is no such place.
        """
        message = self._found(which)
        with acting(self._system, "reorder", self.actor, message.action):
            self._system.debugger.move(self.actor, message.id, to)
        return self.waiting

    def release(self) -> None:
        """Let the actor go on; what waits runs.  Safe to call twice."""
        _released(self._system, self.actor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        return redacted_text(held_rendering(self.actor, self._headline(), self.waiting).text)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return held_rendering(self.actor, self._headline(), self.waiting).mimebundle()

    def _headline(self) -> str:
        now = self._now()
        if now is None:
            return "not held any more."
        if not now.is_stopped:
            return "held at messages that meet the condition; none has come yet."
        if now.trouble:
            return f"stopped, since the condition could not judge the first message: {now.trouble}"
        return f"held; {plural(len(now.waiting), 'message')} wait{'s' if len(now.waiting) == 1 else ''}."

    def _now(self) -> BreakpointInfo | None:
        return self._system.debugger.held(self.actor)

    def _found(self, which: Which) -> Message:
        waiting = self.waiting
        if isinstance(which, int):
            if not -len(waiting) <= which < len(waiting):
                raise UnknownMessage(self.actor, which)
            numbered: Message = waiting[which]
            return numbered
        name = which.id if isinstance(which, Message) else which
        found = next((each for each in waiting if each.id.endswith(name)), None)
        if found is None or not name:
            raise UnknownMessage(self.actor, name)
        return found

    @contextmanager
    def _events(self) -> Iterator[Callable[[], list[Event]]]:
        subscription = self._system.subscribe(limit=1_000)
        try:
            yield subscription.drain
        finally:
            subscription.close()

    def _turn_of(
        self, invocation: str, message: Message, events: Callable[[], list[Event]], timeout: float
    ) -> Turn | None:
        deadline = time.monotonic() + timeout
        try:
            while True:
                is_pending = any(each.invocation == invocation for each in self._system.mailbox(self.actor))
                for event in events():
                    if event.turn is not None and event.turn.invocation == invocation:
                        return event.turn
                if not is_pending:
                    return None
                if time.monotonic() > deadline:
                    raise InvocationTimeout(self.actor, message.action, timeout)
                time.sleep(_LOOK_S)
        except KeyboardInterrupt:
            raise WaitInterrupted(f"Stopped waiting for {self.actor}.{message.action}; its turn goes on.") from None


def _released(system: LocalSystem, actor: str) -> bool:
    if system.debugger.held(actor) is None:
        return False
    with acting(system, "release", actor):
        return system.debugger.release(actor)


def _condition(
    when: Callable[[Message], object] | None, action: str | None, caller: str | None
) -> Callable[[Invocation], bool]:
    def is_meant(invocation: Invocation) -> bool:
        sender = invocation.caller.name if invocation.caller is not None else ""
        if (action is not None and invocation.action != action) or (caller is not None and sender != caller):
            return False
        if when is None:
            return True
        message = Message(
            id=invocation.id,
            action=invocation.action,
            payload=decode_value(invocation.payload),
            caller=sender,
            key=invocation.key,
            metadata=dict(invocation.metadata),
        )
        return bool(when(message))

    return is_meant


# --- End what an actor runs --------------------------------------------------------------------------------------------


def abandon(actor: str) -> bool:
    """End the action that an actor runs, also one in an endless loop; False if it runs none.

    Its caller gets `InvocationAbandoned`, the state is as it was before, the next message runs.  An action in code outside Python
    (`time.sleep`, a driver) ends when that returns; `%spawn status` names what could not be ended.

    Raises:
        NotCapable: the actor's system is another process: only the notebook that runs it can do that.
    """
    system = current.open()
    if not is_local(system):
        raise NotCapable(
            f"end an action of {actor}", system.name, "only the process that runs it can; use wb.abandon there."
        )
    with acting(system, "abandon", actor_name(actor), ""):
        return system.abandon(actor)


# --- What only the system of this very process can do -----------------------------------------------------------------


def own_system(
    what: str, why: str = "only the process that has its mailboxes can do that, and it is another one."
) -> LocalSystem:
    """The system of this process.

    Args:
        what: is to be done, for the message; `why` that takes the system of this process.

    Raises:
        NotCapable: the current system runs in another process.
    """
    system = current.open()
    if not is_local(system):
        raise NotCapable(what, system.name, why)
    return system


# --- Injected faults: what goes wrong for a while, to see what happens ------------------------------------------------


class ActiveFaults(tuple["Faults", ...]):
    """Injected faults, one a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return redacted_text("\n".join(map(repr, self)) or "No injected faults.")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}


def faults(
    actor: str | None = None,
    *,
    delay: float | str = 0.0,
    failure: float = 0.0,
    crash: float = 0.0,
    store: bool = False,
    seconds: float = 10.0,
    seed: int | None = 0,
) -> Faults:
    """Inject faults into a local actor, from now until the time is over, or to the end of a `with` block:

        with wb.faults("counter", failure=0.2, seconds=30):
            ...

    `%spawn status` shows them.  They go on over a redeploy, and end at the latest when the system stops.

    Args:
        actor: its name, or a template's for all of its children.
        delay: how long each turn waits before its action: seconds, or text such as `"50ms"`.
        failure: the probability, 0 to 1, that a turn fails with `FaultInjected` instead of running its action.
        crash: the probability that the actor is lost from memory right after its action: its message and its mailbox are lost,
            their callers get `FaultInjected`, and the next message brings it back with the state that was recorded.
        store: meanwhile no commit succeeds, for the whole system: no turns are run, calls are refused.
        seconds: how long, at most an hour.
        seed: the same seed and the same messages give the same faults; None for a new one, which is shown.

    Raises:
        BadSetting: a number out of its range, nothing to go wrong, or the actor has injected faults already.
        UnknownActor: it is not deployed.
        NotCapable: its code runs in another process.
    """
    system = own_system("inject faults")
    with acting(system, "fault", "" if actor is None else actor_name(actor)):
        return system.debugger.inject(
            actor,
            delay_s=duration_ms(delay, name="delay") / 1_000 if isinstance(delay, str) else delay,
            failure=failure,
            crash=crash,
            store=store,
            seconds=seconds,
            seed=random.SystemRandom().randrange(1_000_000) if seed is None else seed,
        )


def active_faults() -> ActiveFaults:
    """The injected faults that have not ended.

    Raises:
        NotCapable: the actors run in another process.
    """
    return ActiveFaults(own_system("inject faults").debugger.faults())


def end_faults(actor: str | None = None) -> ActiveFaults:
    """End the injected faults of an actor, or all of them; what was ended.

    Raises:
        NotCapable: the actors run in another process.
    """
    found = [each for each in own_system("inject faults").debugger.faults() if actor in (None, each.actor)]
    for each in found:
        each.end()
    return ActiveFaults(found)
