"""Invocations, contexts and workflows between records and Spawn's messages.

The classes are those of the new dialect: package names are not on the wire, so they read and write both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runtime.addressing import action_name, actor_name, template_name
from runtime.fields import checked_time_us
from runtime.ids import ActorId, InvocationId
from runtime.records import Effect, Invocation, Publication, Route, Workflow
from runtime.wire.dialect import Dialect
from runtime.wire.pb.spawn.actors import actor_pb2, protocol_pb2
from runtime.wire.values import payload_of, set_payload

KEY = "idempotency-key"
"""Metadata in which a client may give an idempotency key; the protocol has no field for it."""


def get_id(message: actor_pb2.ActorId) -> ActorId:
    """The parent travels beside an identity, not in it (see `ids`)."""
    return ActorId(message.system, message.name)


def put_id(target: actor_pb2.ActorId, actor: ActorId, parent: str = "") -> None:
    target.name, target.system = actor.name, actor.system
    if parent and parent != actor.name:
        target.parent = parent


def texts(entries: Mapping[str, str]) -> dict[str, str]:
    """A map of a message; most are empty, and looking is cheaper than copying."""
    return dict(entries) if entries else {}


def get_invocation(
    request: protocol_pb2.InvocationRequest, invocation_id: InvocationId, system: str, parent: str = ""
) -> Invocation:
    """What a client asks for.

    Args:
        system: where the actor is, if the request names none.
        parent: the template of the actor, if the request names none.

    Raises:
        BadSetting: `scheduled_to` is outside its range, from 1970 to 9999, or a name has a NUL character.
    """
    metadata = texts(request.metadata)
    return Invocation(
        id=invocation_id,
        actor=ActorId(request.system.name or system, actor_name(request.actor.id.name)),
        action=action_name(request.action_name),
        payload=payload_of(request, request.WhichOneof("payload")),
        parent=template_name(request.register_ref or parent),
        caller=get_id(request.caller) if request.HasField("caller") else None,
        key=metadata.get(KEY, ""),
        metadata=metadata,
        asynchronous=is_asynchronous(request),
        scheduled_to_us=_due_us(request),
    )


def _due_us(request: protocol_pb2.InvocationRequest) -> int:
    milliseconds = request.scheduled_to
    return checked_time_us(milliseconds * 1_000, "scheduled_to") if milliseconds else 0


def is_asynchronous(request: protocol_pb2.InvocationRequest) -> bool:
    """The field `async`, which Python has no syntax for."""
    asynchronous: bool = getattr(request, "async")
    return asynchronous


def make_request(invocation: Invocation, dialect: Dialect = Dialect.NEW) -> protocol_pb2.InvocationRequest:
    """The request that has a proxy run this invocation; its key travels as metadata."""
    request = protocol_pb2.InvocationRequest(
        action_name=invocation.action,
        metadata=invocation.metadata,
        scheduled_to=-(-invocation.scheduled_to_us // 1_000),
        register_ref=invocation.parent,
    )
    request.system.name = invocation.actor.system
    put_id(request.actor.id, invocation.actor)
    setattr(request, "async", invocation.asynchronous)
    if invocation.key:
        request.metadata[KEY] = invocation.key
    if invocation.caller is not None:
        put_id(request.caller, invocation.caller)
    set_payload(request, invocation.payload, dialect)
    return request


# -- workflows -----------------------------------------------------------------------------------------------------------


def get_workflow(message: protocol_pb2.Workflow) -> Workflow | None:
    """What is to happen after the turn; None for an empty message.

    Raises:
        BadSetting: an effect's `scheduled_to` is outside its range, from 1970 to 9999.
    """
    routing = message.WhichOneof("routing")
    workflow = Workflow(
        effects=tuple(_get_effect(each.request) for each in message.effects),
        broadcast=_get_publication(message.broadcast) if message.HasField("broadcast") else None,
        pipe=_get_route(message.pipe) if routing == "pipe" else None,
        forward=_get_route(message.forward) if routing == "forward" else None,
    )
    return None if workflow == _NOTHING else workflow


_NOTHING = Workflow()


def _get_effect(request: protocol_pb2.InvocationRequest) -> Effect:
    return Effect(
        actor=request.actor.id.name,
        action=request.action_name,
        payload=payload_of(request, request.WhichOneof("payload")),
        parent=request.register_ref,
        scheduled_to_us=_due_us(request),
        metadata=texts(request.metadata),
        caller=get_id(request.caller) if request.HasField("caller") else None,
        system=request.system.name,
    )


def _get_publication(message: protocol_pb2.Broadcast) -> Publication:
    return Publication(message.channel_group, payload_of(message, message.WhichOneof("payload")))


def _get_route(message: protocol_pb2.Pipe | protocol_pb2.Forward) -> Route:
    return Route(message.actor, message.action_name, message.register_ref)


def put_workflow(
    target: protocol_pb2.Workflow, workflow: Workflow, actor: ActorId, now_us: int, dialect: Dialect
) -> None:
    """`actor` is the one whose turn it was; delays become times from `now_us` on, which is what the protocol has."""
    for effect in workflow.effects:
        _put_effect(target.effects.add().request, effect, actor, now_us, dialect)
    if workflow.broadcast is not None:
        target.broadcast.channel_group = workflow.broadcast.channel
        set_payload(target.broadcast, workflow.broadcast.payload, dialect)
    if workflow.pipe is not None:
        _put_route(target.pipe, workflow.pipe)
    elif workflow.forward is not None:
        _put_route(target.forward, workflow.forward)


def _put_effect(
    target: protocol_pb2.InvocationRequest, effect: Effect, actor: ActorId, now_us: int, dialect: Dialect
) -> None:
    due_us = effect.scheduled_to_us or (now_us + effect.delay_ms * 1_000 if effect.delay_ms else 0)
    target.CopyFrom(
        make_request(
            Invocation(
                id=InvocationId(""),
                actor=ActorId(effect.system or actor.system, effect.actor),
                action=effect.action,
                payload=effect.payload,
                parent=effect.parent,
                caller=effect.caller or actor,
                metadata=effect.metadata,
                asynchronous=True,
                scheduled_to_us=due_us,
            ),
            dialect,
        )
    )


def put_messages(target: protocol_pb2.Workflow, messages: Iterable[Invocation], dialect: Dialect = Dialect.NEW) -> None:
    """Told messages, which leave when the turn has succeeded: on the wire they are effects."""
    for message in messages:
        target.effects.add().request.CopyFrom(make_request(message, dialect))


def _put_route(target: protocol_pb2.Pipe | protocol_pb2.Forward, route: Route) -> None:
    target.actor, target.action_name, target.register_ref = route.actor, route.action, route.parent
