"""Records to and from the messages of `workbench.v1`: values, turns, what one sees of a system, dead letters.

Fields of messages and records have the same names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from runtime.api import ActorInfo, DeployReport, FieldChange, SystemStatus, Waiting
from runtime.errors import ActionFailed, SpawnError, rebuild
from runtime.ids import ActorId, InvocationId
from runtime.records import (
    JSON,
    DeadLetter,
    Effect,
    Encoded,
    Event,
    EventKind,
    Failure,
    Invocation,
    Publication,
    Route,
    Sent,
    State,
    StoredDefinition,
    Turn,
    Workflow,
)
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

R = TypeVar("R", bound=msgspec.Struct)


def shared_fields(record: type[msgspec.Struct], message: Any) -> tuple[str, ...]:
    """Names of the plain fields that a record and a message have in common."""
    plain = {f.name for f in message.DESCRIPTOR.fields if f.message_type is None and not f.is_repeated}
    return tuple(name for name in record.__struct_fields__ if name in plain)


_INFO = shared_fields(ActorInfo, pb.ActorInfo)
_STATUS = shared_fields(SystemStatus, pb.SystemStatus)
_WAITING = tuple(name for name in shared_fields(Waiting, pb.Waiting) if name != "invocation")
_REPORT = shared_fields(DeployReport, pb.DeployReport)
_LISTS = ("added_actions", "removed_actions", "changed_actions", "changed_settings", "dropped_fields", "notes")


def put_info(target: pb.ActorInfo, info: ActorInfo) -> None:
    put_actor(target.id, info.id)
    _put(target, info, _INFO)


def get_info(source: pb.ActorInfo) -> ActorInfo:
    return ActorInfo(id=get_actor(source.id), **_got(source, _INFO))


def put_status(target: pb.SystemStatus, status: SystemStatus) -> None:
    _put(target, status, _STATUS)
    target.problems.extend(status.problems)
    target.guests.extend(status.guests)


def get_status(source: pb.SystemStatus) -> SystemStatus:
    return SystemStatus(**_got(source, _STATUS), problems=tuple(source.problems), guests=tuple(source.guests))


def put_waiting(target: pb.Waiting, waiting: Waiting) -> None:
    target.invocation = waiting.invocation
    _put(target, waiting, _WAITING)
    put_value(target.payload, waiting.payload)


def get_waiting(source: pb.Waiting) -> Waiting:
    return Waiting(
        invocation=InvocationId(source.invocation), payload=get_value(source.payload), **_got(source, _WAITING)
    )


def put_stored(target: pb.StoredDefinition, stored: StoredDefinition) -> None:
    target.hash, target.name, target.source = stored.hash, stored.name, stored.source
    target.settings_json = msgspec.json.encode(stored.settings, enc_hook=str).decode()
    target.fields.update(stored.fields)
    target.actions.update(stored.actions)
    target.deployed_us = stored.deployed_us
    target.classes.update(stored.classes)


def get_stored(source: pb.StoredDefinition) -> StoredDefinition:
    return StoredDefinition(
        hash=source.hash,
        name=source.name,
        source=source.source,
        settings=msgspec.json.decode(source.settings_json or "{}", type=dict[str, Any]),
        fields=dict(source.fields),
        actions=dict(source.actions),
        deployed_us=source.deployed_us,
        classes=dict(source.classes),
    )


def put_report(target: pb.DeployReport, report: DeployReport) -> None:
    _put(target, report, _REPORT)
    for name in _LISTS:
        getattr(target, name).extend(getattr(report, name))
    for field in report.fields:
        target.fields.add(name=field.name, change=field.change, detail=field.detail)


def get_report(source: pb.DeployReport) -> DeployReport:
    lists: dict[str, Any] = {name: tuple(getattr(source, name)) for name in _LISTS}
    fields = tuple(FieldChange(each.name, each.change, each.detail) for each in source.fields)
    return DeployReport(fields=fields, **lists, **_got(source, _REPORT))


def _put(target: Any, record: msgspec.Struct, names: Iterable[str]) -> None:
    for name in names:
        setattr(target, name, getattr(record, name))


def _got(source: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


# --- Values, identities and failures of `workbench.v1` to and from records --------------------------------------------


def put_value(target: pb.Value, value: Encoded | None) -> None:
    """Fill a message's field with a value; None leaves it unset."""
    if value is None:
        return
    if value.type == JSON:
        # From hosts that may send anything: JSON text is UTF-8, and what is not is shown as well as it can be.
        target.json = value.data.decode("utf-8", "replace")
    else:
        target.message.type_url = value.type
        target.message.value = value.data


