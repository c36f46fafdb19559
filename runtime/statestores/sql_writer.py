"""The one connection that writes: made when it is needed, given up when anything about it is uncertain."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from runtime.errors import SpawnError, StoreUnavailable
from runtime.statestores.sql_engine import Database
from runtime.statestores.sql_errors import translated
from runtime.statestores.sql_owner import Ownership
from runtime.statestores.sql_servers import value_of

_log = logging.getLogger(__name__)


class Writer:
    """Transactions of the owner; one thread at a time."""

    def __init__(self, database: Database) -> None:
        """Connects, and takes the store.

        Raises:
            StoreInUse: another process has it.
            StoreUnavailable: the server cannot be reached, or does not let us in.
        """
        self._database = database
        self.ownership = Ownership(database.server, database.url)
        self._connection: Connection | None = None
        self._is_closed = False
        self.largest = 0
        """The most bytes that the server takes in one statement; 0 for no such limit."""
        with translated(database.url, "open"):
            self._connected()

    @contextmanager
    def transaction(self, what: str) -> Iterator[Connection]:
        """One transaction, on a connection that owns the store; synced when this ends.

        When the commit's answer is lost, nobody knows whether it took effect until the session has ended.  So the connection
        is given up, and the next one is ours only then: the caller compares heads.

        Raises:
            StoreInUse: the connection was lost, and another process took the store meanwhile.
            StoreUnavailable: nothing was written, or it is not known.
        """
        with translated(self._database.url, what):
            connection = self._connected()
            try:
                with self._watched(connection), connection.begin():
                    yield connection
            except (SQLAlchemyError, SpawnError):
                if connection.invalidated or connection.closed or not self._is_clean(connection):
                    self._give_up()
                raise
            except BaseException:
                self._give_up()
                raise

    def close(self) -> None:
        """End the session, and with it the ownership."""
        self._is_closed = True
        self._give_up()

    def _connected(self) -> Connection:
        if self._is_closed:
            raise StoreUnavailable(f"Cannot write to {self._database.url}: it was closed.")
        if self._connection is None:
            connection = self._database.connect_writer()
            try:
                with self._watched(connection):
                    self._begin_session(connection)
            except BaseException:
                _close(connection)
                raise
            self._connection = connection
        return self._connection

    def _begin_session(self, connection: Connection) -> None:
        self.ownership.take(connection)
        server = self._database.server
        self.largest = 0 if server.largest is None else int(value_of(connection, server.largest) or 0)
        weakness = None if server.durable is None else value_of(connection, server.durable)
        connection.rollback()
        if weakness:
            _log.warning("%s has %s: a power failure there can lose committed turns.", self._database.url, weakness)

    @contextmanager
    def _watched(self, connection: Connection) -> Iterator[None]:
        with self._database.watchdog.over(connection.connection.dbapi_connection):
            yield

    def _is_clean(self, connection: Connection) -> bool:
        """Whether the failed transaction is rolled back for certain."""
        return not connection.in_transaction()

    def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _close(connection)


def _close(connection: Connection) -> None:
    with suppress(SQLAlchemyError, OSError):
        connection.close()
