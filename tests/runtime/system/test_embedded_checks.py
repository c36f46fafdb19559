"""The published checks of transports over the embedded system itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.system.embedded import embedded
from runtime.testing.transport_checks import Place, TransportChecks


class TestEmbeddedSystem(TransportChecks):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        with embedded(store=f"sqlite:///{tmp_path / 'local.db'}", key=bytes(32)) as system:
            yield Place(system, deploy=system.deploy)
