"""Contracts as gRPC: each service is served under its full name, beside the node's own, and reflection shows it.

A streamed request is one invocation for each message, in order; the answer to a client stream is that of the last.  A
streamed response has a message for each item of the list that the action answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from runtime.contracts.contract import Contract, Method, Service
from runtime.errors import BadPayload, ContractError
from runtime.servers.contracts.calls import ContractCalls, check_served, response_of, responses_of
from runtime.servers.grpc_node.server import NodeServer

KEY_HEADER = "idempotency-key"


def serve_contract(server: NodeServer, contract: Contract) -> list[str]:
    """Serve every service of a contract that declares an actor, instead of earlier ones of these names; their names.

    The actor itself is deployed like any other, under the service's name, with an action for each method that has its name.

    Raises:
        ContractError: no service declares an actor, or one of them cannot be served.
    """
    services = [service for service in contract.services.values() if service.is_actor] or [*contract.services.values()]
    if not services:
        raise ContractError("The contract has no service: write `service Name { rpc … }` in it.")
    for service in services:
        check_served(service)
    calls = ContractCalls(server.system)
    for service in services:
        served = _Served(calls, service)
        server.add_service(service.descriptor, served.function)
    return [service.descriptor.full_name for service in services]


class _Served:
    """The functions of one service."""

    def __init__(self, calls: ContractCalls, service: Service) -> None:
        self._calls, self._service = calls, service

    def function(self, descriptor: MethodDescriptor) -> Callable[..., Awaitable[Any]]:
        """What answers a method: `(request or requests, context)`."""
        method = self._service.methods[descriptor.name]
        if descriptor.client_streaming and descriptor.server_streaming:
            return lambda requests, context: self._both(method, requests, context)
        if descriptor.client_streaming:
            return lambda requests, context: self._many(method, requests, context)
        if descriptor.server_streaming:
            return lambda request, context: self._streamed(method, request, context)
        return lambda request, context: self._one(method, request, context)

    async def _one(self, method: Method, request: Message, context: Any) -> Message:
        found = await self._calls.call(self._service, method, request, _key(context))
        return response_of(self._service, method, found)

    async def _streamed(self, method: Method, request: Message, context: Any) -> None:
        found = await self._calls.call(self._service, method, request, _key(context))
        for message in responses_of(self._service, method, found):
            await context.write(message)

    async def _many(self, method: Method, requests: AsyncIterator[Message], _: Any) -> Message:
        answer: Message | None = None
        async for request in requests:
            answer = response_of(self._service, method, await self._calls.call(self._service, method, request))
        if answer is None:
            raise BadPayload(f"{self._service.name}.{method.name} got no message.")
        return answer

    async def _both(self, method: Method, requests: AsyncIterator[Message], context: Any) -> None:
        async for request in requests:
            found = await self._calls.call(self._service, method, request)
            await context.write(response_of(self._service, method, found))


def _key(context: Any) -> str:
    """An idempotency key, for clients that repeat calls."""
    for name, value in context.invocation_metadata() or ():
        if name == KEY_HEADER and isinstance(value, str):
            return value
    return ""
