"""Turns that another process runs, on `workbench.v1`: the work, its outcome, and what an action asks of others meanwhile."""

from __future__ import annotations

from typing import Any

from runtime.ids import InvocationId
from runtime.records import Encoded, Failure, Invocation, Outcome, Work
from runtime.wire.node.records import (
    get_actor,
    get_failure,
    get_state,
    get_tags,
    get_value,
    get_workflow,
    put_actor,
    put_failure,
    put_state,
    put_tags,
    put_value,
    put_workflow,
)
from runtime.wire.pb.workbench.v1 import node_pb2 as pb


def put_work(target: pb.Work, work: Work, number: int) -> None:
    invocation = work.invocation
    target.id, target.invocation, target.action = number, invocation.id, invocation.action
    target.parent, target.definition, target.state_definition = work.parent, work.definition, work.state_definition
    target.revision, target.now_us, target.seed, target.is_init = work.revision, work.now_us, work.seed, work.is_init
    put_actor(target.actor, invocation.actor)
    put_actor(target.caller, invocation.caller)
    put_actor(target.activation, work.activation)
    put_value(target.payload, invocation.payload)
    put_state(target.state, work.state)
    target.metadata.update(invocation.metadata)
    target.tags.update(work.tags)


def get_work(source: pb.Work) -> Work:
    """The work; its `turn` is the number by which the node knows it."""
    invocation = Invocation(
        id=InvocationId(source.invocation),
        actor=get_actor(source.actor),
        action=source.action,
        payload=get_value(source.payload),
        caller=get_actor(source.caller) if source.HasField("caller") else None,
        metadata=dict(source.metadata),
    )
    return Work(
        activation=get_actor(source.activation) if source.HasField("activation") else invocation.actor,
        turn=source.id,
        invocation=invocation,
        parent=source.parent,
        definition=source.definition,
        state=get_state(source.state),
        state_definition=source.state_definition,
        tags=dict(source.tags),
        revision=source.revision,
        now_us=source.now_us,
        seed=source.seed,
        is_init=source.is_init,
    )


def put_outcome(target: pb.Outcome, outcome: Outcome, work: Work) -> None:
    target.id, target.checkpoint = work.turn, outcome.checkpoint
    put_value(target.response, outcome.response)
    put_state(target.state, outcome.state)
    put_tags(target.tags, outcome.tags)
    put_workflow(target.workflow, outcome.workflow)
    put_failure(target.failure, outcome.failure)
    for told in outcome.told:
        _put_told(target.told.add(), told, work)


def get_outcome(source: pb.Outcome) -> Outcome:
    """The outcome, without what was sent meanwhile: the node knows that best."""
    return Outcome(
        response=get_value(source.response),
        state=get_state(source.state),
        tags=get_tags(source.tags) if source.HasField("tags") else None,
        workflow=get_workflow(source.workflow) if source.HasField("workflow") else None,
        checkpoint=source.checkpoint,
        failure=get_failure(source.failure) if source.HasField("failure") else None,
    )


def _put_told(target: pb.Tell, told: Invocation, work: Work) -> None:
    target.actor, target.action, target.parent, target.key = told.actor.name, told.action, told.parent, told.key
    put_value(target.payload, told.payload)
    target.metadata.update(told.metadata)
    if told.actor.system != work.invocation.actor.system:
        target.system = told.actor.system
    target.durable = told.durable
    if told.scheduled_to_us:
        target.delay_us = max(0, told.scheduled_to_us - work.now_us)


def tell_options(source: pb.Tell) -> dict[str, Any]:
    """The options of `ctx.tell` that a message stands for."""
    options = _options(source)
    if source.HasField("delay_us"):
        options["delay"] = source.delay_us / 1_000_000
    if source.durable:
        options["durable"] = True
    return options


def ask_options(source: pb.Ask) -> dict[str, Any]:
    """The options of `ctx.invoke` that a message stands for."""
    options = _options(source)
    if source.timeout_s:
        options["timeout"] = source.timeout_s
    return options


def _options(source: pb.Tell | pb.Ask) -> dict[str, Any]:
    given = {"parent": source.parent, "system": source.system, "metadata": dict(source.metadata), "key": source.key}
    return {name: value for name, value in given.items() if value}


def make_ask(number: int, work: Work, asked: Invocation, timeout_s: float | None) -> pb.FromHost:
    """A question to another actor."""
    message = pb.FromHost()
    ask = message.ask
    ask.id, ask.work, ask.actor, ask.action = number, work.turn, asked.actor.name, asked.action
    ask.parent, ask.key, ask.timeout_s = asked.parent, asked.key, timeout_s or 0.0
    put_value(ask.payload, asked.payload)
    ask.metadata.update(asked.metadata)
    if asked.actor.system != work.invocation.actor.system:
        ask.system = asked.actor.system
    return message


def make_answer(number: int, response: Encoded | None, failure: Failure | None) -> pb.ToHost:
    """What another actor answered."""
    message = pb.ToHost()
    message.answer.id = number
    put_value(message.answer.response, response)
    put_failure(message.answer.failure, failure)
    return message
