"""What the engine does because time has passed: idle deactivation, snapshots, timers, delayed messages."""

from __future__ import annotations

from collections.abc import Callable

from runtime.engine.activation import Activation
from runtime.engine.agenda import Delayed, Due, Idle, SnapshotDue, TimerDue
from runtime.engine.commands import Command
from runtime.engine.core import NOTHING, Core
from runtime.engine.hold import has_own_call
from runtime.engine.lifecycle import Signal
from runtime.engine.template import Template
from runtime.ids import ActorId
from runtime.records import Invocation, Outcome, Phase, Turn

_SOON_US = 50_000


class Timekeeping:
    """The part of an engine that its agenda drives."""

    __slots__ = ("_core", "submit")

    submit: Callable[[Invocation, object, int], list[Command]]
    """How messages enter; set by the engine, since arrivals in turn need the time."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def activated(self, activation: Activation, template: Template, now_us: int) -> None:
        """Arm the idle time-out and the timers of an actor that came into memory."""
        idle_us = template.definition.settings.deactivate_timeout_ms * 1_000
        self._core.agenda.add(now_us + idle_us, Idle(activation.id))
        self._arm_timers(activation.id, template, now_us)

    def deployed(self, template: Template, now_us: int) -> None:
        """Arm a new definition's timers; those of the earlier one end by themselves, since they carry its hash."""
        if not template.timers:
            return
        for activation in self._core.directory.children(template.definition.name):
            self._arm_timers(activation.id, template, now_us)
        if not template.has_children:
            self._wake(ActorId(self._core.options.system, template.definition.name), template, now_us)

    def unrecorded(self, activation: Activation, template: Template, turn: Turn, outcome: Outcome, now_us: int) -> None:
        """A turn that no journal records has ended: see to it that its state reaches the store."""
        if not template.definition.settings.stateful:
            return
        activation.unsaved = activation.unsaved or turn.revision != turn.revision_before
        if activation.unsaved and outcome.checkpoint:
            self._save(activation, now_us, "ACTIVATED")
        elif activation.unsaved and not activation.snapshot_armed:
            activation.snapshot_armed = True
            due_us = now_us + template.definition.settings.snapshot_timeout_ms * 1_000
            self._core.agenda.add(due_us, SnapshotDue(activation.id))

    def due(self, at_us: int, due: Due, now_us: int) -> list[Command]:
        """Handle one entry of the agenda."""
        if isinstance(due, Idle):
            return self._idle(due, now_us)
        if isinstance(due, SnapshotDue):
            return self._snapshot(due, now_us)
        if isinstance(due, TimerDue):
            return self._timer(at_us, due, now_us)
        return self._delayed(due, now_us)

    def _idle(self, due: Idle, now_us: int) -> list[Command]:
        core = self._core
        activation = core.directory.active.get(due.actor)
        if activation is None:
            return NOTHING
        template = core.directory.template_of(activation)
        timeout_us = template.definition.settings.deactivate_timeout_ms * 1_000 if template is not None else 0
        # max: a clock that was set back must not keep an actor for ever.
        rest_us = min(activation.last_active_us, now_us) + timeout_us - now_us
        if rest_us > 0:
            core.agenda.add(now_us + rest_us, due)
            return NOTHING
        if activation.phase is not Phase.READY or activation.mailbox is not None or self._is_unwritten(activation):
            core.agenda.add(now_us + max(_SOON_US, timeout_us // 10), due)
            return NOTHING
        return self._deactivate(activation, now_us)

    def _is_unwritten(self, activation: Activation) -> bool:
        return activation.last_sequence > self._core.journal.committed

    def _deactivate(self, activation: Activation, now_us: int) -> list[Command]:
        activation.signal(Signal.STOP)
        if not activation.unsaved:
            return self._core.let_go(activation, now_us)
        self._save(activation, now_us, "DEACTIVATED")
        self._core.journal.stop_after_commit(activation)
        return NOTHING

    def _snapshot(self, due: SnapshotDue, now_us: int) -> list[Command]:
        activation = self._core.directory.active.get(due.actor)
        if activation is None:
            return NOTHING
        activation.snapshot_armed = False
        if activation.unsaved:
            self._save(activation, now_us, "ACTIVATED")
        return NOTHING

    def _save(self, activation: Activation, now_us: int, status: str) -> None:
        self._core.journal.save(activation.snapshot(now_us, status))
        activation.unsaved = False

    def _delayed(self, due: Delayed, now_us: int) -> list[Command]:
        return self.submit(due.invocation, None, now_us)

    def _arm_timers(self, actor: ActorId, template: Template, now_us: int) -> None:
        for spec in template.timers:
            every_us = spec.every_ms * 1_000
            self._core.agenda.add(now_us + every_us, TimerDue(actor, spec.name, every_us, template.definition.hash))

    def _timer(self, at_us: int, due: TimerDue, now_us: int) -> list[Command]:
        core = self._core
        activation = core.directory.active.get(due.actor)
        template = core.directory.template_of(activation) if activation is not None else None
        if template is None or template.definition.hash != due.definition:
            return NOTHING
        # Fixed rate, but a late timer does not fire in a burst to catch up: it skips what it missed.
        missed = max(0, now_us - at_us) // due.every_us
        core.agenda.add(at_us + due.every_us * (missed + 1), due)
        if due.actor in core.holds and activation is not None and has_own_call(activation, due.action):
            return NOTHING  # it is held, and skips what it misses as well
        return self.submit(self._own_call(due.actor, due.action), None, now_us)

    def _own_call(self, actor: ActorId, action: str) -> Invocation:
        return Invocation(id=self._core.ids(), actor=actor, action=action, caller=actor, asynchronous=True)

    def _wake(self, actor: ActorId, template: Template, now_us: int) -> None:
        """Bring a named actor with timers into memory, as Spawn does at registration."""
        core = self._core
        if actor not in core.directory.active:
            call = Invocation(id=core.ids(), actor=actor, action=template.definition.name)
            core.ready.push(core.directory.activate(call, now_us))
