"""Turns and what they contain, to and from `workbench.v1`."""

from __future__ import annotations

from runtime.ids import InvocationId
from runtime.records import Effect, Event, EventKind, Publication, Route, Sent, Turn, Workflow
from runtime.wire.node_values import (
    get_actor,
    get_failure,
    get_state,
    get_value,
    put_actor,
    put_failure,
    put_state,
    put_value,
)
from runtime.wire.workbench.v1 import node_pb2 as pb

_TEXTS_AND_NUMBERS = tuple(
    field.name
    for field in pb.Turn.DESCRIPTOR.fields
    if field.message_type is None  # what is left has names of its own below
)

_KINDS = frozenset(EventKind)


def put_event(target: pb.Event, event: Event) -> None:
    target.kind, target.at_us, target.text = event.kind, event.at_us, event.text
    put_actor(target.actor, event.actor)
    if event.turn is not None:
        put_turn(target.turn, event.turn)


def get_event(source: pb.Event) -> Event | None:
    """The event; None for one of a kind that only a later version knows."""
    if source.kind not in _KINDS:
        return None
    return Event(
        kind=EventKind(source.kind),
        at_us=source.at_us,
        actor=get_actor(source.actor) if source.HasField("actor") else None,
        turn=get_turn(source.turn) if source.HasField("turn") else None,
        text=source.text,
    )


def put_turn(target: pb.Turn, turn: Turn) -> None:
    for name in _TEXTS_AND_NUMBERS:
        setattr(target, name, getattr(turn, name))
    put_actor(target.actor, turn.actor)
    put_actor(target.caller, turn.caller)
    put_value(target.payload, turn.payload)
    target.metadata.update(turn.metadata)
    for sent in turn.sent:
        put_sent(target.sent.add(), sent)
    target.tags_before.update(turn.tags_before)
    put_tags(target.tags_after, turn.tags_after)
    put_failure(target.failure, turn.failure)
    put_value(target.response, turn.response)
    put_state(target.state, turn.state)
    put_workflow(target.workflow, turn.workflow)


def get_turn(source: pb.Turn) -> Turn:
    plain = {name: getattr(source, name) for name in _TEXTS_AND_NUMBERS}
    return Turn(
        **plain,
        actor=get_actor(source.actor),
        caller=get_actor(source.caller) if source.HasField("caller") else None,
        payload=get_value(source.payload),
        metadata=dict(source.metadata),
        sent=tuple(map(get_sent, source.sent)),
        tags_before=dict(source.tags_before),
        tags_after=get_tags(source.tags_after) if source.HasField("tags_after") else None,
        failure=get_failure(source.failure) if source.HasField("failure") else None,
        response=get_value(source.response),
        state=get_state(source.state),
        workflow=get_workflow(source.workflow) if source.HasField("workflow") else None,
    )


def put_tags(target: pb.Tags, tags: dict[str, str] | None) -> None:
    if tags is not None:
        target.SetInParent()
        target.tags.update(tags)


def get_tags(source: pb.Tags) -> dict[str, str]:
    return dict(source.tags)


def put_sent(target: pb.Sent, sent: Sent) -> None:
    put_actor(target.actor, sent.actor)
    target.action, target.invocation, target.asked = sent.action, sent.invocation, sent.asked
    put_value(target.payload, sent.payload)
    put_value(target.reply, sent.reply)
    put_failure(target.failure, sent.failure)


def get_sent(source: pb.Sent) -> Sent:
    return Sent(
        actor=get_actor(source.actor),
        action=source.action,
        payload=get_value(source.payload),
        invocation=InvocationId(source.invocation),
        asked=source.asked,
        reply=get_value(source.reply),
        failure=get_failure(source.failure) if source.HasField("failure") else None,
    )


def put_workflow(target: pb.Workflow, workflow: Workflow | None) -> None:
    if workflow is None:
        return
    target.SetInParent()
    for effect in workflow.effects:
        _put_effect(target.effects.add(), effect)
    if workflow.broadcast is not None:
        target.broadcast.channel = workflow.broadcast.channel
        put_value(target.broadcast.payload, workflow.broadcast.payload)
    for route, place in ((workflow.pipe, target.pipe), (workflow.forward, target.forward)):
        if route is not None:
            place.actor, place.action, place.parent = route.actor, route.action, route.parent


def get_workflow(source: pb.Workflow) -> Workflow:
    return Workflow(
        effects=tuple(map(_get_effect, source.effects)),
        broadcast=(
            Publication(source.broadcast.channel, get_value(source.broadcast.payload))
            if source.HasField("broadcast")
            else None
        ),
        pipe=_get_route(source.pipe) if source.HasField("pipe") else None,
        forward=_get_route(source.forward) if source.HasField("forward") else None,
    )


def _get_route(source: pb.Route) -> Route:
    return Route(source.actor, source.action, source.parent)


def _put_effect(target: pb.Effect, effect: Effect) -> None:
    target.actor, target.action, target.parent = effect.actor, effect.action, effect.parent
    target.delay_ms, target.scheduled_to_us, target.system = effect.delay_ms, effect.scheduled_to_us, effect.system
    put_value(target.payload, effect.payload)
    target.metadata.update(effect.metadata)
    put_actor(target.caller, effect.caller)


def _get_effect(source: pb.Effect) -> Effect:
    return Effect(
        actor=source.actor,
        action=source.action,
        payload=get_value(source.payload),
        parent=source.parent,
        delay_ms=source.delay_ms,
        scheduled_to_us=source.scheduled_to_us,
        metadata=dict(source.metadata),
        caller=get_actor(source.caller) if source.HasField("caller") else None,
        system=source.system,
    )
