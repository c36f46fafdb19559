"""Messages that an action sends, as invocations: who sends them, why, and with which options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runtime.addressing import check_address
from runtime.codecs.values import encode_value
from runtime.config import delay_us
from runtime.context import Context
from runtime.errors import BadSetting, nearest
from runtime.ids import ActorId
from runtime.records import Invocation

ASK_OPTIONS = frozenset({"parent", "system", "metadata", "timeout", "key"})
TELL_OPTIONS = frozenset({"parent", "system", "metadata", "delay", "key"})


def outgoing(
    turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any], invocation_id: Any
) -> Invocation:
    """The invocation that an action sends: caller, cause and correlation are the turn's.

    Raises:
        BadPayload, BadSetting: the payload has no encoding, or an option is wrong.
    """
    check_address(
        actor, action, options.get("parent"), options.get("key"), options.get("metadata"), options.get("system")
    )
    origin = turn.work.invocation
    return Invocation(
        id=invocation_id,
        actor=ActorId(options.get("system") or origin.actor.system, actor),
        action=action,
        payload=encode_value(payload, what=f"the payload of {actor}.{action}"),
        parent=options.get("parent") or "",
        caller=origin.actor,
        cause=origin.id,
        correlation=origin.correlation or origin.id,
        key=options.get("key") or "",
        metadata=dict(options.get("metadata") or {}),
        path=(*origin.path, origin.actor),
    )


def told(
    turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any], invocation_id: Any
) -> Invocation:
    """The invocation that `ctx.tell` holds back: nobody waits for it, so it belongs to no path of waiting actors.

    Raises:
        BadPayload, BadSetting: as `outgoing`.
    """
    check_options(options, TELL_OPTIONS, "ctx.tell")
    invocation = outgoing(turn, actor, action, payload, options, invocation_id)
    delay = options.get("delay")
    due_us = turn.work.now_us + delay_us(delay) if delay is not None else 0
    return msgspec.structs.replace(invocation, asynchronous=True, path=(), scheduled_to_us=due_us)


def check_options(options: Mapping[str, Any], known: frozenset[str], call: str) -> None:
    for name in options:
        if name not in known:
            raise BadSetting(f"{call} has no option {name!r}. {nearest(name, known, kind='option')}")
