"""gRPC services from descriptors: which methods there are comes from a `.proto`, also one that was compiled just now.

One table answers for all services of a server, so that a contract can be added while the server runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from runtime.errors import NotAllowed, Overloaded
from runtime.servers.grpc_errors import DETAILS, details, reading
from runtime.servers.rates import Rate
from runtime.servers.security import Security
from runtime.wire.node_values import failure_of

OPEN_TO_ALL = ("/grpc.health.v1.Health/",)
"""Answered without a token: whoever supervises processes asks for it."""

_MAKERS: dict[tuple[bool, bool], Callable[..., Any]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class Services(grpc.GenericRpcHandler):
    """All methods of one server by path, behind its security.  Changed by any thread."""

    def __init__(self, security: Security, rate: Rate) -> None:
        self._security, self._rate = security, rate
        self._handlers: dict[str, Any] = {}
        self._refused = _ending_with(
            grpc.StatusCode.UNAUTHENTICATED,
            NotAllowed("The token is missing or wrong. It is in the file that the server named when it started."),
        )
        self._overloaded = _ending_with(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            Overloaded("Too many calls a second; nothing was run. Call again later."),
        )

    def add(self, service: ServiceDescriptor, implementation: Callable[[MethodDescriptor], Callable[..., Any]]) -> None:
        """Serve a service, instead of an earlier one of its name; `implementation` gives each method's function."""
        added = {f"/{service.full_name}/{m.name}": _handler(m, implementation(m)) for m in service.methods}
        prefix = f"/{service.full_name}/"
        kept = {path: handler for path, handler in self._handlers.items() if not path.startswith(prefix)}
        self._handlers = {**kept, **added}

    def add_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Serve what a library brings with it."""
        self._handlers = {**self._handlers, **{f"/{service}/{name}": each for name, each in handlers.items()}}

    def service(self, handler_call_details: Any) -> Any:
        """What answers a call; called on the server's loop for each.  None for a method that is not there."""
        path: str = handler_call_details.method
        if not path.startswith(OPEN_TO_ALL):
            if not self._security.admits(_authorization(handler_call_details.invocation_metadata)):
                return self._refused
            if not self._rate.take():
                return self._overloaded
        return self._handlers.get(path)


def _authorization(metadata: Any) -> str:
    for name, value in metadata or ():
        if name == "authorization":
            return value if isinstance(value, str) else ""
    return ""


def _handler(method: MethodDescriptor, function: Callable[..., Any]) -> Any:
    request = message_factory.GetMessageClass(method.input_type)
    reply = message_factory.GetMessageClass(method.output_type)
    return _MAKERS[method.client_streaming, method.server_streaming](
        function, request_deserializer=reading(request), response_serializer=reply.SerializeToString
    )


def _ending_with(code: grpc.StatusCode, error: NotAllowed | Overloaded) -> Any:
    """A handler that answers any call with a status, without reading a message of it."""
    trailing = ((DETAILS, details(failure_of(error))),)

    async def end(_: Any, context: Any) -> None:
        await context.abort(code, str(error), trailing)

    return grpc.stream_stream_rpc_method_handler(end)
