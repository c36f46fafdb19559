"""What the engine does because time has passed: idle deactivation, snapshots, timers, delayed messages."""

from __future__ import annotations

from collections.abc import Callable

from runtime.engine.activation import Activation, Signal
from runtime.engine.commands import Command
from runtime.engine.directory import Template
from runtime.engine.due_queue import Delayed, Due, Idle, SnapshotDue, TimerDue
from runtime.engine.state import NOTHING, Core, has_own_call
from runtime.ids import ActorId
from runtime.records import Invocation, Phase, Turn

_SOON_US = 50_000


class Timers:
    """The part of an engine that its agenda drives."""

    __slots__ = ("_core", "_latest_us", "_timers", "deliver", "submit")

    submit: Callable[[Invocation, object, int], list[Command]]
    """How messages enter; set by the engine, since arrivals in turn need the time."""
    deliver: Callable[[Invocation, int], list[Command]]
    """How those enter that the store has already; set with it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._latest_us = 0
        self._timers: dict[tuple[ActorId, str], TimerDue] = {}
        """The entry of each timer, by actor and action; others on the due queue are of earlier definitions."""

    def seen(self, now_us: int) -> None:
        """The time at a tick; if the clock was set back, what is due after a while is still due after that while."""
        if now_us < self._latest_us:
            self._core.due_queue.set_back(self._latest_us - now_us)
        self._latest_us = now_us

    def activated(self, activation: Activation, template: Template, now_us: int) -> None:
        """Arm the idle time-out and the timers of an actor that came into memory."""
        idle_us = template.definition.settings.deactivate_timeout_ms * 1_000
        self._core.due_queue.add(now_us + idle_us, Idle(activation.id))
        self._arm_timers(activation.id, template, now_us)

    def deployed(self, template: Template, now_us: int) -> None:
        """Arm a new definition's timers instead of those of the earlier one, and make the instances a pool begins with."""
        if template.is_pool:
            self._fill(template, now_us)
        if not template.timers:
            return
        for activation in self._core.directory.children(template.definition.name):
            self._arm_timers(activation.id, template, now_us)
        if not template.has_children and not template.is_pool:
            self._wake(ActorId(self._core.options.system, template.definition.name), template, now_us)

    def unrecorded(self, activation: Activation, template: Template, turn: Turn, at_once: bool, now_us: int) -> None:
        """A turn that no journal records has ended: see to it that its state reaches the store, at once or in time."""
        if not template.definition.settings.stateful:
            return
        activation.unsaved = activation.unsaved or turn.revision != turn.revision_before
        if activation.unsaved and at_once:
            self._save(activation, now_us, "ACTIVATED")
        elif activation.unsaved and not activation.snapshot_due_us:
            activation.snapshot_due_us = now_us + template.definition.settings.snapshot_timeout_ms * 1_000
            self._core.due_queue.add(activation.snapshot_due_us, SnapshotDue(activation.id))

    def due(self, at_us: int, due: Due, now_us: int) -> list[Command]:
        """Handle one entry of the due queue."""
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
        if template is not None and template.is_pool and self._is_smallest(template):
            rest_us = max(rest_us, timeout_us, _SOON_US)
        if rest_us > 0:
            core.due_queue.add(now_us + rest_us, due)
            return NOTHING
        if activation.phase is not Phase.READY or activation.mailbox is not None or self._is_unwritten(activation):
            core.due_queue.add(now_us + max(_SOON_US, timeout_us // 10), due)
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
        activation.snapshot_due_us = 0
        if activation.unsaved:
            self._save(activation, now_us, "ACTIVATED")
        return NOTHING

    def save_all(self, now_us: int) -> None:
        """Save every state that neither journal nor snapshot holds: the system ends."""
        for activation in self._core.directory.active.values():
            if activation.unsaved:
                self._save(activation, now_us, "DEACTIVATED")

    def _save(self, activation: Activation, now_us: int, status: str) -> None:
        self._core.journal.save(activation.snapshot(now_us, status))
        activation.unsaved = False

    def _delayed(self, due: Delayed, now_us: int) -> list[Command]:
        return self.deliver(due.invocation, now_us)

    def _arm_timers(self, actor: ActorId, template: Template, now_us: int) -> None:
        definition = template.definition
        for spec in template.timers:
            armed = self._timers.get((actor, spec.name))
            if armed is not None and armed.definition == definition.hash:
                continue  # it goes on from before the actor left memory
            due = TimerDue(actor, definition.name, spec.name, spec.every_ms * 1_000, definition.hash)
            self._timers[actor, spec.name] = due
            self._core.due_queue.add(now_us + due.every_us, due)

    def _timer(self, at_us: int, due: TimerDue, now_us: int) -> list[Command]:
        """Invoke the timer's action, in an actor that left memory too: it ends when the code is undeployed, not before."""
        core = self._core
        if self._timers.get((due.actor, due.action)) is not due:
            return NOTHING
        activation = core.directory.active.get(due.actor)
        template = core.directory.templates.get(due.parent)
        is_gone = template is None or (template.is_pool and activation is None)
        if template is None or is_gone or template.definition.hash != due.definition:
            del self._timers[due.actor, due.action]
            if template is not None and not is_gone:  # deployed anew while the actor was away
                self._arm_timers(due.actor, template, now_us)
            return NOTHING
        # Fixed rate, but a late timer does not fire in a burst to catch up: it skips what it missed.
        missed = max(0, now_us - at_us) // due.every_us
        core.due_queue.add(at_us + due.every_us * (missed + 1), due)
        if activation is not None and has_own_call(activation, due.action):
            return NOTHING  # as it does while the actor is busy, or held
        return self.submit(self._own_call(due.actor, due.action, due.parent), None, now_us)

    def _own_call(self, actor: ActorId, action: str, template: str) -> Invocation:
        parent = template if template != actor.name and actor not in self._core.directory.active else ""
        return Invocation(
            id=self._core.ids(), actor=actor, action=action, parent=parent, caller=actor, asynchronous=True
        )

    def _wake(self, actor: ActorId, template: Template, now_us: int) -> None:
        """Bring a named actor with timers into memory, as Spawn does at registration."""
        core = self._core
        if actor not in core.directory.active:
            call = Invocation(id=core.ids(), actor=actor, action=template.definition.name)
            core.ready.push(core.directory.activate(call, now_us))

    def _fill(self, template: Template, now_us: int) -> None:
        """Bring a pool to its least size."""
        directory, name = self._core.directory, template.definition.name
        while directory.pool_size(name) < template.definition.settings.pool[0]:
            member = directory.add_member(name, self._core.options.system, now_us)
            self.joined(member, template, now_us)

    def joined(self, member: Activation, template: Template, now_us: int) -> None:
        """A new instance of a pool: nothing of it is stored, so it is there as soon as it is named."""
        member.signal(Signal.LOAD)
        member.signal(Signal.LOADED)
        self.activated(member, template, now_us)

    def _is_smallest(self, template: Template) -> bool:
        settings = template.definition.settings
        return self._core.directory.pool_size(settings.name) <= settings.pool[0]
