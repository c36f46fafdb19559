"""Turns: choosing the next, and what comes of one that has ended.

What a successful turn sets in motion goes in Spawn's order (docs/protocols.md, "Workflow order"): messages of `ctx.tell` and
effects, broadcast, then pipe or forward, whose answer the original caller gets.  All of it runs outside the activation: the actor
goes on with its next message at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runtime.admission import admitted
from runtime.config import Durability
from runtime.engine import call_graph, intake, supervision
from runtime.engine.activation import Activation, Envelope, Signal
from runtime.engine.breakpoints import Breakpoints
from runtime.engine.commands import Answer, Command, FindKey, Load, Run, Step
from runtime.engine.directory import Template, receivers, unknown_action
from runtime.engine.intake import Intake
from runtime.engine.state import NOTHING, Core, failed
from runtime.engine.timers import Timers
from runtime.errors import CallCycle, InternalError, NotDeployed, SpawnError, shown_text, type_name
from runtime.hosts.base import Host
from runtime.ids import ActorId, IdSource
from runtime.records import (
    CONFIRM_DROPPED,
    CURSOR_TAG,
    IMPLICIT_READS,
    RESTORE,
    SOURCE_METADATA,
    Effect,
    Encoded,
    Event,
    EventKind,
    Failure,
    Invocation,
    Outcome,
    Phase,
    Publication,
    Reply,
    Route,
    State,
    Turn,
    Work,
)

_NEW, _READY = Phase.NEW, Phase.READY
_LOAD, _START = Signal.LOAD, Signal.START
_COMMIT = Durability.COMMIT
_TURN = EventKind.TURN


class Turns:
    """The part of an engine that hands out work and takes results."""

    __slots__ = ("_breakpoints", "_core", "_intake", "_time")

    def __init__(self, core: Core, intake: Intake, time: Timers, breakpoints: Breakpoints) -> None:
        self._core, self._intake, self._time, self._breakpoints = core, intake, time, breakpoints

    def take(self, now_us: int) -> Step | list[Command] | None:
        """The next thing to do: a step for a worker, commands to carry out, or None when no actor is ready."""
        core = self._core
        if core.is_held:
            return None
        activation = core.ready.pop()
        if activation is None:
            return None
        if activation.phase is _NEW:
            activation.signal(_LOAD)
            return Load(activation.id)
        if activation.mailbox is None:
            return NOTHING
        template = core.directory.templates.get(activation.parent)
        if template is None:
            gone = NotDeployed(activation.id.name, activation.parent, activation.revision)
            return self._intake.dismiss(activation, gone, now_us)
        if core.breakpoints and (instead := self._breakpoints.before(activation, activation.mailbox[0])) is not None:
            return instead
        envelope = activation.mailbox[0]
        if not envelope.key_checked:
            return self._check_key(activation, envelope, now_us)
        action = envelope.invocation.action
        if action in template.definition.actions or action == CONFIRM_DROPPED:
            run = activation.running = make_run(activation, activation.begin(now_us), template, now_us, core.seed())
            return run
        return self._answer_without_host(activation, template, now_us)

    def is_next_for(self, host: Host) -> bool:
        """Whether `take` would give a turn of this host, or an answer that needs none."""
        following = self._following()
        return following is not None and following[0].host is host

    def is_next_coroutine(self) -> bool:
        """Whether `take` would give a turn of a coroutine action."""
        following = self._following()
        return following is not None and following[1] in following[0].coroutines

    def _following(self) -> tuple[Template, str] | None:
        """Code and action of the next message, if nothing has to be looked up before it; None also when that is open."""
        core = self._core
        activation = core.ready.peek()
        if activation is None or activation.phase is not _READY or activation.mailbox is None or core.is_held:
            return None
        envelope = activation.mailbox[0]
        if not envelope.key_checked or (core.breakpoints and activation.id in core.breakpoints):
            return None
        template = core.directory.templates.get(activation.parent)
        return None if template is None else (template, envelope.invocation.action)

    def _check_key(self, activation: Activation, envelope: Envelope, now_us: int) -> Step | list[Command]:
        actor, key = envelope.invocation.actor, envelope.invocation.key
        turn = self._core.journal.used_key(actor, key) or intake.remembered(activation, key)
        if turn is not None:
            return self._intake.repeat(activation, turn, now_us)
        activation.signal(_START)  # nothing else of this actor runs while the store is asked
        return FindKey(activation.id, actor, key)

    def finish(self, run: Run, outcome: Outcome, now_us: int) -> list[Command]:
        """A turn has ended: adopt its outcome, record it, answer, and start what follows from it.

        A result of a turn that was abandoned meanwhile is fenced off: nothing happens.  One that cannot be recorded fails its
        turn here, before the turn has a number (see `admission`).
        """
        activation = run.holder
        if activation.running is not run:
            return NOTHING
        if (
            outcome.failure is not None
            or (outcome.tags is not None and outcome.tags is not run.tags)
            or outcome.workflow is not None
            or outcome.told
        ):
            outcome = admitted(outcome, activation.id.name)
        activation.end()
        turns = activation.turns
        try:
            return self._conclude(activation, run.envelope, run, outcome, now_us)
        except BaseException as error:  # noqa: BLE001 - no one may wait for a turn that has ended
            return self._conclude_broken(run, activation.turns != turns, error, now_us)

    def _conclude_broken(self, run: Run, is_adopted: bool, error: BaseException, now_us: int) -> list[Command]:
        """The outcome could not be made a turn: the turn fails.  If it was adopted already, only its caller is told."""
        activation, envelope = run.holder, run.envelope
        what = "what followed from it could not be sent" if is_adopted else "its result could not be recorded"
        name = f"{run.invocation.actor.name}.{run.invocation.action}"
        defect = InternalError(f"{name} has run, but {what}: {type_name(error)}: {shown_text(error)}")
        defect.__cause__ = error
        if not is_adopted:
            return self._conclude(activation, envelope, run, _failed_outcome(defect), now_us)
        if activation.mailbox is not None:
            self._core.ready.push(activation)
        return self._core.answer(envelope, failed(run.invocation.id, defect))

    def abandon(self, actor: ActorId, error: SpawnError, now_us: int) -> list[Command]:
        """Give the actor's running turn up: its caller gets the error, the state stays, the actor goes on."""
        activation = self._core.directory.active.get(actor)
        if activation is None or activation.running is None:
            return NOTHING
        return self.finish(activation.running, _failed_outcome(error), now_us)

    def _answer_without_host(self, activation: Activation, template: Template, now_us: int) -> list[Command]:
        """An implicit read, or an action that a redeploy took away while the message waited."""
        envelope = activation.pop()
        invocation = envelope.invocation
        is_known = invocation.action in IMPLICIT_READS or invocation.action == RESTORE
        if invocation.scheduled_to_us and not is_known:  # the store has it, and keeps it
            return self._intake.turn_away(activation, envelope, unknown_action(invocation, template), now_us)
        if invocation.action in IMPLICIT_READS:
            state = activation.state or template.initial
            outcome = Outcome(response=state.value if state is not None else None)
        elif invocation.action == RESTORE and invocation.payload is not None:
            outcome = Outcome(state=State(invocation.payload))
        else:
            outcome = _failed_outcome(unknown_action(invocation, template))
        activation.started_us = now_us
        work = make_run(activation, envelope, template, now_us, 0)
        return self._conclude(activation, envelope, work, outcome, now_us)

    def _conclude(
        self, activation: Activation, envelope: Envelope, work: Work, outcome: Outcome, now_us: int
    ) -> list[Command]:
        core, journal, invocation = self._core, self._core.journal, envelope.invocation
        template = core.directory.templates.get(activation.parent)
        is_journaled = template is None or template.is_journaled
        if template is not None and template.is_special:
            self._adapt(activation, template, work, outcome)
        sequence = journal.sequence + 1 if is_journaled else 0
        turn = make_turn(sequence, activation, envelope, work, outcome, now_us)
        adopt(activation, turn)
        activation.last_active_us = now_us
        if is_journaled:
            journal.record(turn)
            activation.last_sequence = sequence
            if sequence - journal.committed > core.options.unwritten_limit:
                core.is_held = True
        elif template is not None:
            at_once = outcome.checkpoint or bool(invocation.scheduled_to_us)  # settled with its state, or neither
            self._time.unrecorded(activation, template, turn, at_once, now_us)
            intake.remember(activation, turn)
        if invocation.scheduled_to_us:
            core.settle(invocation)
        if core.feed.is_watched:
            core.feed.publish(Event(_TURN, now_us, activation.id, turn))
        if turn.failure is not None and self._has_ended(activation, envelope, turn.failure, now_us):
            return self._intake.init_failed(activation, turn, outcome.error, now_us)
        if activation.mailbox is not None:
            core.ready.push(activation)
        is_followed = turn.failure is None and (outcome.told or turn.workflow is not None)
        if envelope.waiter is None and activation.outside is None and not is_followed and not invocation.path:
            return NOTHING  # no one waits for it, and nothing follows
        after_commit = (
            outcome.checkpoint or invocation.after_commit or (template is not None and template.durability is _COMMIT)
        )
        reply = Reply(turn.invocation, turn.response, turn.failure, outcome.error)
        from_outside = NOTHING if activation.outside is None else self._intake.admit_waiting(activation)
        if is_followed:
            return from_outside + self._follow_up(envelope, turn, outcome, reply, after_commit, now_us)
        if from_outside or after_commit or envelope.waiter is None or invocation.path:
            return from_outside + core.answer(envelope, reply, after_commit=after_commit)
        return [Answer(envelope.waiter, reply)]

    def _has_ended(self, activation: Activation, envelope: Envelope, failure: Failure, now_us: int) -> bool:
        """Count a failure; whether it ends the activation, too, as that of `@init` does."""
        activation.suspended = supervision.count(activation.suspended, failure, self._core.options.intensity, now_us)
        return envelope.is_init

    def _adapt(self, activation: Activation, template: Template, work: Work, outcome: Outcome) -> None:
        """What is different for stateless actors, pools and projections."""
        # An event has a cause; what comes from outside cannot move a projection's place.
        source = work.invocation.metadata.get(SOURCE_METADATA) if work.invocation.cause else None
        if template.is_projection and source is not None:
            outcome.tags = {**(outcome.tags if outcome.tags is not None else activation.tags), CURSOR_TAG: source}
        if template.keeps_state:
            return
        # State that no journal keeps: an actor's while it is active, and none at all of a pool.
        if outcome.failure is None and outcome.state is not None and not template.is_pool:
            activation.state, activation.state_definition = outcome.state, work.definition
        outcome.state = None

    def _follow_up(
        self, envelope: Envelope, turn: Turn, outcome: Outcome, reply: Reply, after_commit: bool, now_us: int
    ) -> list[Command]:
        """Told messages, effects and broadcast, then the answer or the route that gives it."""
        core, submit, origin = self._core, self._intake.submit, envelope.invocation
        commands: list[Command] = []
        for told in outcome.told:
            commands += submit(told, None, now_us)
        for effect in effects(turn, origin, core.ids, now_us):
            commands += submit(effect, None, now_us)
        if turn.workflow is not None and turn.workflow.broadcast is not None:
            to = list(receivers(turn.workflow.broadcast, core.options.system, core.directory))
            for delivery in deliveries(turn, turn.workflow.broadcast, to, core.ids):
                commands += submit(delivery, None, now_us)
        try:
            onward = routed(turn, origin, core.ids, after_commit)
        except CallCycle as error:
            return commands + core.answer(envelope, failed(turn.invocation, error), after_commit=after_commit)
        if onward is not None:
            if origin.path:
                call_graph.answered(core.directory, origin)
            return commands + submit(onward, envelope.waiter, now_us)
        return commands + core.answer(envelope, reply, after_commit=after_commit)


