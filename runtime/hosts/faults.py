"""A host that goes wrong on purpose, for a bounded time: slow actions, failures that say they were injected, crashes.

What goes wrong is drawn from a seed, for each actor by itself: the same seed and the same messages give the same faults.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable

import msgspec

from runtime.authoring.context import Calls
from runtime.authoring.definition import ActorDefinition
from runtime.errors import FaultInjected
from runtime.hosts.base import Host
from runtime.hosts.in_process import refused
from runtime.ids import ActorId
from runtime.records import Outcome, State, Work


class Fault(msgspec.Struct, frozen=True):
    """What is to go wrong in one turn."""

    delay_s: float = 0.0
    fails: bool = False
    crashes: bool = False


NO_FAULT = Fault()
_LOOK_S = 0.1


class FaultPlan:
    """What goes wrong with one actor, or with all of a template's, until when; and what did so far."""

    def __init__(
        self,
        actor: ActorId,
        *,
        delay_s: float = 0.0,
        failure: float = 0.0,
        crash: float = 0.0,
        seed: int = 0,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`failure` and `crash` are probabilities; `clock` counts seconds."""
        self.actor, self.delay_s, self.failure, self.crash, self.seed = actor, delay_s, failure, crash, seed
        self.turns = self.delayed = self.failed = self.crashed = 0
        self._clock, self._until = clock, clock() + seconds
        self._ended = threading.Event()
        self._chances: dict[ActorId, random.Random] = {}
        self._lock = threading.Lock()

    @property
    def seconds_left(self) -> float:
        """0 once it has ended."""
        return 0.0 if self._ended.is_set() else max(0.0, self._until - self._clock())

    def end(self) -> None:
        """No more faults; delays that are going on are cut short."""
        self._ended.set()

    def is_for(self, work: Work) -> bool:
        """Whether a turn is the plan's; `init` is left alone."""
        return (work.activation == self.actor or work.parent == self.actor.name) and not work.is_init

    def draw(self, work: Work) -> Fault:
        """What is to go wrong in the actor's next turn.  Three numbers are drawn for each, whatever becomes of them."""
        if not self.seconds_left:
            return NO_FAULT
        with self._lock:
            chance = self._chances.get(work.activation)
            if chance is None:
                chance = self._chances[work.activation] = random.Random(f"{self.seed}:{work.activation.name}")
            fails, crashes = chance.random() < self.failure, chance.random() < self.crash
            self.turns += 1
            self.delayed += self.delay_s > 0
            self.failed += fails
            self.crashed += crashes and not fails
        return Fault(self.delay_s, fails, crashes and not fails)

    def pause(self, seconds: float) -> None:
        """Block this thread, unless the plan ends."""
        self._ended.wait(seconds)

    async def apause(self, seconds: float) -> None:
        """The same for a coroutine."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0 and not self._ended.is_set():  # noqa: ASYNC110 - of any loop
            await asyncio.sleep(min(left, _LOOK_S))


class FaultyHost:
    """Another host, with faults around it."""

    def __init__(self, inner: Host, plans: list[FaultPlan], crash: Callable[[Work], None]) -> None:
        """`crash` drops the activation whose turn this is; it is called in the turn's thread, before its end."""
        self.inner, self.plans, self._crash = inner, plans, crash

    def prepare(self, definition: ActorDefinition) -> None:
        self.inner.prepare(definition)

    def initial(self, definition: str) -> State | None:
        return self.inner.initial(definition)

    def is_async(self, work: Work) -> bool:
        return self.inner.is_async(work)

    def forget(self, actor: ActorId) -> None:
        self.inner.forget(actor)

    def migrated(self, definition: str, state: State) -> State:
        return self.inner.migrated(definition, state)

    def run(self, work: Work, calls: Calls) -> Outcome:
        plan = self._plan(work)
        if plan is None:
            return self.inner.run(work, calls)
        fault = plan.draw(work)
        if fault.delay_s:
            plan.pause(fault.delay_s)
        if fault.fails:
            return _failed(work)
        return self._ended(work, fault, self.inner.run(work, calls))

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        plan = self._plan(work)
        if plan is None:
            return await self.inner.arun(work, calls)
        fault = plan.draw(work)
        if fault.delay_s:
            await plan.apause(fault.delay_s)
        if fault.fails:
            return _failed(work)
        return self._ended(work, fault, await self.inner.arun(work, calls))

    def _plan(self, work: Work) -> FaultPlan | None:
        return next((plan for plan in self.plans if plan.is_for(work)), None)

    def _ended(self, work: Work, fault: Fault, outcome: Outcome) -> Outcome:
        """A crash strikes when the action has run: what it did outside is done, what it did to the state is lost."""
        if fault.crashes:
            self._crash(work)  # the engine ignores the outcome of a turn that is gone
        return outcome


def _failed(work: Work) -> Outcome:
    return refused(FaultInjected(work.invocation.actor.name, work.invocation.action, "the action was not run."))
