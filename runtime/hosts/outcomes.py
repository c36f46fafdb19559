"""From what an action returned or raised to an `Outcome`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.codecs.protobuf_state import MESSAGE
from runtime.codecs.values import encode_value
from runtime.config import duration_ms
from runtime.context import Context
from runtime.errors import ActionFailed, BadState, SpawnError, nearest, shown
from runtime.hosts.program import Program
from runtime.hosts.trace import user_trace
from runtime.records import Effect, Failure, Outcome, Publication, Route, Work, Workflow
from runtime.value import Broadcast, Forward, Pipe, SideEffect, Value


def refused(error: SpawnError, context: Context | None = None) -> Outcome:
    """A turn that one of this package's own errors ended: a payload or a state that is not usable, a call that failed."""
    sent = () if context is None else tuple(context.sent)
    return Outcome(failure=Failure(error.code, str(error)), error=error, sent=sent)


def failed(work: Work, context: Context, error: BaseException) -> Outcome:
    """A turn whose action raised."""
    trace = user_trace(error)
    if isinstance(error, SpawnError) and not isinstance(error, ActionFailed):
        return refused(error, context)
    name = f"{work.invocation.actor.name}.{work.invocation.action}"
    kind = type(error).__name__
    failure = Failure(ActionFailed.code, f"{name} failed with {kind}: {error}", kind, str(error), trace)
    return Outcome(failure=failure, error=error, sent=tuple(context.sent))


def replaced_fields(program: Program, fields: dict[str, Any], new_state: Any) -> dict[str, Any]:
    """The fields after `Value.state(new_state)`.

    Raises:
        BadState: not a mapping of declared fields.
    """
    name = program.definition.name
    if program.is_message:
        return {MESSAGE: new_state}
    if not isinstance(new_state, Mapping):
        raise BadState(f"The new state of {name} must be a mapping of its fields, not {shown(new_state)}.")
    for field in new_state:
        if field not in fields:
            raise BadState(f"{name} has no state field {field!r}. {nearest(str(field), fields, kind='field')}")
    return {field: new_state.get(field, value) for field, value in fields.items()}


def workflow_of(value: Value) -> Workflow | None:
    """What is to happen after the turn; None for nothing.

    Raises:
        BadPayload, BadSetting: a payload without an encoding, a delay that is none.
    """
    route = value.route
    if not value.effects and value.publication is None and route is None:
        return None
    return Workflow(
        effects=tuple(_effect(effect) for effect in value.effects),
        broadcast=None if value.publication is None else _publication(value.publication),
        pipe=Route(route.actor, route.action, route.parent) if isinstance(route, Pipe) else None,
        forward=Route(route.actor, route.action, route.parent) if isinstance(route, Forward) else None,
    )


def _publication(broadcast: Broadcast) -> Publication:
    return Publication(broadcast.channel, encode_value(broadcast.payload, what=f"the broadcast to {broadcast.channel}"))


def _effect(effect: SideEffect) -> Effect:
    return Effect(
        actor=effect.actor,
        action=effect.action,
        payload=encode_value(effect.payload, what=f"the payload of the effect on {effect.actor}.{effect.action}"),
        parent=effect.parent,
        delay_ms=_delay_ms(effect.delay),
        scheduled_to_us=0 if effect.scheduled_to is None else round(effect.scheduled_to.timestamp() * 1_000_000),
        metadata=dict(effect.metadata),
    )


def _delay_ms(delay: float | str | None) -> int:
    if delay is None:
        return 0
    if isinstance(delay, (int, float)):
        return round(delay * 1_000)
    return duration_ms(delay, name="delay")
