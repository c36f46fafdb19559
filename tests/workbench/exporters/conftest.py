"""The process's session on a system in memory, empty and recorded apart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.session import Session, current


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Everything stops after the test."""
    current.notify = lambda text: None
    current.defaults = {"store": "memory"}
    current.audits.file = tmp_path / "audit.jsonl"
    current.open()
    yield current
    current.reset()
    current.defaults = {}
    current.audits.file = None
