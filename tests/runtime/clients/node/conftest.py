"""A node that can go away and come back on the same port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.clients.node.client import NodeClient, connect
from runtime.security.crypto import TokenFiles
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.security import Security
from runtime.system.embedded import EmbeddedSystem, embedded


class Node:
    """One system, served or not."""

    def __init__(self, system: EmbeddedSystem, folder: Path) -> None:
        self.system = system
        self.tokens = TokenFiles(folder / "tokens")
        self._security = Security()
        self.patience_s = 0.3
        """How long it waits for a client that offers actors, from the next start on."""
        self.server = self._new(0)

    def _new(self, port: int) -> NodeServer:
        server = NodeServer(
            self.system, port=port, security=self._security, token_files=self.tokens, host_patience_s=self.patience_s
        )
        return server.start()

    def go_away(self) -> None:
        self.server.stop(grace_s=0.0)

    def come_back(self) -> None:
        self.server = self._new(self.server.port)

    def connect(self, **options: object) -> NodeClient:
        return connect(self.server.address, token_files=self.tokens, **options)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with embedded() as system:
        node = Node(system, tmp_path)
        yield node
        node.server.stop(grace_s=0.0)


@pytest.fixture
def news() -> list[str]:
    """What the client of the test was told about its connection."""
    return []


@pytest.fixture
def client(node: Node, news: list[str]) -> Iterator[NodeClient]:
    with node.connect(notify=news.append) as client:
        yield client
