"""Faults and breakpoints in an embedded system: faults are put around hosts and store, counted, and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TypeVar, cast

import msgspec

from runtime.api import Waiting
from runtime.drivers.thread_driver import ThreadDriver
from runtime.engine.commands import Command
from runtime.engine.engine import Engine
from runtime.errors import BadSetting, NotCapable, UnknownActor
from runtime.hosts.base import Host
from runtime.hosts.faults import FaultPlan, FaultyHost
from runtime.hosts.in_process import InProcessHost
from runtime.ids import ActorId
from runtime.records import Work
from runtime.stores.base import StateStore
from runtime.stores.faulty import FaultyStore

if TYPE_CHECKING:
    from runtime.engine.activation import Envelope
    from runtime.engine.state import Condition

T = TypeVar("T")

LONGEST_S = 3_600.0


class Faults:
    """Faults that were asked for.  They end when the time is over, with the `with` block, or when the system stops."""

    def __init__(self, driver: ThreadDriver, plan: FaultPlan | None, store: FaultyStore | None, seconds: float) -> None:
        self._driver, self._plan, self._store = driver, plan, store
        self.seconds = seconds

    @property
    def seconds_left(self) -> float:
        """0 once they have ended."""
        return max(each.seconds_left for each in (self._plan, self._store) if each is not None)

    @property
    def actor(self) -> str:
        """Whose faults they are; empty for the store's alone."""
        return self._plan.actor.name if self._plan is not None else ""

    @property
    def counts(self) -> dict[str, int]:
        """What went wrong so far, by kind; `turns` is how many could have."""
        plan, counts = self._plan, dict[str, int]()
        if plan is not None:
            counts = {"turns": plan.turns, "delayed": plan.delayed, "failed": plan.failed, "crashed": plan.crashed}
        return {**counts, "commits refused": self._store.refused} if self._store is not None else counts

    def end(self) -> None:
        """Take them away now.  Safe to call twice."""
        for each in (self._plan, self._store):
            if each is not None:
                each.end()
        _tidy(self._driver)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def __repr__(self) -> str:
        left = self.seconds_left
        rest = f"{left:.1f} s left" if left else "ended"
        done = ", ".join(f"{number:,} {kind}" for kind, number in self.counts.items() if number)
        return f"Faults of {self.what}: {rest}; so far {done or 'nothing'}."

    @property
    def what(self) -> str:
        """Whose, and which: `counter (delay 0.05 s, failure 20 %, seed 0)`."""
        plan = self._plan
        parts = []
        if plan is not None:
            parts += [f"delay {plan.delay_s:g} s"] if plan.delay_s else []
            parts += [f"failure {plan.failure:.3g}"] if plan.failure else []
            parts += [f"crash {plan.crash:.3g}"] if plan.crash else []
            parts += [f"seed {plan.seed}"] if plan.failure or plan.crash else []
        names = [f"{self.actor} ({', '.join(parts)})"] if plan is not None else []
        return " and ".join([*names, *(["the store (commits fail)"] if self._store is not None else [])])


class BreakpointInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How a held actor is."""

    is_stopped: bool
    """Nothing runs but what is let through; else it runs until a message meets the condition."""
    is_conditional: bool
    trouble: str = ""
    """What the condition raised at the message where the actor stopped."""
    waiting: tuple[Waiting, ...] = ()
    """The messages that can be stepped to and changed, in order."""


class Debugger:
    """Breakpoints and faults of one embedded system; from any thread, by the names of its actors.

    Each change is made between two turns of the system: what runs already goes on.
    """

    def __init__(self, driver: ThreadDriver) -> None:
        self._driver = driver

    def hold(self, actor: str, when: Condition | None = None) -> None:
        """Stop an actor at its next message, or at the next one that meets a condition (see `Breakpoints.hold`).

        Raises:
            BadSetting: the name is a pool's or a template's, which have no mailbox of their own.
        """
        self._changed(lambda engine: engine.breakpoints.hold(self._id(actor), when))

    def release(self, actor: str) -> bool:
        """Let a held actor go on; False if it is not held."""
        return self._changed(lambda engine: engine.breakpoints.release(self._id(actor)))

    def step(self, actor: str) -> str | None:
        """Let the first message through, without waiting for it: its id; None if none waits."""
        return self._changed(lambda engine: engine.breakpoints.step(self._id(actor)))

    def go_on(self, actor: str) -> None:
        """Run to the next message that meets the condition.

        Raises:
            BadSetting: it is held at every message.
        """
        self._changed(lambda engine: engine.breakpoints.go_on(self._id(actor)))

    def drop(self, actor: str, invocation: str) -> None:
        """Take a message out of the mailbox; its caller gets `MessageDropped`.

        Raises:
            UnknownMessage: it does not wait (any more).
        """
        self._driver.call(lambda engine, now_us: engine.breakpoints.drop(self._id(actor), invocation, now_us))

    def duplicate(self, actor: str, invocation: str) -> Waiting:
        """Put a copy right behind a message, for whose answer no one waits; the copy.

        Raises:
            UnknownMessage: it does not wait (any more).
        """
        now_us = self._driver.now_us()

        def doubled(engine: Engine) -> Waiting:
            copy = engine.breakpoints.duplicate(self._id(actor), invocation, now_us)
            waiting = engine.breakpoints.waiting(self._id(actor))
            return next(_waiting(each) for each in waiting if each.invocation.id == copy)

        return self._changed(doubled)

    def move(self, actor: str, invocation: str, to: int) -> None:
        """Give a message another place, counted from 0, or from the end if negative.

        Raises:
            UnknownMessage: it does not wait (any more).
            BadSetting: there is no such place.
        """
        self._changed(lambda engine: engine.breakpoints.move(self._id(actor), invocation, to))

    def held(self, actor: str) -> BreakpointInfo | None:
        """How an actor is held; None if it is not."""
        return self._driver.look(lambda engine, _: _breakpoint_info(engine, self._id(actor)))

    def inject(
        self,
        actor: str | None,
        *,
        delay_s: float = 0.0,
        failure: float = 0.0,
        crash: float = 0.0,
        store: bool = False,
        seconds: float,
        seed: int = 0,
    ) -> Faults:
        """Have things go wrong from now on, for `seconds`; see `Faults` for how it ends.

        Args:
            actor: one actor, or a template for all of its children; None with `store` alone.
            delay_s: how long each turn waits before its action.
            failure: how probable it is that a turn fails instead of running its action.
            crash: how probable it is that the actor is lost from memory after its action (see `engine.crashes`).
            store: every commit of the whole system fails meanwhile.
            seed: the same seed and the same messages give an actor the same faults.

        Raises:
            BadSetting: nothing to go wrong, a number out of its range, or faults that are there already.
            UnknownActor, NotCapable: the actor is not deployed, or its code runs in another process.
        """
        driver = self._driver
        _check(actor, delay_s, failure, crash, store, seconds)
        _tidy(driver)
        if store and isinstance(driver.recorder.store, FaultyStore):
            raise BadSetting(
                "The store fails already, as asked for earlier. End that first, with its end() or %fault --end."
            )
        plan = None
        if actor is not None:
            plan = FaultPlan(self._id(actor), delay_s=delay_s, failure=failure, crash=crash, seed=seed, seconds=seconds)
            _wrap(driver, plan)
        faults = Faults(driver, plan, _break_store(driver, seconds) if store else None, seconds)
        driver.faults = [*driver.faults, faults]
        return faults

    def faults(self) -> list[Faults]:
        """The injected faults that have not ended."""
        _tidy(self._driver)
        return [each for each in self._driver.faults if isinstance(each, Faults)]

    def _id(self, actor: str) -> ActorId:
        return ActorId(self._driver.config.system, actor)

    def _changed(self, change: Callable[[Engine], T]) -> T:
        """What a change answers; the driver then sees to what may run."""
        answers: list[T] = []

        def event(engine: Engine, _: int) -> list[Command] | None:
            answers.append(change(engine))
            return None

        self._driver.call(event)
        return answers[0]


def _break_store(driver: ThreadDriver, seconds: float) -> FaultyStore:
    broken = FaultyStore(driver.recorder.store, seconds)
    driver.recorder.store = cast(StateStore, broken)
    return broken


def _breakpoint_info(engine: Engine, actor: ActorId) -> BreakpointInfo | None:
    found = engine.breakpoints.of(actor)
    if found is None:
        return None
    return BreakpointInfo(
        is_stopped=found.is_stopped,
        is_conditional=found.when is not None,
        trouble=found.trouble,
        waiting=tuple(_waiting(each) for each in engine.breakpoints.waiting(actor)),
    )


def _waiting(envelope: Envelope) -> Waiting:
    invocation = envelope.invocation
    return Waiting(
        invocation=invocation.id,
        action=invocation.action,
        caller=invocation.caller.name if invocation.caller is not None else "",
        enqueued_us=envelope.enqueued_us,
        payload=invocation.payload,
    )


def _check(actor: str | None, delay_s: float, failure: float, crash: float, store: bool, seconds: float) -> None:
    for name, value in (("failure", failure), ("crash", crash)):
        if not 0 <= value <= 1:
            raise BadSetting(f"{name}={value!r} is no probability; use a number from 0 to 1.")
    if not 0 < seconds <= LONGEST_S:
        raise BadSetting(
            f"seconds={seconds!r} is out of range: faults last for more than 0 and at most {LONGEST_S:,.0f} s."
        )
    if not 0 <= delay_s <= LONGEST_S:
        raise BadSetting(f"delay={delay_s!r} is out of range: from 0 to {LONGEST_S:,.0f} s.")
    if actor is None and not store:
        raise BadSetting("Say whose faults: an actor's name, or store=True for the store.")
    if actor is not None and not (delay_s or failure or crash):
        raise BadSetting(f"Nothing would go wrong with {actor}. Give delay=, failure= or crash=.")


def _wrap(driver: ThreadDriver, plan: FaultPlan) -> None:
    """Put the plan around the host of the actor's template, now and at each redeploy."""
    name = _template_name(driver, plan.actor)

    def event(engine: Engine, _: int) -> list[Command] | None:
        template = engine.directory.templates.get(name)
        if template is None:
            raise UnknownActor(plan.actor.name, engine.directory.known_names())
        host = template.host
        if isinstance(host, FaultyHost):
            if any(each.actor == plan.actor for each in host.plans):
                raise BadSetting(
                    f"{plan.actor.name} has injected faults already. End them first: end() or %fault --end."
                )
            host.plans.append(plan)
            return None
        if not isinstance(host, InProcessHost):
            raise NotCapable("inject faults", plan.actor.name, "its code runs in another process.")
        template.host = FaultyHost(host, [plan], _crasher(driver))
        engine.around_host = _around
        return None

    driver.call(event)