def _failed_outcome(error: SpawnError) -> Outcome:
    return Outcome(failure=Failure(error.code, str(error)), error=error)


# --- From a host's outcome to the record of the turn: pure functions --------------------------------------------------


def make_run(activation: Activation, envelope: Envelope, template: Template, now_us: int, seed: int) -> Run:
    """What the host gets for the next turn."""
    invocation = envelope.invocation
    return Run(
        activation.id,
        activation.turn,
        invocation,
        activation.parent,
        template.definition.hash,
        activation.state,
        activation.state_definition,
        activation.tags,
        activation.revision,
        now_us,
        seed,
        envelope.is_init,
        host=template.host,
        holder=activation,
        envelope=envelope,
        timeout_ms=template.limits.get(invocation.action, 0) if template.limits else 0,
    )


def make_turn(
    sequence: int, activation: Activation, envelope: Envelope, work: Work, outcome: Outcome, finished_us: int
) -> Turn:
    """The record of a finished turn.  Called before the activation adopts the outcome."""
    invocation = envelope.invocation
    succeeded = outcome.failure is None
    state = outcome.state if succeeded else None
    tags = outcome.tags if succeeded else None
    if tags is not None and (tags is activation.tags or tags == activation.tags):
        tags = None
    changed = state is not None or tags is not None
    started_us = activation.started_us
    revision = activation.revision
    return Turn(
        sequence,
        invocation.id,
        invocation.actor,
        activation.parent,
        invocation.action,
        invocation.correlation or invocation.id,
        invocation.cause,
        invocation.caller,
        invocation.key,
        invocation.payload,
        invocation.metadata,
        envelope.enqueued_us,
        started_us,
        finished_us if finished_us > started_us else started_us,  # also when the clock was set back
        work.now_us,
        work.seed,
        outcome.messages if outcome.told else outcome.sent,
        activation.tags,
        tags,
        outcome.failure,
        outcome.response if succeeded else None,
        revision,
        revision + 1 if changed else revision,
        state,
        work.definition,
        outcome.workflow if succeeded else None,
    )


