"""A session of its own for each test."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from workbench.session import Session


@dataclass
class Told:
    """A session, and what it had to say."""

    session: Session
    lines: list[str] = field(default_factory=list)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A session in an empty directory, stopped afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    told = Told(Session())
    told.session.notify = told.lines.append
    yield told
    told.session.reset()
