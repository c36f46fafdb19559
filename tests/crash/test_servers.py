"""A little of each crash experiment with a SQL server; `make crash` does more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.crash import servers
from tests.runtime.stores.sql.places import SERVERS, missing

each_load = pytest.mark.parametrize("name", list(servers.LOADS))


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> str:
    if why := missing(request.param):
        pytest.skip(why)
    return str(request.param)


def run_apart(experiment: str) -> None:
    """In a process of its own: these fork, which a process with threads must not."""
    subprocess.run([sys.executable, "-c", f"from tests.crash import servers; servers.{experiment}"], check=True)


@each_load
def test_nothing_promised_is_lost_by_kills(server: str, name: str) -> None:
    run_apart(f"kill({server!r}, {name!r}, 3)")


@pytest.mark.parametrize("name", [name for name in servers.LOADS if name.startswith("actors")])
def test_every_call_is_there_once_however_its_session_ended(server: str, name: str) -> None:
    run_apart(f"end_sessions({server!r}, {name!r}, 8)")
