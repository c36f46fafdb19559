"""Faults and breakpoints in an embedded system: faults are put around hosts and store, counted, and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TypeVar, cast

import msgspec

from runtime.api import Waiting
from runtime.drivers.threaded import ThreadedDriver
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

    def __init__(
        self, driver: ThreadedDriver, plan: FaultPlan | None, store: FaultyStore | None, seconds: float
    ) -> None:
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


def inject(
    driver: ThreadedDriver,
    actor: ActorId | None,
    *,
    delay_s: float = 0.0,
    failure: float = 0.0,
    crash: float = 0.0,
    store: bool = False,
    seconds: float,
    seed: int = 0,
) -> Faults:
    """From now on, for `seconds`, things go wrong; see `Faults` for how it ends.

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
    _check(actor, delay_s, failure, crash, store, seconds)
    _tidy(driver)
    plan = None
    if actor is not None:
        plan = FaultPlan(actor, delay_s=delay_s, failure=failure, crash=crash, seed=seed, seconds=seconds)
    faults = Faults(driver, plan, None, seconds)
    if plan is not None:
        _wrap(driver, plan)
    if store:
        if isinstance(driver.recorder.store, FaultyStore):
            raise BadSetting(
                "The store fails already, as asked for earlier. End that first, with its end() or %fault --end."
            )
        faults._store = FaultyStore(driver.recorder.store, seconds)
        driver.recorder.store = cast(StateStore, faults._store)
    driver.faults = [*driver.faults, faults]
    return faults


def active(driver: ThreadedDriver) -> list[Faults]:
    """Those that have not ended."""
    _tidy(driver)
    return [each for each in driver.faults if isinstance(each, Faults)]


def _check(actor: ActorId | None, delay_s: float, failure: float, crash: float, store: bool, seconds: float) -> None:
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
        raise BadSetting(f"Nothing would go wrong with {actor.name}. Give delay=, failure= or crash=.")


def _wrap(driver: ThreadedDriver, plan: FaultPlan) -> None:
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


def _crasher(driver: ThreadedDriver) -> Callable[[Work], None]:
    def crash(work: Work) -> None:
        driver.call(lambda engine, now_us: engine.crash(work.activation, work.turn, now_us))

    return crash


def _template_name(driver: ThreadedDriver, actor: ActorId) -> str:
    def look(engine: Engine, _: int) -> str:
        activation = engine.directory.active.get(actor)
        if activation is not None and activation.parent:
            return activation.parent
        return actor.name if actor.name in engine.directory.templates else ""

    found = driver.look(look)
    if not found and (stored := driver.store.load(actor)) is not None:
        found = stored.parent
    return found


def _tidy(driver: ThreadedDriver) -> None:
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


# --- Holding actors of a threaded driver: the engine's `Holds`, from any thread ---------------------------------------


class BreakpointInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How a held actor is."""

    is_stopped: bool
    """Nothing runs but what is let through; else it runs until a message meets the condition."""
    is_conditional: bool
    trouble: str = ""
    """What the condition raised at the message where the actor stopped."""
    waiting: tuple[Waiting, ...] = ()
    """The messages that can be stepped to and changed, in order."""


def hold(driver: ThreadedDriver, actor: ActorId, when: Condition | None = None) -> None:
    """See `Holds.hold`."""
    _changed(driver, lambda engine: engine.breakpoints.hold(actor, when))


def release(driver: ThreadedDriver, actor: ActorId) -> bool:
    """See `Holds.release`."""
    return _changed(driver, lambda engine: engine.breakpoints.release(actor))


def step(driver: ThreadedDriver, actor: ActorId) -> str | None:
    """Let the first message through, without waiting for it: its id."""
    return _changed(driver, lambda engine: engine.breakpoints.step(actor))


def go_on(driver: ThreadedDriver, actor: ActorId) -> None:
    """See `Holds.go_on`."""
    _changed(driver, lambda engine: engine.breakpoints.go_on(actor))


def drop(driver: ThreadedDriver, actor: ActorId, invocation: str) -> None:
    """See `Holds.drop`."""
    driver.call(lambda engine, now_us: engine.breakpoints.drop(actor, invocation, now_us))


def duplicate(driver: ThreadedDriver, actor: ActorId, invocation: str) -> str:
    """See `Holds.duplicate`."""
    now_us = driver.now_us()
    return _changed(driver, lambda engine: engine.breakpoints.duplicate(actor, invocation, now_us))


def move(driver: ThreadedDriver, actor: ActorId, invocation: str, to: int) -> None:
    """See `Holds.move`."""
    _changed(driver, lambda engine: engine.breakpoints.move(actor, invocation, to))


def held(driver: ThreadedDriver, actor: ActorId) -> BreakpointInfo | None:
    """How the actor is held; None if it is not."""

    def look(engine: Engine, _: int) -> BreakpointInfo | None:
        found = engine.breakpoints.of(actor)
        if found is None:
            return None
        return BreakpointInfo(
            is_stopped=found.is_stopped,
            is_conditional=found.when is not None,
            trouble=found.trouble,
            waiting=tuple(_waiting(each) for each in engine.breakpoints.waiting(actor)),
        )

    return driver.look(look)


def _waiting(envelope: Envelope) -> Waiting:
    invocation = envelope.invocation
    return Waiting(
        invocation=invocation.id,
        action=invocation.action,
        caller=invocation.caller.name if invocation.caller is not None else "",
        enqueued_us=envelope.enqueued_us,
        payload=invocation.payload,
    )


def _changed(driver: ThreadedDriver, change: Callable[[Engine], T]) -> T:
    """What a change answers; the driver then sees to what may run."""
    answers: list[T] = []

    def event(engine: Engine, _: int) -> list[Command] | None:
        answers.append(change(engine))
        return None

    driver.call(event)
    return answers[0]
