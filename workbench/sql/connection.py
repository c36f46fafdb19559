"""The history as a connection of Python's DB-API (PEP 249), for tools that want one: JupySQL, `pandas.read_sql`, polars.

Read-only, with the limits of every query: it reads what was answered before each statement, and neither files nor the network
unless `%config Workbench.sql_reads_files` opens files.  There is nothing to commit and nothing to roll back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from runtime.errors import BadQuery, SpawnError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

Ask = Callable[[str, Sequence[Any] | Mapping[str, Any] | None], "DuckDBPyRelation"]

_CHUNK = 10_000
"""So many rows at a time become Python objects."""


class HistoryCursor:
    """The rows of one statement at a time.  One thread at a time."""

    def __init__(self, connection: HistoryConnection) -> None:
        self.connection = connection
        self.arraysize = 1
        self._relation: DuckDBPyRelation | None = None
        self._buffer: list[tuple[Any, ...]] = []
        self._read = 0

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> Self:
        """Run one statement that reads; its rows are there until the next one.

        Args:
            params: values for `?` (a sequence) or `$name` (a mapping).

        Raises:
            BadQuery: not one statement that reads, or one that fails; or the connection is closed.
            NotCapable: the system keeps no history.
        """
        self._relation, self._buffer, self._read = None, [], 0
        self._relation = self.connection.ask(sql, params or None)
        return self

    def executemany(self, sql: str, params: Sequence[Any]) -> Self:
        """Refused: it is for statements that write.

        Raises:
            BadQuery: always.
        """
        raise BadQuery("Cannot run the statement for several parameters: only queries that read are run here.")

    @property
    def description(self) -> list[tuple[Any, ...]] | None:
        """Name and type of each column; None before the first statement."""
        if self._relation is None:
            return None
        columns = zip(self._relation.columns, self._relation.types, strict=True)
        return [(name, str(kind), None, None, None, None, None) for name, kind in columns]

    @property
    def rowcount(self) -> int:
        """How many rows the statement answered; -1 before the first one."""
        return -1 if self._relation is None else len(self._relation)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row; None after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """The next `size` rows (`arraysize` if left out), or those that are left."""
        wanted = self.arraysize if size is None else size
        answered = self._answered()
        while len(self._buffer) < wanted and self._read < len(answered):
            chunk = answered.limit(max(_CHUNK, wanted), offset=self._read).fetchall()
            self._buffer += chunk
            self._read += len(chunk)
        rows, self._buffer = self._buffer[:wanted], self._buffer[wanted:]
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        return self.fetchmany(len(self._answered()))

    def relation(self) -> DuckDBPyRelation:
        """All rows as a DuckDB relation, also those that were fetched."""
        return self._answered()

    def df(self) -> Any:
        """All rows as a pandas DataFrame."""
        return self._answered().df()

    def pl(self) -> Any:
        """All rows as a polars DataFrame."""
        return self._answered().pl()

    def arrow(self) -> Any:
        """All rows as an Arrow table."""
        return self._answered().to_arrow_table()

    def setinputsizes(self, sizes: object) -> None:
        """Nothing: DB-API asks for it."""

    def setoutputsize(self, size: object, column: object = None) -> None:
        """Nothing: DB-API asks for it."""

    def close(self) -> None:
        """Let the rows go."""
        self._relation, self._buffer = None, []

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while (row := self.fetchone()) is not None:
            yield row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answered(self) -> DuckDBPyRelation:
        if self._relation is None:
            raise BadQuery("Cannot fetch rows: no statement was run with this cursor. Run one with execute.")
        return self._relation


class HistoryConnection:
    """A DB-API connection to the history of the notebook's system, whichever that is when a statement runs.

    Several threads may share it, each with cursors of its own.
    """

    Error = DatabaseError = InterfaceError = OperationalError = InternalError = SpawnError
    ProgrammingError = DataError = IntegrityError = NotSupportedError = BadQuery
    Warning = Warning
    notices = ()
    """What a server would have said; SQLAlchemy's dialect for DuckDB (`duckdb-engine`) asks for it, and for `begin`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._is_closed = False

    def cursor(self) -> HistoryCursor:
        """Another cursor."""
        return HistoryCursor(self)

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> HistoryCursor:
        """A cursor with the rows of one statement; see `HistoryCursor.execute`."""
        return self.cursor().execute(sql, params)

    def ask(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None) -> DuckDBPyRelation:
        """The rows of one statement.

        Raises:
            BadQuery: the connection is closed, or as `HistoryCursor.execute`.
        """
        if self._is_closed:
            raise BadQuery("Cannot run the query: this connection is closed. Make another: wb.connection()")
        return self._ask(sql, params)

    def begin(self) -> None:
        """Nothing: a query changes nothing."""

    def commit(self) -> None:
        """Nothing: a query changes nothing."""

    def rollback(self) -> None:
        """Nothing: a query changes nothing."""

    def close(self) -> None:
        """Refuse further statements; safe to call twice.  The notebook's own queries are not affected."""
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
