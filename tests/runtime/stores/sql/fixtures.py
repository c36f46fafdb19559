"""Fixtures of the tests that put a store into a SQL server; import those that a module needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.stores.base import Group
from runtime.stores.journal.store import JournalStore
from runtime.stores.sql.backend import SqlBackend
from runtime.stores.sql.dialects import Limits
from runtime.testing.turns import TurnHistory
from tests.runtime.stores.sql.places import KEY, SERVERS, Place, place
from tests.runtime.stores.sql.proxy import Proxy

QUICK = Limits(statement_s=2, lock_wait_s=1, silence_s=1.5)


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each server in turn."""
    with place(request.param) as made:
        yield made


@pytest.fixture
def past() -> TurnHistory:
    return TurnHistory()


@pytest.fixture
def proxy(server: Place) -> Iterator[Proxy]:
    proxy = Proxy(server.server_port)
    yield proxy
    proxy.close()


@pytest.fixture
def store(server: Place, proxy: Proxy, past: TurnHistory) -> Iterator[JournalStore]:
    """A store with two turns, behind the proxy."""
    store = JournalStore(SqlBackend(server.through(proxy.port), limits=QUICK), key=KEY)
    store.commit(Group(turns=past.batch(2, "a")))
    yield store
    proxy.mend()
    store.close()
