"""`HistoryDatabase`: SQL over everything that an actor system has committed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from runtime.api import Capability, SystemApi
from runtime.errors import BadQuery, InternalError, NotCapable, StoreUnavailable, SystemStopped
from runtime.records import Kept
from workbench.audit_log import Act
from workbench.history import schema
from workbench.history.batches import ToJson, wrapped
from workbench.history.complaints import complaint
from workbench.history.ingest import Ingest
from workbench.history.interrupts import interruptible, transaction
from workbench.history.names import literal, quoted
from workbench.history.statement import readable, refusal
from workbench.history.views import ActorViews

Parameters = Sequence[Any] | Mapping[str, Any] | None

# Nothing is fetched from anywhere and nothing is put on disk: a spilled state would lie there unencrypted.  Local files
# can be read: they are the user's own.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
}


class HistoryDatabase:
    """An in-memory DuckDB over one system's journal, read further at each query.

    Safe from several threads: one reads the journal at a time, queries run side by side, each thread on its own cursor.
    `schema` says what the tables are.
    """

    def __init__(
        self, system: SystemApi, *, decode_state: ToJson = wrapped, audit: Callable[[], Sequence[Act]] = list
    ) -> None:
        """Nothing is read yet.

        Args:
            decode_state: JSON text of a payload, response or state that is not JSON, or None to show its type and base64.
            audit: what was done to systems, for the table of that name.
        """
        self._system, self._audit = system, audit
        self._connection = _new_database()
        self._ingest = Ingest(self._connection, system, decode_state)
        self._views = ActorViews(self._connection, system.name)
        self._refreshing = threading.Lock()
        self._threads = threading.local()
        self._is_closed = False
        self._kept = Kept()

    def query(self, sql: str, params: Parameters = None) -> DuckDBPyRelation:
        """The rows of one statement that reads, over everything that was answered before the call.

        The relation holds its rows: it stays as it is, whatever happens later and also after `close`.  It shows itself as a
        table, and `.df()`, `.to_arrow_table()`, `.pl()` and further relational steps start from it.

        Args:
            params: values for `?` (a sequence) or `$name` (a mapping).

        Raises:
            BadQuery: not one statement, one that does more than read, or one that fails.
            NotCapable: the system keeps no history.
            SystemStopped: the database is closed.
            KeyboardInterrupt: the cell was interrupted; the database stays usable.
        """
        cursor = self._cursor()
        statement = readable(cursor, sql)
        self.refresh(statement)
        try:
            return interruptible(cursor, lambda: _rows(cursor, statement, params))
        except duckdb.Error as error:
            raise self._complaint(error) from None

    def refresh(self, sql: str = "") -> None:
        """Read what the system has committed since the last time, as far as a query needs it.

        Raises:
            NotCapable: the system keeps no history.
        """
        if Capability.HISTORY not in self._system.capabilities:
            raise NotCapable("query the history", self._system.name, "it does not let its journal be read.")
        self._flush()
        with self._refreshing:
            self._refuse_closed()
            try:
                self._read(sql)
            except duckdb.Error as error:
                raise InternalError(f"The journal could not be read into DuckDB: {error}") from error

    @property
    def tables(self) -> list[str]:
        """Tables and views as a query writes them."""
        return [*schema.NAMES, *self._views.names]

    def close(self) -> None:
        """Release the journal's copy; safe to call twice.  Relations that were handed out keep their rows."""
        with self._refreshing:
            if not self._is_closed:
                self._is_closed = True
                self._connection.execute("DROP SCHEMA journal CASCADE")

    def _read(self, sql: str) -> None:
        self._forget()
        self._ingest.turns()
        self._ingest.lifecycle()
        self._views.refresh(self._ingest.definitions())
        self._views.fill(sql)
        if "states" in sql.lower():
            self._ingest.states()
        if "actors" in sql.lower():
            self._ingest.actors()
        if "audit" in sql.lower():
            self._ingest.audit(self._audit())

    def _forget(self) -> None:
        """Drop what the system itself has not kept since the last time."""
        kept = self._system.kept()
        if kept != self._kept:
            self._views.forget(kept.gone if kept.changes == self._kept.changes else None)
            self._ingest.forget(kept)
            self._kept = kept

    def _flush(self) -> None:
        """Have what was answered committed, so that a query sees what its caller has just done."""
        try:
            self._system.flush()
        except StoreUnavailable as error:
            warnings.warn(f"The newest turns are missing in this query. {error}", stacklevel=4)

    def _complaint(self, error: duckdb.Error) -> BadQuery:
        is_refused = isinstance(error, duckdb.TransactionException) and "read-only" in str(error)
        return refusal() if is_refused else complaint(error, self.tables)

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise SystemStopped(self._system.name)

    def _cursor(self) -> DuckDBPyConnection:
        self._refuse_closed()
        cursor: DuckDBPyConnection | None = getattr(self._threads, "cursor", None)
        if cursor is None:
            cursor = self._threads.cursor = self._connection.cursor()
        return cursor


def _rows(cursor: DuckDBPyConnection, statement: str, params: Parameters) -> DuckDBPyRelation:
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        return cursor.sql(statement, params=params).materialize()
    finally:
        cursor.rollback()


def _new_database() -> DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    with transaction(connection):
        connection.execute(schema.TABLES)
        connection.execute(schema.VIEWS)
        for column, note in schema.NOTES.items():
            table, _, name = column.partition(".")
            connection.execute(f"COMMENT ON COLUMN {table}.{quoted(name)} IS {literal(note)}")
    return connection
