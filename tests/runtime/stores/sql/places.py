"""Postgres and MariaDB for tests: each test gets a schema or database of its own, which is dropped after it.

Other servers than this machine's: `TEST_POSTGRES_URL` and `TEST_MARIADB_URL`, of users who may create schemas or databases
and end sessions.  Where one is not reachable, the tests that need it are skipped and say so.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import URL, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from runtime.stores.journal.store import JournalStore
from runtime.stores.sql.backend import SqlBackend, open_store

KEY = bytes(range(32))
SERVERS = {
    "postgresql": os.environ.get("TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test"),
    "mariadb": os.environ.get("TEST_MARIADB_URL", "mariadb+pymysql://root@127.0.0.1:3306/test"),
}


class Place:
    """One schema of Postgres, or one database of MariaDB."""

    def __init__(self, server: str) -> None:
        self.server, self.name = server, f"wbtest_{secrets.token_hex(6)}"
        self._base = make_url(SERVERS[server])
        self._engine = create_engine(self._base, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self.execute(f"CREATE {self._sort} {self.name}")

    @property
    def is_postgres(self) -> bool:
        return self.server == "postgresql"

    @property
    def _sort(self) -> str:
        return "SCHEMA" if self.is_postgres else "DATABASE"

    @property
    def address(self) -> URL:
        """Of a store here.  Its sessions bear the place's name."""
        if not self.is_postgres:
            return self._base.set(database=self.name)
        return self._base.update_query_dict(
            {"options": f"-csearch_path={self.name}", "application_name": self.name}, append=True
        )

    @property
    def url(self) -> str:
        return self.address.render_as_string(hide_password=False)

    def through(self, port: int) -> str:
        """The URL by which a proxy at a local port is asked."""
        return self.address.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    @property
    def server_port(self) -> tuple[str, int]:
        return self._base.host or "127.0.0.1", self._base.port or (5432 if self.is_postgres else 3306)

    def execute(self, statement: str, **parameters: Any) -> list[Any]:
        """Run a statement in a session of its own, whose unqualified names are of the server's usual place."""
        with self._engine.connect() as connection:
            result = connection.execute(text(statement), parameters)
            return list(result.all()) if result.returns_rows else []

    def table(self, name: str) -> str:
        """A store's table here, qualified."""
        return f"{self.name}.workbench_{name}"

    def sessions(self) -> list[int]:
        if self.is_postgres:
            found = self.execute("SELECT pid FROM pg_stat_activity WHERE application_name = :name", name=self.name)
        else:
            found = self.execute("SELECT id FROM information_schema.processlist WHERE db = :name", name=self.name)
        return [row[0] for row in found]

    def end_sessions(self) -> None:
        """End every session of stores here, whatever it is doing."""
        for session in self.sessions():
            try:
                self.execute(f"SELECT pg_terminate_backend({session})" if self.is_postgres else f"KILL {session}")
            except SQLAlchemyError:
                assert session not in self.sessions()

    def drop(self) -> None:
        self.end_sessions()
        self.execute(f"DROP {self._sort} {self.name}{' CASCADE' if self.is_postgres else ''}")
        self._engine.dispose()


class SqlStores:
    """How the check suite reaches the store at a place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._opened: list[JournalStore] = []

    def open(self) -> JournalStore:
        store = open_store(self.place.url, key=KEY)
        self._opened.append(store)
        return store

    def crash(self, store: Any) -> None:
        """What the server sees of `kill -9`: the sessions are gone.  The object that is left gets no chance to say anything."""
        self.place.end_sessions()

    def tear(self) -> None:
        table = self.place.table("blocks")
        self.place.execute(
            f"UPDATE {table} SET data = substring(data, 1, length(data) - 5)"
            f" WHERE first = (SELECT last FROM (SELECT max(first) AS last FROM {table}) AS newest)"
        )

    def remove_last(self) -> None:
        table = self.place.table("blocks")
        self.place.execute(
            f"DELETE FROM {table} WHERE first = (SELECT last FROM (SELECT max(first) AS last FROM {table}) AS newest)"
        )

    def remove_rows(self) -> None:
        for name in ("snapshots", "keys"):
            self.place.execute(f"DELETE FROM {self.place.table(name)}")

    def close(self) -> None:
        for store in self._opened:
            store.close()


@functools.cache
def missing(server: str) -> str:
    """Why there is no such server here; empty if there is one."""
    engine: Engine = create_engine(SERVERS[server], poolclass=NullPool)
    try:
        engine.connect().close()
    except SQLAlchemyError as error:
        return f"no {server} at {make_url(SERVERS[server]).render_as_string()}: {str(error).splitlines()[0]}"
    return ""


@contextmanager
def place(server: str) -> Iterator[Place]:
    """A new place; skips the test where the server is not there."""
    if why := missing(server):
        pytest.skip(why)
    made = Place(server)
    try:
        yield made
    finally:
        made.drop()


def backend(store: JournalStore) -> SqlBackend:
    """What is beneath an opened store."""
    found = store._backend
    assert isinstance(found, SqlBackend)
    return found