def adopt(activation: Activation, turn: Turn) -> None:
    """Make the turn's result the actor's committed state."""
    activation.turns += 1
    if turn.failure is not None:
        activation.failures += 1
        return
    activation.revision = turn.revision
    if turn.state is not None:
        activation.state, activation.state_definition = turn.state, turn.definition
    if turn.tags_after is not None:
        activation.tags = turn.tags_after


# --- The messages that a turn sets in motion --------------------------------------------------------------------------


def effects(turn: Turn, origin: Invocation, ids: IdSource, now_us: int) -> Iterator[Invocation]:
    """The side effects of a turn; their metadata is the request's, overlaid with their own."""
    for effect in turn.workflow.effects if turn.workflow is not None else ():
        yield Invocation(
            id=ids(),
            actor=ActorId(effect.system or turn.actor.system, effect.actor),
            action=effect.action,
            payload=effect.payload,
            parent=effect.parent,
            caller=effect.caller or turn.actor,
            cause=turn.invocation,
            correlation=turn.correlation,
            metadata={**_carried(origin), **effect.metadata},
            asynchronous=True,
            scheduled_to_us=_when(effect, now_us),
        )


def _when(effect: Effect, now_us: int) -> int:
    return effect.scheduled_to_us or (now_us + effect.delay_ms * 1_000 if effect.delay_ms else 0)


