"""What gRPC tools ask a server about itself: which services it has, what their messages are, whether it is well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import ReflectionServicer

from runtime.errors import NotAllowed, Overloaded
from runtime.security.crypto import Role
from runtime.servers.grpc_node.errors import DETAILS, answering, details, reading
from runtime.servers.security import Rate, Security, certified_role, refusal_to_look
from runtime.wire.node.records import failure_of

_VERSIONS = ("grpc.reflection.v1", "grpc.reflection.v1alpha")
_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"]
_SERVING = health_pb2.HealthCheckResponse.SERVING
_STOPPING = health_pb2.HealthCheckResponse.NOT_SERVING


class Reflection:
    """Server reflection, both versions, over services whose descriptors are in different pools.

    Where two pools know a name, the service added last is shown.  The library's own servicer knows one pool.
    """

    def __init__(self) -> None:
        self._services: dict[str, ServiceDescriptor] = {}
        self._pools: list[tuple[Any, ReflectionServicer]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Full names of the services that are shown."""
        return tuple(self._services)

    def add(self, service: ServiceDescriptor) -> None:
        """Show a service, instead of an earlier one of its name."""
        self._services = {**self._services, service.full_name: service}
        pool = service.file.pool
        others = [entry for entry in self._pools if entry[0] is not pool]
        self._pools = [(pool, ReflectionServicer((), pool=pool)), *others]

    def install(self, services: Services) -> None:
        """Answer on a server.  Both versions have the same bytes."""
        handler = grpc.stream_stream_rpc_method_handler(
            answering(self._answers),
            request_deserializer=reading(reflection_pb2.ServerReflectionRequest),
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        for version in _VERSIONS:
            services.add_handlers(f"{version}.ServerReflection", {"ServerReflectionInfo": handler})
        self.add(_HEALTH)
        self.add(reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"])

    async def _answers(self, requests: AsyncIterator[Any], context: Any) -> None:
        async for request in requests:
            await context.write(self._answer(request))

    def _answer(self, request: Any) -> Any:
        if request.HasField("list_services"):
            response = reflection_pb2.ServerReflectionResponse(original_request=request)
            for name in sorted({*self._services, "grpc.reflection.v1.ServerReflection"}):
                response.list_services_response.service.add(name=name)
            return response
        answer = reflection_pb2.ServerReflectionResponse(original_request=request)
        answer.error_response.error_code = grpc.StatusCode.NOT_FOUND.value[0]
        answer.error_response.error_message = "There is no such file, symbol or extension."
        for pool, servicer in self._pools:
            found = _ask(servicer, request, pool)
            if found is not None and not found.HasField("error_response"):
                return found
        return answer


def _ask(servicer: Any, request: Any, pool: Any) -> Any:
    """The library's answer from one pool; None for a request that it does not know."""
    if request.HasField("file_by_filename"):
        return servicer._file_by_filename(request, request.file_by_filename)
    if request.HasField("file_containing_symbol"):
        return servicer._file_containing_symbol(request, _holder(pool, request.file_containing_symbol))
    if request.HasField("file_containing_extension"):
        wanted = request.file_containing_extension
        return servicer._file_containing_extension(request, wanted.containing_type, wanted.extension_number)
    if request.HasField("all_extension_numbers_of_type"):
        return servicer._all_extension_numbers_of_type(request, request.all_extension_numbers_of_type)
    return None


def _holder(pool: Any, symbol: str) -> str:
    """The service that has a method: pools know in which file that is, and of methods they do not."""
    try:
        service: str = pool.FindMethodByName(symbol).containing_service.full_name
    except KeyError:
        return symbol
    return service


class Health:
    """`grpc.health.v1` for the server as a whole, and for each of its services."""

    def __init__(self) -> None:
        self._servicer = HealthServicer()
        self._served: set[str] = set()

    async def serving(self, service: str) -> None:
        """A service is there from now on."""
        self._served.add(service)
        await self._servicer.set(service, _SERVING)

    def install(self, services: Services) -> None:
        services.add(_HEALTH, lambda method: answering(getattr(self._servicer, method.name)))

    async def stopping(self) -> None:
        """Tell who watches that the server is about to stop."""
        for service in ("", *self._served):
            await self._servicer.set(service, _STOPPING)


# --- Message classes for reflection -----------------------------------------------------------------------------------
# gRPC services from descriptors: which methods there are comes from a `.proto`, also one that was compiled just now.
#
# One table answers for all services of a server, so that a contract can be added while the server runs.

OPEN_TO_ALL = ("/grpc.health.v1.Health/",)
"""Answered without a token: a supervisor of processes asks for it."""

_OF_PAGES = ("origin", "sec-fetch-site")

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
        self._reads: frozenset[str] = frozenset()
        """Paths of the methods that change nothing; all others act."""
        self._refused = _ending_with(
            grpc.StatusCode.UNAUTHENTICATED,
            NotAllowed("The token is missing or wrong. It is in the file that the server named when it started."),
        )
        self._overloaded = _ending_with(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            Overloaded("Too many calls a second; nothing was run. Call again later."),
        )

    def add(
        self,
        service: ServiceDescriptor,
        implementation: Callable[[MethodDescriptor], Callable[..., Any]],
        reads: Iterable[str] = (),
    ) -> None:
        """Serve a service, instead of an earlier one of its name; `implementation` gives each method's function.

        `reads` are the methods for those who may only look.
        """
        prefix = f"/{service.full_name}/"
        added = {f"{prefix}{m.name}": _handler(m, implementation(m)) for m in service.methods}
        kept = {path: handler for path, handler in self._handlers.items() if not path.startswith(prefix)}
        self._reads = frozenset(path for path in self._reads if not path.startswith(prefix)) | {
            f"{prefix}{name}" for name in reads
        }
        self._handlers = {**kept, **added}

    def add_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Serve what a library brings with it, which only reads."""
        added = {f"/{service}/{name}": each for name, each in handlers.items()}
        self._reads |= added.keys()
        self._handlers = {**self._handlers, **added}

    def service(self, handler_call_details: Any) -> Any:
        """What answers a call; called on the server's loop for each.  None for a method that is not there.

        Where clients have certificates, what their role is shows only once the call has begun: see `acting`.
        """
        path: str = handler_call_details.method
        if not path.startswith(OPEN_TO_ALL):
            authorization, is_of_page = _credentials(handler_call_details.invocation_metadata)
            role = self._security.role(authorization)
            if role is None or is_of_page:
                return self._refused
            if role is Role.LOOK and path not in self._reads:
                return _ending_with(grpc.StatusCode.PERMISSION_DENIED, refusal_to_look(path.rpartition("/")[2]))
            if not self._rate.take():
                return self._overloaded
        return self._handlers.get(path)


def acting(name: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A method for whose clients' certificates do not have the role to look."""

    async def checked(request: Any, context: Any) -> Any:
        names = context.auth_context().get("x509_subject_alternative_name", ())
        if certified_role(each.decode("utf-8", "replace") for each in names) is Role.LOOK:
            raise refusal_to_look(name)
        return await function(request, context)

    return checked


def _credentials(metadata: Any) -> tuple[str, bool]:
    """The `authorization` of a call, the empty text for several; and whether a browser's page sends it, which none of ours does."""
    found, is_of_page = [], False
    for name, value in metadata or ():
        if name == "authorization":
            found.append(value)
        elif name in _OF_PAGES:
            is_of_page = True
    return (found[0] if len(found) == 1 and isinstance(found[0], str) else ""), is_of_page


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
