"""The published check suite over Postgres and MariaDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.testing.statestore_checks import StateStoreChecks
from tests.runtime.stores.sql.places import SERVERS, SqlStores, place


@pytest.fixture(params=list(SERVERS))
def stores(request: pytest.FixtureRequest) -> Iterator[SqlStores]:
    with place(request.param) as made:
        stores = SqlStores(made)
        yield stores
        stores.close()


class TestSqlStores(StateStoreChecks):
    """Runs over each server that is here."""
