"""Calls of a contract's methods as invocations of the actor that it declares; the same for gRPC and HTTP."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from google.protobuf.message import Message

from runtime.authoring.settings import Kind
from runtime.contracts.contract import Method, Service
from runtime.errors import BadPayload, BadResponse, ContractError, shown
from runtime.ids import ActorId, RandomIds
from runtime.invocations import actor_name, key_text
from runtime.records import JSON, NOTHING, Encoded, Invocation
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.codecs.messages import decoded, from_json
from runtime.wire.codecs.values import TYPE_URL, decode_value
from runtime.wire.node.records import error_of


class ContractCalls:
    """Invokes actors of one system; called on any event loop."""

    def __init__(self, system: EmbeddedSystem) -> None:
        self._system, self._ids = system, RandomIds()

    async def call(self, service: Service, method: Method, request: Message, key: str = "") -> Encoded | None:
        """What the actor answers.

        Raises:
            SpawnError: as for any invocation.
        """
        name, parent = address(service, method, request)
        invocation = Invocation(
            id=self._ids(),
            actor=ActorId(self._system.name, actor_name(name)),
            action=method.name,
            payload=Encoded(TYPE_URL + method.request.DESCRIPTOR.full_name, request.SerializeToString()),
            parent=parent,
            key=key_text(key),
        )
        waiter = _Answer(asyncio.get_running_loop())
        self._system.submit(invocation, waiter)
        reply = await waiter.future
        if reply.failure is not None:
            raise error_of(reply.failure, name, method.name, reply.invocation)
        response: Encoded | None = reply.response
        return response


class _Answer:
    """One reply, not decoded, for one future."""

    __slots__ = ("_loop", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    def deliver(self, reply: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed: no one waits any more
            self._loop.call_soon_threadsafe(self._settle, reply)

    def _settle(self, reply: Any) -> None:
        if not self.future.done():
            self.future.set_result(reply)


def address(service: Service, method: Method, request: Message) -> tuple[str, str]:
    """The actor's name, and the template to make it from, if it is one of many.

    Raises:
        BadPayload: the request does not name the instance.
    """
    if service.kind is not Kind.UNNAMED:
        return service.name, ""
    field = method.actor_id
    if field is None:
        raise BadPayload(
            f"{service.name} has many instances, and {method.request.DESCRIPTOR.full_name} does not say which: "
            "mark the field that names it with (spawn.actors.actor_id) = true."
        )
    name = str(getattr(request, field.name))
    if not name:
        raise BadPayload(f"{service.name}.{method.name} needs {field.name!r}: it names the instance.")
    return name, service.name


def response_of(service: Service, method: Method, response: Encoded | None) -> Message:
    """An actor's answer as the method's response.

    Raises:
        BadResponse: it is something else.
    """
    if response is None or response.type in NOTHING:
        return method.response()
    try:
        if response.type == JSON:
            return from_json(response.data, method.response)
        message = decoded(response.type, response.data, method.response)
    except ValueError as error:
        raise _unfit(service, method, response, str(error)) from None
    if message is None:
        raise _unfit(service, method, response, f"it is a {response.type}")
    return message


def responses_of(service: Service, method: Method, response: Encoded | None) -> list[Message]:
    """The messages of a streamed answer: one for each item of a list.

    Raises:
        BadResponse: some item is something else.
    """
    if response is None or response.type != JSON or not response.data.lstrip().startswith(b"["):
        return [response_of(service, method, response)]
    import msgspec

    items = msgspec.json.decode(response.data, type=list[msgspec.Raw])
    return [response_of(service, method, Encoded(JSON, bytes(item))) for item in items]


def _unfit(service: Service, method: Method, response: Encoded, why: str) -> BadResponse:
    return BadResponse(
        f"{service.name}.{method.name} answered {shown(decode_value(response))}, "
        f"which is no {method.response.DESCRIPTOR.full_name}: {why}."
    )


def check_served(service: Service) -> None:
    """Whether a service can be served.

    Raises:
        ContractError: it declares no actor, or one that has instances without saying which.
    """
    if not service.is_actor:
        raise ContractError(
            f"Service {service.name} declares no actor: give it `option (spawn.actors.actor) = {{…}};` "
            'and import "spawn/actors/extensions.proto".'
        )
    if service.kind is Kind.UNNAMED:
        for method in service.methods.values():
            if method.actor_id is None:
                raise ContractError(
                    f"{service.name}.{method.name} cannot say which instance it is for: mark a field of "
                    f"{method.request.DESCRIPTOR.full_name} with (spawn.actors.actor_id) = true."
                )
