"""The process's session on a system in memory, with one actor."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import Actor, action
from workbench.session import Session, current

release = threading.Event()


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}

    @action
    def divide(self, by: int) -> float:
        return self.total / by

    @action
    def wait(self) -> str:
        release.wait(120)
        return "waited"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Has `counter` deployed; everything stops after the test."""
    release.clear()
    current.audits.file = tmp_path / "audit.jsonl"
    current.notify = lambda text: None
    current.defaults = {"store": "memory"}
    current.open().deploy(Counter)
    yield current
    release.set()
    current.reset()
    current.defaults = {}
    current.audits.file = None
