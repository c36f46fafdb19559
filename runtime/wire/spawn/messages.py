"""Payloads, states, invocations, contexts and workflows between records and Spawn's messages, in both dialects.

The classes are those of the new dialect: package names are not on the wire, so they read and write both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol

import msgspec
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from runtime.fields import checked_time_us
from runtime.ids import ActorId, InvocationId
from runtime.invocations import action_name, actor_name, template_name
from runtime.records import JSON, NOOP, Effect, Encoded, Invocation, Publication, Route, Workflow
from runtime.wire.pb.eigr.functions.protocol.actors import protocol_pb2 as old_protocol_pb2
from runtime.wire.pb.spawn.actors import actor_pb2, protocol_pb2
from runtime.wire.pb.spawn.actors.protocol_pb2 import JSONType, Noop, ServiceInfo

# --- Dialects ---------------------------------------------------------------------------------------------------------
# The dialects of Spawn's protocol: one wire format, and the type URLs in which they differ (docs/protocols.md, "Dialects").
#
# Inside this runtime a JSON value is `Encoded(JSON, …)` and an explicit nothing is `Encoded(NOOP, …)`.  Only here is it
# known that each SDK calls them by another name and refuses the names of the others.

PREFIX = "type.googleapis.com/"


class Dialect(StrEnum):
    """The protobuf package that an SDK's protocol types live in."""

    NEW = "spawn"
    """The proxy since 2.0 and the Elixir SDK."""
    OLD = "eigr.functions.protocol"
    """The released Python, Node, Java, Go and Spring SDKs."""
    FLAT = "eigr.spawn"
    """The Rust SDK."""


RENAMED = ("JSONType", "Noop")
"""How the names end that are not the same in all dialects: most types are a user's own, and need no closer look."""

JSON_NAMES = frozenset(f"{dialect}.JSONType" for dialect in Dialect)
NOOP_NAMES = frozenset(f"{dialect}.Noop" for dialect in Dialect)

JSON_URL = {dialect: f"{PREFIX}{dialect}.JSONType" for dialect in Dialect}
NOOP_URL = {dialect: f"{PREFIX}{dialect}.Noop" for dialect in Dialect}

_OF_NAME = {f"{dialect}.{kind}": dialect for dialect in Dialect for kind in RENAMED}
_NEW_SINCE_MINOR = 2


def dialect_of(type_url: str) -> Dialect | None:
    """Which dialect says so; None for a type that all share."""
    return _OF_NAME.get(type_url.rpartition("/")[2])


def presumed_dialect(service: ServiceInfo) -> Dialect:
    """What a host speaks that has not shown it: released SDKs announce protocol 1.1 and are of the old dialect."""
    is_new = service.protocol_minor_version >= _NEW_SINCE_MINOR or "elixir" in service.support_library_name.lower()
    return Dialect.NEW if is_new else Dialect.OLD


# --- Messages ---------------------------------------------------------------------------------------------------------

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
    """Field 2 is the receivers' action in the old dialect; to the class of the new one it is unknown, and so kept."""
    action = old_protocol_pb2.Broadcast.FromString(message.SerializeToString()).action_name
    return Publication(message.channel_group, payload_of(message, message.WhichOneof("payload")), action)


def _get_route(message: protocol_pb2.Pipe | protocol_pb2.Forward) -> Route:
    return Route(message.actor, message.action_name, message.register_ref)


def put_workflow(
    target: protocol_pb2.Workflow, workflow: Workflow, actor: ActorId, now_us: int, dialect: Dialect
) -> None:
    """`actor` is the one whose turn it was; delays become times from `now_us` on, which is what the protocol has."""
    for effect in workflow.effects:
        _put_effect(target.effects.add().request, effect, actor, now_us, dialect)
    if workflow.broadcast is not None:
        if workflow.broadcast.action:
            named = old_protocol_pb2.Broadcast(action_name=workflow.broadcast.action)
            target.broadcast.MergeFromString(named.SerializeToString())
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


# --- Payloads and states between `Encoded` and `google.protobuf.Any`, total in both directions ------------------------

MOST_JSON_DEPTH = 200

_check_json = msgspec.json.Decoder(msgspec.Raw).decode
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = re.compile(rb"[^\[\]{}]+")
_NOOP = Encoded(NOOP, b"")
_CANONICAL_JSON, _CANONICAL_NOOP = JSON_URL[Dialect.NEW], NOOP_URL[Dialect.NEW]


class HasPayload(Protocol):
    """A message with the oneof `payload { value, noop }`."""

    @property
    def value(self) -> AnyMessage: ...

    @property
    def noop(self) -> Noop: ...


def from_any(value: AnyMessage) -> Encoded:
    """The value, whatever dialect wrote it.  JSON that is none, or is nested too deep, stays an opaque message."""
    url = value.type_url
    if not url.endswith(RENAMED):
        return Encoded(url, value.value)
    name = url.rpartition("/")[2]
    if name in JSON_NAMES:
        text = _json_text(value.value)
        return Encoded(_CANONICAL_JSON, value.value) if text is None else Encoded(JSON, text)
    if name in NOOP_NAMES:
        return Encoded(_CANONICAL_NOOP, value.value)
    return Encoded(url, value.value)


def to_any(value: Encoded, target: AnyMessage, dialect: Dialect) -> None:
    """Fill `target` so that an SDK of `dialect` can read it."""
    if value.type == JSON:
        target.type_url = JSON_URL[dialect]
        target.value = JSONType(content=value.data.decode("utf-8", "replace")).SerializeToString()
        return
    target.value = value.data
    if value.type == _CANONICAL_JSON:
        target.type_url = JSON_URL[dialect]
    elif value.type in (_CANONICAL_NOOP, NOOP):
        target.type_url = NOOP_URL[dialect]
    else:
        target.type_url = value.type


def payload_of(message: HasPayload, which: str | None) -> Encoded | None:
    """A message's payload; `which` is `message.WhichOneof("payload")`."""
    if which is None:
        return None
    return from_any(message.value) if which == "value" else _NOOP


def set_payload(message: HasPayload, value: Encoded | None, dialect: Dialect) -> None:
    """Set the oneof; None leaves it unset."""
    if value is None:
        return
    if value.type == NOOP:
        message.noop.SetInParent()
    else:
        to_any(value, message.value, dialect)


def state_of(value: AnyMessage) -> Encoded | None:
    """A state from the wire; None for the empty `Any` that some SDKs send when they have none."""
    if not value.type_url and not value.value:
        return None
    return from_any(value)


def spoken_dialect(*values: AnyMessage) -> Dialect | None:
    """The dialect that some of these values show; None if none does."""
    for value in values:
        url = value.type_url
        if url.endswith(RENAMED) and (found := dialect_of(url)) is not None:
            return found
    return None


def _json_text(serialized: bytes) -> bytes | None:
    """The text of a `JSONType`; None if it is not one whose content is JSON of a bearable depth."""
    try:
        text = JSONType.FromString(serialized).content.encode()
        _check_json(text)
    except (DecodeError, msgspec.DecodeError, RecursionError):
        return None
    if text.count(b"[") + text.count(b"{") > MOST_JSON_DEPTH and _depth(text) > MOST_JSON_DEPTH:
        return None
    return text


def _depth(text: bytes) -> int:
    deepest = depth = 0
    for bracket in _NOT_BRACKETS.sub(b"", _STRINGS.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