def _around(earlier: Host | None, host: Host) -> Host:
    """The host of a redeployed template: the faults go on."""
    if isinstance(earlier, FaultyHost) and isinstance(host, InProcessHost):
        earlier.inner = host
        return earlier
    return host


def _crasher(driver: ThreadDriver) -> Callable[[Work], None]:
    def crash(work: Work) -> None:
        driver.call(lambda engine, now_us: engine.crash(work.activation, work.turn, now_us))

    return crash


def _template_name(driver: ThreadDriver, actor: ActorId) -> str:
    def look(engine: Engine, _: int) -> str:
        activation = engine.directory.active.get(actor)
        if activation is not None and activation.parent:
            return activation.parent
        return actor.name if actor.name in engine.directory.templates else ""

    found = driver.look(look)
    if not found and (stored := driver.store.load(actor)) is not None:
        found = stored.parent
    return found


def _tidy(driver: ThreadDriver) -> None:
    """Take away what has ended."""
    driver.faults = [each for each in driver.faults if each.seconds_left]
    store = driver.recorder.store
    if isinstance(store, FaultyStore) and not store.seconds_left:
        driver.recorder.store = store.inner
        driver.recorder.hurry()

    def event(engine: Engine, _: int) -> list[Command] | None:
        for template in engine.directory.templates.values():
            host = template.host
            if isinstance(host, FaultyHost):
                host.plans = [plan for plan in host.plans if plan.seconds_left]
                if not host.plans:
                    template.host = host.inner
        return None

    driver.call(event)
