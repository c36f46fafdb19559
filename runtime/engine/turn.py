"""From a host's outcome to the record of the turn: pure functions."""

from __future__ import annotations

from runtime.engine.activation import Activation
from runtime.engine.commands import Run
from runtime.engine.mailbox import Envelope
from runtime.engine.template import Template
from runtime.records import Outcome, Turn, Work


def make_run(activation: Activation, envelope: Envelope, template: Template, now_us: int, seed: int) -> Run:
    """What the host gets for the next turn."""
    return Run(
        activation=activation.id,
        turn=activation.turn,
        invocation=envelope.invocation,
        parent=activation.parent,
        definition=template.definition.hash,
        state=activation.state,
        state_definition=activation.state_definition,
        tags=activation.tags,
        revision=activation.revision,
        now_us=now_us,
        seed=seed,
        is_init=envelope.is_init,
        host=template.host,
        holder=activation,
        envelope=envelope,
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
