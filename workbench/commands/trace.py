"""See which messages a block of code sets in motion, and what led to one message and came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextvars import Token
from typing import Any, Self

from runtime.api import Capability, Subscription, SystemApi, offers
from runtime.errors import Mistake
from runtime.fields import as_text
from runtime.invocations import noted
from runtime.records import DeadLetter, Event, Invocation, Turn
from workbench.commands.history import newest
from workbench.commands.invoke import WaitInterrupted
from workbench.presenters.messages import messages_of
from workbench.presenters.trace import Cost, Trace
from workbench.session import current

MOST_EVENTS = 20_000
_LOOK_S = 0.01
_QUIET_S = 0.2


class NoSuchMessage(Mistake):
    """No recorded message has that id."""

    code = "no_such_message"


class Tracing(Trace):
    """A trace that is filled when its `with` block ends."""

    def __init__(self, settle_s: float, everything: bool) -> None:
        super().__init__()
        self._settle_s, self._everything = settle_s, everything
        self._roots: list[Invocation] = []
        self._token: Token[Any] | None = None
        self._system: SystemApi | None = None
        self._events: Subscription | None = None
        self._own_us = 0
        self.value: Any = None
        """What the traced function returned, if `trace` was given one."""

    def __enter__(self) -> Self:
        began = time.perf_counter_ns()
        self._system = current.open()
        self._events = self._system.subscribe(limit=MOST_EVENTS)
        self._token = noted.set(self._roots)
        self._own_us = (time.perf_counter_ns() - began) // 1_000
        return self

    def hurry(self) -> None:
        """Do not wait for what is still on its way: someone wants an end of it."""
        self._settle_s = 0.0

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        if kind is not None and issubclass(kind, (KeyboardInterrupt, asyncio.CancelledError)):
            self.hurry()
        assert self._events is not None
        assert self._system is not None
        if self._token is not None:
            noted.reset(self._token)
        settled = time.perf_counter_ns()
        events, pending, is_interrupted = _settled(self._system, self._events, self._roots, self._settle_s)
        began = time.perf_counter_ns()
        dropped = self._events.dropped
        self._events.close()
        turns = [event.turn for event in events if event.turn is not None]
        if not self._everything:
            turns = _caused_by(turns, self._roots, is_precise=offers(self._system, Capability.PENDING))
        lost = _lost(self._system, self._roots)
        unended = [*pending, *(letter.invocation for letter in lost)]
        whys = {str(letter.invocation.id): letter.why.partition("\n")[0] for letter in lost}
        messages = messages_of(turns, self._roots, unended, whys)
        own_us = self._own_us + (time.perf_counter_ns() - began) // 1_000
        cost = Cost(own_us=own_us, settled_us=(began - settled) // 1_000, events=len(events), dropped=dropped)
        Trace.__init__(self, messages, cost=cost)
        if is_interrupted:
            raise WaitInterrupted(
                "Stopped waiting for what is still on its way. The trace has what was seen until then."
            )


def trace(function: Callable[[], Any] | None = None, *, settle: float = 1.0, everything: bool = False) -> Tracing:
    """Every message that a block of code causes, directly or through others, as a sequence diagram and as a table.

        with wb.trace() as trace:
            await wb.ainvoke("desk", "announce", {"text": "hello"})
        trace

    Messages of other cells, widgets and timers are not in it.  A block's own threads count only if they run in a copy of its
    context, as tasks and `asyncio.to_thread` do.

    Args:
        function: run this, at once; its value is `.value`.
        settle: seconds to wait at the end for messages that are still on their way.
        everything: all messages of the system meanwhile, of all senders.

    Raises:
        NotCapable: the system does not tell of turns as they happen.
        WaitInterrupted: a `KeyboardInterrupt`, during the wait at the end; the trace is there all the same.
    """
    __tracebackhide__ = True  # an error of the function shows the function, not us
    tracing = Tracing(settle, everything)
    if function is not None:
        with tracing:
            tracing.value = function()
    return tracing


def cause(invocation: str) -> Trace:
    """The chain that a message belongs to: what led to it, itself, and all that came of it.

    Args:
        invocation: its id, or the end of it.

    Raises:
        NoSuchMessage: none that is recorded has that id.
        NotCapable: the system keeps no history.
    """
    invocation = as_text(invocation, "invocation", "give an invocation's id, or the end of it.")
    system = current.open()
    found = newest(system, lambda turn: str(turn.invocation).endswith(invocation), 1)
    if not found:
        raise NoSuchMessage(
            f"No recorded message has an id that ends with {invocation!r}. %history, %failures and traces show ids."
        )
    [meant] = found
    first = _first_possible(system, meant)
    chain = newest(system, lambda turn: turn.correlation == meant.correlation, 10_000, after=first)
    return Trace(_kin(messages_of(chain), str(meant.invocation)), focus=str(meant.invocation))


def _kin(messages: Iterable[Any], meant: str) -> list[Any]:
    """The ancestors of a message, itself, and its descendants; of one chain all others are only cousins."""
    by_id = {each.id: each for each in messages}
    kept, name = {meant}, meant
    while name in by_id and by_id[name].cause:
        name = by_id[name].cause
        kept.add(name)
    descendants = {meant}
    for each in by_id.values():
        if each.cause in descendants:
            descendants.add(each.id)
    return [each for each in by_id.values() if each.id in kept | descendants]


def _first_possible(system: SystemApi, meant: Turn) -> int:
    """A turn of the chain cannot be much older than its first message, which names the chain."""
    root = newest(system, lambda turn: str(turn.invocation) == meant.correlation, 1)
    return max(0, min([meant.sequence, *(turn.sequence for turn in root)]) - 10_000)


def _settled(
    system: SystemApi, events: Subscription, roots: list[Invocation], settle_s: float
) -> tuple[list[Event], list[Invocation], bool]:
    """All events once nothing of the chains is on its way any more, or when the time is up; and whether it was interrupted.

    A system in another process does not say what is on its way; there it is over when nothing has come for a while.
    """
    collected, deadline = events.drain(), time.monotonic() + settle_s
    quiet_at = time.monotonic() + _QUIET_S
    try:
        while True:
            pending = _pending(system, roots)
            if fresh := events.drain():
                collected += fresh
                quiet_at = time.monotonic() + _QUIET_S
            is_over = not pending if offers(system, Capability.PENDING) else time.monotonic() > quiet_at
            if is_over or time.monotonic() > deadline:
                return collected, pending, False
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        return collected + events.drain(), _pending(system, roots), True


def _pending(system: SystemApi, roots: list[Invocation]) -> list[Invocation]:
    chains = {str(each.id) for each in roots}
    return system.pending(chains) if offers(system, Capability.PENDING) and chains else []


def _caused_by(turns: list[Turn], roots: list[Invocation], *, is_precise: bool) -> list[Turn]:
    chains = {str(each.id) for each in roots}
    if chains or is_precise:
        return [turn for turn in turns if turn.correlation in chains]
    # A node in another process gives our messages their ids: what came from outside meanwhile is as near as one gets.
    outside = {turn.correlation for turn in turns if turn.caller is None and not turn.cause}
    return [turn for turn in turns if turn.correlation in outside]


def _lost(system: SystemApi, roots: list[Invocation]) -> list[DeadLetter]:
    """Messages of these chains that could not be delivered."""
    chains = {str(each.id) for each in roots}
    letters = system.dead_letters() if offers(system, Capability.PENDING) else []
    return [each for each in letters if str(each.invocation.correlation or each.invocation.id) in chains]
