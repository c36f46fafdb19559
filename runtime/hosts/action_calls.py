"""Messages that an action sends, as invocations: who sends them, why, and with which options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runtime.authoring.context import Context
from runtime.config import delay_us
from runtime.errors import BadSetting, shown
from runtime.fields import as_texts, as_timeout_s
from runtime.ids import ActorId
from runtime.invocations import action_name, actor_name, key_text, system_name, template_name
from runtime.records import Invocation
from runtime.wire.codecs.values import encode_value


def build_call(
    turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any], invocation_id: Any
) -> Invocation:
    """The invocation that an action sends: caller, cause and correlation are the turn's.

    Raises:
        BadPayload: the payload has no encoding.
        BadSetting: a name, the key or the metadata is not text; the message begins with the argument's name.
    """
    actor, action = actor_name(actor), action_name(action)
    origin = turn.work.invocation
    metadata = options.get("metadata")
    return Invocation(
        id=invocation_id,
        actor=ActorId(system_name(options.get("system")) or origin.actor.system, actor),
        action=action,
        payload=encode_value(payload, what=f"the payload of {actor}.{action}"),
        parent=template_name(options.get("parent")),
        caller=origin.actor,
        cause=origin.id,
        correlation=origin.correlation or origin.id,
        key=key_text(options.get("key")),
        metadata={} if metadata is None else as_texts(metadata, "metadata"),
        path=(*origin.path, origin.actor),
    )


def build_tell(
    turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any], invocation_id: Any
) -> Invocation:
    """The invocation that `ctx.tell` holds back: no one waits for it, so it belongs to no path of waiting actors.

    Raises:
        BadPayload, BadSetting: as `build_call`; a delay is from 0 to 100 years.
    """
    invocation = build_call(turn, actor, action, payload, options, invocation_id)
    delay = options.get("delay")
    due_us = turn.work.now_us + delay_us(delay) if delay is not None else 0
    durable = options.get("durable", False)
    if not isinstance(durable, bool):
        raise BadSetting(f"ctx.tell: durable={shown(durable)} is neither True nor False.")
    return msgspec.structs.replace(invocation, asynchronous=True, path=(), scheduled_to_us=due_us, durable=durable)


def timeout_s(options: Mapping[str, Any], default_s: float) -> float:
    """How long a question waits for its answer.

    Raises:
        BadSetting: `timeout` is no number of seconds from 0 to 100 years.
    """
    timeout = options.get("timeout")
    return default_s if timeout is None else as_timeout_s(timeout)
