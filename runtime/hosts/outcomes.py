"""From what an action returned or raised to an `Outcome`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.admission import recordable_failure
from runtime.codecs.protobuf_state import MESSAGE
from runtime.codecs.values import encode_value
from runtime.config import delay_us
from runtime.context import Context
from runtime.errors import (
    ActionFailed,
    BadSetting,
    BadState,
    InternalError,
    SpawnError,
    nearest,
    shown,
    shown_text,
    type_name,
)
from runtime.fields import as_name, as_texts, as_time_us, recordable
from runtime.hosts.program import Program
from runtime.hosts.trace import has_users_frames, user_trace
from runtime.records import Effect, Failure, Outcome, Publication, Route, Work, Workflow
from runtime.value import Broadcast, Forward, Pipe, SideEffect, Value


def refused(error: SpawnError, context: Context | None = None) -> Outcome:
    """A turn that one of this package's own errors ended: a payload or a state that is not usable, a call that failed."""
    sent = () if context is None else tuple(context.sent)
    return Outcome(failure=recordable_failure(error), error=error, sent=sent)


def failed(work: Work, context: Context | None, error: BaseException) -> Outcome:
    """A turn whose action raised."""
    trace = user_trace(error)
    if isinstance(error, SpawnError) and not isinstance(error, ActionFailed):
        return refused(error, context)
    name = f"{work.invocation.actor.name}.{work.invocation.action}"
    kind, text = recordable(type_name(error)), shown_text(error)
    failure = Failure(ActionFailed.code, f"{name} failed with {kind}: {text}", kind, text, trace)
    return Outcome(failure=failure, error=error, sent=() if context is None else tuple(context.sent))


def failed_around(work: Work, context: Context | None, error: BaseException) -> Outcome:
    """A turn that something ended before its action began or after it had returned.

    Code of the user's runs there, too, in `__post_init__`, `__eq__` and the like.  What it raises is the turn's failure as if the
    action had raised it; anything else is a defect of this package.
    """
    if isinstance(error, SpawnError):
        return refused(error, context)
    if not isinstance(error, Exception) or has_users_frames(error):
        return failed(work, context, error)
    defect = InternalError(f"The host failed to run an action: {type_name(error)}: {shown_text(error)}")
    defect.__cause__ = error
    return refused(defect, context)


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


def tags_of(tags: Any) -> dict[str, str]:
    """The tags that a turn leaves, as a dict that the action does not have: what it changes later changes no record.

    Raises:
        BadSetting: not a mapping of text to text; the message names the tag.
    """
    return as_texts(tags, "tags")


def checkpoint_of(value: Value) -> bool:
    """Whether the state is to be on disk before the answer.  Raises BadSetting: somebody set it to what is no bool."""
    if type(value.checkpointed) is not bool:
        raise BadSetting(
            f"checkpointed is {shown(value.checkpointed)} ({type_name(value.checkpointed)}); it is a bool."
        )
    return value.checkpointed


def workflow_of(value: Value) -> Workflow | None:
    """What is to happen after the turn; None for nothing.

    Raises:
        BadPayload: a payload without an encoding.
        BadSetting: a name or metadata that is no text, a delay that is not from 0 to 100 years, a time that is not from 1970 to
            9999; the message begins with the field, such as `effects[0].delay`.
    """
    route, effects = value.route, value.effects
    if type(effects) is not list:
        raise BadSetting(f"effects is {shown(effects)} ({type_name(effects)}); Value.effect adds to the list.")
    if not effects and value.publication is None and route is None:
        return None
    return Workflow(
        effects=tuple(_effect(effect, f"effects[{index}]") for index, effect in enumerate(effects)),
        broadcast=None if value.publication is None else _publication(value.publication),
        pipe=_route(route, "pipe") if isinstance(route, Pipe) else None,
        forward=_route(route, "forward") if not isinstance(route, (Pipe, type(None))) else None,
    )


def _route(route: Any, field: str) -> Route:
    if not isinstance(route, (Pipe, Forward)):
        raise BadSetting(f"{field} is {shown(route)} ({type_name(route)}); give a Pipe or a Forward.")
    return Route(
        _name(route.actor, f"{field}.actor"),
        _name(route.action, f"{field}.action"),
        _name(route.parent, f"{field}.parent"),
    )


def _publication(broadcast: Any) -> Publication:
    if not isinstance(broadcast, Broadcast):
        raise BadSetting(f"broadcast is {shown(broadcast)} ({type_name(broadcast)}); give a Broadcast.")
    channel = _name(broadcast.channel, "broadcast.channel")
    return Publication(channel, encode_value(broadcast.payload, what=f"the broadcast to {channel}"))


def _effect(effect: Any, field: str) -> Effect:
    if not isinstance(effect, SideEffect):
        raise BadSetting(f"{field} is {shown(effect)} ({type_name(effect)}); give a SideEffect.")
    actor, action = _name(effect.actor, f"{field}.actor"), _name(effect.action, f"{field}.action")
    return Effect(
        actor=actor,
        action=action,
        payload=encode_value(effect.payload, what=f"the payload of the effect on {actor}.{action}"),
        parent=_name(effect.parent, f"{field}.parent"),
        delay_ms=0 if effect.delay is None else round(delay_us(effect.delay, name=f"{field}.delay") / 1_000),
        scheduled_to_us=0 if effect.scheduled_to is None else as_time_us(effect.scheduled_to, f"{field}.scheduled_to"),
        metadata=as_texts(effect.metadata, f"{field}.metadata"),
    )


def _name(value: Any, field: str) -> str:
    return as_name(value, field, "it is text.")
