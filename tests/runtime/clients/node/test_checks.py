"""The published checks of transports over a node: actors whose code is in the node, and actors that the client offers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.clients.node.client import NodeClient, connect
from runtime.security.crypto import TokenFiles
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.testing.transport_checks import Place, TransportChecks


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EmbeddedSystem]:
    with embedded(store=f"sqlite:///{tmp_path / 'node.db'}", key=bytes(32)) as system:
        yield system


@pytest.fixture
def client(node: EmbeddedSystem, tmp_path: Path) -> Iterator[NodeClient]:
    tokens = TokenFiles(tmp_path / "tokens")
    with NodeServer(node, token_files=tokens) as server, connect(server.address, token_files=tokens) as client:
        yield client


class TestActorsOfTheNode(TransportChecks):
    @pytest.fixture
    def place(self, node: EmbeddedSystem, client: NodeClient) -> Place:
        return Place(client, deploy=node.deploy)


class TestActorsOfTheClient(TransportChecks):
    @pytest.fixture
    def place(self, client: NodeClient) -> Place:
        return Place(client, deploy=client.deploy)
