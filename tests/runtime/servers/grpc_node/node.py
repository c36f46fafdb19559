"""A node with a counter, and raw calls to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from runtime.authoring.actor import Actor, action
from runtime.security.crypto import TokenFiles
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["Node"]


class Counter(Actor, name="counter", deactivate_timeout="1h"):
    total: int = 0

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += value
        return {"total": self.total}

    @action
    def fail(self, text: str) -> None:
        raise LookupError(text)

    @action
    def echo(self, value: Any = None) -> Any:
        return value


@contextmanager
def node(folder: Path, *, store: str = "memory://", **options: Any) -> Iterator[NodeServer]:
    """A node that listens on a free port; its system is `server.system`, in memory unless a store is named."""
    tokens = TokenFiles(folder / "tokens")
    with embedded(store=store, key=bytes(range(32))) as system:
        system.deploy(Counter)
        with NodeServer(system, token_files=tokens, **options) as server:
            yield server


class Raw:
    """Calls by method name, as any gRPC client makes them."""

    def __init__(
        self, server: NodeServer, credentials: grpc.ChannelCredentials | None = None, token: str | None = None
    ):
        place = server.address.partition("://")[2]
        self.channel = (
            grpc.secure_channel(place, credentials) if credentials is not None else grpc.insecure_channel(place)
        )
        token = server.security.token if token is None else token
        self.metadata = (("authorization", f"Bearer {token}"),)

    def call(self, method: str, request: Any = b"", timeout: float = 10.0) -> bytes:
        data = request if isinstance(request, bytes) else request.SerializeToString()
        path = method if method.startswith("/") else f"/{SERVICE.full_name}/{method}"
        answer: bytes = self.channel.unary_unary(path)(data, timeout=timeout, metadata=self.metadata)
        return answer

    def stream(self, method: str, requests: Any, timeout: float = 10.0) -> list[bytes]:
        call = self.channel.stream_stream(f"/{SERVICE.full_name}/{method}")
        return list(call(iter(requests), timeout=timeout, metadata=self.metadata))

    def close(self) -> None:
        self.channel.close()


def status_of(call: Any) -> tuple[grpc.StatusCode, str]:
    """How a call that must fail fails."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call succeeded")


def system_of(server: NodeServer) -> EmbeddedSystem:
    return server.system
