"""The published checks of transports over Spawn's HTTP, as far as a proxy offers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.api import SystemApi
from runtime.local import EmbeddedSystem, embedded
from runtime.servers.running import serve
from runtime.testing.transport_checks import Place, TransportChecks
from runtime.transports.spawn_http import connect


class TestActorsOfTheProxy(TransportChecks):
    @pytest.fixture
    def node(self, tmp_path: Path) -> Iterator[EmbeddedSystem]:
        with embedded(store=f"sqlite:///{tmp_path / 'node.db'}", key=bytes(32)) as system:
            yield system

    @pytest.fixture
    def place(self, node: EmbeddedSystem) -> Iterator[Place]:
        running = serve(node, http_port=0)
        with connect(running.address, mode="act") as client:
            yield Place(client, deploy=node.deploy)
        running.close(2.0)

    def test_failed_action_keeps_type_text_and_line(self, system: SystemApi) -> None:
        """Spawn's protocol has no place for a traceback."""
        with pytest.raises(Exception, match="no such thing") as caught:
            system.invoke("tally", "fail", {"text": "no such thing"})

        error: Any = caught.value
        assert (error.actor, error.action, error.type_name, error.text) == (
            "tally",
            "fail",
            "LookupError",
            "no such thing",
        )
        assert error.invocation