def deliveries(
    turn: Turn, publication: Publication, receivers: Iterable[tuple[ActorId, str, str]], ids: IdSource
) -> Iterator[Invocation]:
    """A broadcast, one invocation for each receiver (actor, parent, action), without the request's metadata."""
    for actor, parent, action in receivers:
        yield Invocation(
            id=ids(),
            actor=actor,
            action=action,
            payload=publication.payload,
            parent=parent,
            caller=turn.actor,
            cause=turn.invocation,
            correlation=turn.correlation,
            asynchronous=True,
        )


def routed(turn: Turn, origin: Invocation, ids: IdSource, after_commit: bool) -> Invocation | None:
    """The invocation that answers in this turn's place: a pipe gets the response, a forward the original payload.

    Args:
        after_commit: the answer is given when this turn is on disk.

    Raises:
        CallCycle: the route comes back to an action it already went through.
    """
    workflow = turn.workflow
    if workflow is None or (workflow.pipe is None and workflow.forward is None):
        return None
    if workflow.pipe is not None:
        return _along(workflow.pipe, turn.response, turn, origin, ids, after_commit)
    assert workflow.forward is not None
    return _along(workflow.forward, origin.payload, turn, origin, ids, after_commit)


def _along(
    route: Route, payload: Encoded | None, turn: Turn, origin: Invocation, ids: IdSource, after_commit: bool
) -> Invocation:
    hops = (*origin.hops, f"{turn.actor.name}.{turn.action}")
    if f"{route.actor}.{route.action}" in hops:
        raise CallCycle((*hops, f"{route.actor}.{route.action}"))
    return Invocation(
        id=ids(),
        actor=ActorId(turn.actor.system, route.actor),
        action=route.action,
        payload=payload,
        parent=route.parent,
        caller=turn.actor,
        cause=turn.invocation,
        correlation=turn.correlation,
        metadata=_carried(origin),
        path=origin.path,
        hops=hops,
        after_commit=after_commit,
    )


def _carried(origin: Invocation) -> dict[str, str]:
    """The request's metadata, without the place of a projection: that is the place of this one, not of the next actor."""
    if SOURCE_METADATA not in origin.metadata:
        return origin.metadata
    return {name: text for name, text in origin.metadata.items() if name != SOURCE_METADATA}
