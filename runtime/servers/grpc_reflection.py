"""What gRPC tools ask a server about itself: which services it has, what their messages are, whether it is well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import ReflectionServicer

from runtime.servers.grpc_errors import answering, reading
from runtime.servers.grpc_services import Services

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
