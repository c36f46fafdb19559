"""From the arguments of a call to the message that carries it to a node."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from runtime.addressing import action_name, actor_name, key_text, system_name, template_name
from runtime.client import due_us, is_durable
from runtime.codecs.values import encode_value
from runtime.fields import as_flag, as_texts
from runtime.wire.node_values import put_value
from runtime.wire.workbench.v1 import node_pb2 as pb


def call_message(
    actor: str,
    action: str,
    payload: Any,
    parent: str | None,
    system: str | None,
    asynchronous: bool,
    delay: float | str | None,
    scheduled_to: datetime | None,
    metadata: Mapping[str, str] | None,
    key: str | None,
    durable: bool,
) -> tuple[pb.Call, int]:
    """The message, and the bytes of its payload.

    Raises:
        BadPayload, BadSetting: nothing can be sent.
    """
    call = pb.Call(
        actor=actor_name(actor),
        action=action_name(action),
        parent=template_name(parent),
        system=system_name(system),
        asynchronous=as_flag(asynchronous, "asynchronous"),
        key=key_text(key),
        metadata=None if metadata is None else as_texts(metadata, "metadata"),
        durable=is_durable(durable, asynchronous or delay is not None or scheduled_to is not None),
    )
    if scheduled_to is not None:
        call.scheduled_to_us = due_us(delay, scheduled_to)
    elif delay is not None:
        # The node's clock says when: only the difference travels.
        call.delay_us = max(0, due_us(delay, None) - time.time_ns() // 1_000)
    encoded = None if payload is None else encode_value(payload, what=f"the payload of {actor}.{action}")
    if encoded is not None:
        put_value(call.payload, encoded)
    return call, 0 if encoded is None else len(encoded.data)