def get_value(source: pb.Value) -> Encoded | None:
    """The value in a message's field; None when it is unset."""
    kind = source.WhichOneof("kind")
    if kind == "json":
        return Encoded(JSON, source.json.encode())
    if kind == "message":
        return Encoded(source.message.type_url, source.message.value)
    return None


def put_actor(target: pb.ActorId, actor: ActorId | None) -> None:
    if actor is not None:
        target.system, target.name = actor.system, actor.name


def get_actor(source: pb.ActorId) -> ActorId:
    return ActorId(source.system, source.name)


def put_state(target: pb.State, state: State | None) -> None:
    if state is not None:
        put_value(target.value, state.value)
        target.dropped_fields = state.dropped_fields


def get_state(source: pb.State) -> State | None:
    value = get_value(source.value)
    return None if value is None else State(value, source.dropped_fields)


def put_failure(target: pb.Failure, failure: Failure | None) -> None:
    if failure is not None:
        target.code, target.message = failure.code, failure.message
        target.type_name, target.text, target.trace = failure.type_name, failure.text, failure.trace


def get_failure(source: pb.Failure) -> Failure:
    return Failure(source.code, source.message, source.type_name, source.text, source.trace)


def failure_of(error: SpawnError) -> Failure:
    """An error as what crosses the wire: a user's exception keeps its type, text and traceback."""
    if isinstance(error, ActionFailed):
        return Failure(error.code, str(error), error.type_name, error.text, error.trace)
    return Failure(error.code, str(error))


def error_of(failure: Failure, actor: str = "", action: str = "", invocation: str = "") -> SpawnError:
    """The error that a failure from another process means here: its class and message are the same."""
    if failure.code == ActionFailed.code and actor:
        return ActionFailed(actor, action, failure.type_name, failure.text, failure.trace, InvocationId(invocation))
    return rebuild(failure.code, failure.message)


# --- Turns and what they contain, to and from `workbench.v1` ----------------------------------------------------------

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
        target.broadcast.channel, target.broadcast.action = workflow.broadcast.channel, workflow.broadcast.action
        put_value(target.broadcast.payload, workflow.broadcast.payload)
    for route, place in ((workflow.pipe, target.pipe), (workflow.forward, target.forward)):
        if route is not None:
            place.actor, place.action, place.parent = route.actor, route.action, route.parent


def get_workflow(source: pb.Workflow) -> Workflow:
    return Workflow(
        effects=tuple(map(_get_effect, source.effects)),
        broadcast=(
            Publication(source.broadcast.channel, get_value(source.broadcast.payload), source.broadcast.action)
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


# --- Messages that could not be delivered, to and from `workbench.v1` -------------------------------------------------


def put_letter(target: pb.DeadLetter, letter: DeadLetter) -> None:
    invocation = letter.invocation
    target.at_us, target.code, target.why = letter.at_us, letter.code, letter.why
    target.invocation, target.action, target.parent = invocation.id, invocation.action, invocation.parent
    target.cause, target.correlation, target.key = invocation.cause, invocation.correlation, invocation.key
    put_actor(target.actor, invocation.actor)
    put_actor(target.caller, invocation.caller)
    put_value(target.payload, invocation.payload)
    target.metadata.update(invocation.metadata)
    target.kept = letter.kept


def get_letter(source: pb.DeadLetter) -> DeadLetter:
    invocation = Invocation(
        id=InvocationId(source.invocation),
        actor=get_actor(source.actor),
        action=source.action,
        payload=get_value(source.payload),
        parent=source.parent,
        caller=get_actor(source.caller) if source.HasField("caller") else None,
        cause=source.cause,
        correlation=source.correlation,
        key=source.key,
        metadata=dict(source.metadata),
    )
    return DeadLetter(at_us=source.at_us, invocation=invocation, code=source.code, why=source.why, kept=source.kept)
