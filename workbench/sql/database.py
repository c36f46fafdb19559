"""`HistoryDatabase`: SQL over everything that an actor system has committed."""

from __future__ import annotations

import difflib
import json
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation, StatementType

from runtime.api import Capability, SystemApi
from runtime.errors import BadQuery, InternalError, NotCapable, StoreUnavailable, SystemStopped
from runtime.fields import as_text
from runtime.records import RetentionMark
from workbench.remote.audit_log import Act
from workbench.sql import field_types, schema, secrets
from workbench.sql.actor_views import ActorViews, misfit_in
from workbench.sql.ingest import TURNS, Ingest
from workbench.sql.json_text import ToJson, wrapped
from workbench.sql.statements import interruptible, literal, quoted, transaction
from workbench.sql.turns import SCHEMA

Parameters = Sequence[Any] | Mapping[str, Any] | None

# Nothing is fetched from anywhere and nothing is put on disk: a spilled state would lie there unencrypted.
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
        self,
        system: SystemApi,
        *,
        decode_state: ToJson = wrapped,
        audit: Callable[[], Sequence[Act]] = list,
        variables: Mapping[str, Any] | None = None,
        reads_files: bool = False,
    ) -> None:
        """Nothing is read yet.

        Args:
            decode_state: JSON text of a payload, response or state that is not JSON, or None to show its type and base64.
            audit: what was done to systems, for the table of that name.
            variables: where a name is looked up that no table has; read at each query.
            reads_files: whether a query may read files of this machine, with `read_csv` and the like.
        """
        self._system, self._audit = system, audit
        self._variables: Mapping[str, Any] = {} if variables is None else variables
        self._reads_files = reads_files
        self._connection = _new_database(reads_files)
        self._ingest = Ingest(self._connection, system, decode_state)
        self._views = ActorViews(self._connection, system.name)
        self._refreshing = threading.Lock()
        self._threads = threading.local()
        self._is_closed = False
        self._kept = RetentionMark()

    def query(self, sql: str, params: Parameters = None) -> DuckDBPyRelation:
        """The rows of one statement that reads, over everything that was answered before the call.

        The relation holds its rows: it stays as it is, whatever happens later and also after `close`.  It shows itself as a
        table, and `.df()`, `.to_arrow_table()`, `.pl()` and further relational steps start from it.

        Args:
            params: values for `?` (a sequence) or `$name` (a mapping); a DataFrame or Arrow table in a mapping is a table of
                that name, and so is one among the variables.

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
            return self._answer(cursor, statement, params)
        except duckdb.Error as error:
            raise self._complaint(error) from None

    def _answer(self, cursor: DuckDBPyConnection, statement: str, params: Parameters) -> DuckDBPyRelation:
        frames, values = handed_over(params)
        while True:
            turns = self._ingest.dataset()
            try:
                with readable_frames(cursor, {**frames, TURNS: turns}):
                    return interruptible(cursor, lambda: _rows(cursor, statement, values))
            except duckdb.CatalogException as error:
                name = _missing_table(error)
                if not name or name in frames or not is_frame(frame := self._variables.get(name)):
                    raise
                frames[name] = frame
            except duckdb.Error as error:
                if turns.error is not None:
                    raise turns.error from None
                misfit = misfit_in(error)
                if misfit is None:
                    raise
                with self._refreshing:
                    self._views.widen(misfit)

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

    def sources(self, sql: str) -> set[str]:
        """Tables and views that a statement reads, as `tables` names them; functions that give rows are not among them.

        Raises:
            BadQuery: it is not one statement that reads.
        """
        cursor = self._cursor()
        # Parsed only: of a bound statement DuckDB tells the tables below the views.
        rows = cursor.execute("SELECT json_serialize_sql($sql)::VARCHAR", {"sql": readable(cursor, sql)}).fetchall()
        return _named_tables(json.loads(rows[0][0]))

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
        self._ingest.turns(sql)
        self._ingest.lifecycle()
        self._views.refresh(self._ingest.definitions(), *self._ingest.owners(self._views.seen))
        if "states" in sql.lower():
            self._ingest.states()
        if "actors" in sql.lower():
            self._ingest.actors()
        if "audit" in sql.lower():
            self._ingest.audit(self._audit())

    def _forget(self) -> None:
        """Drop what the system itself has not kept since the last time."""
        kept = self._system.retention_mark()
        if kept != self._kept:
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
        return refusal() if is_refused else complaint(error, Reach(self.tables, self._variables, self._reads_files))

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
    with suppress(duckdb.Error):  # an interrupt can have stopped the rollback of the statement before
        cursor.rollback()
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        return cursor.sql(statement, params=params).materialize()
    finally:
        cursor.rollback()


def _named_tables(node: Any) -> set[str]:
    """Tables in a part of a parsed statement, without those that `WITH` defines for it."""
    if isinstance(node, list):
        return set[str]().union(*map(_named_tables, node))
    if not isinstance(node, dict):
        return set()
    found = set[str]().union(*map(_named_tables, node.values()))
    if node.get("type") == "BASE_TABLE":
        found.add(".".join(filter(None, (node["schema_name"], node["table_name"]))))
    return found - {each["key"] for each in node.get("cte_map", {}).get("map", ())}


def _new_database(reads_files: bool) -> DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={**_SETTINGS, "enable_external_access": reads_files})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    with transaction(connection):
        secrets.add_functions(connection)
        field_types.add_array_function(connection)
        connection.execute(schema.TABLES)
        connection.register(TURNS, SCHEMA.empty_table())
        connection.execute(schema.TURNS)
        connection.execute(schema.VIEWS)
        for column, note in schema.NOTES.items():
            table, _, name = column.partition(".")
            connection.execute(f"COMMENT ON COLUMN {table}.{quoted(name)} IS {literal(note)}")
    return connection


# --- DuckDB's errors as one message for the author of the query -------------------------------------------------------

_MISSING_TABLE = re.compile(r'Table with name "?(.+?)"? does not exist')
_CLASS = re.compile(r"^(?:[A-Z]\w*(?: [A-Za-z]\w*)? )?Error: ")
_FILE = re.compile(r"/|\.(csv|tsv|json|ndjson|parquet|db|duckdb|txt)(\.gz|\.zst)?$", re.IGNORECASE)
_LISTED_TABLES = 30
_CLOSED = (
    "It would read a file, and queries read the history and tables of the notebook only.\n"
    "Read the file in Python and name the DataFrame in the query, or open files to queries: "
    "%config Workbench.sql_reads_files = True"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a query can read."""

    tables: Sequence[str] = ()
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: bool = True


def complaint(error: duckdb.Error, reach: Reach = Reach()) -> BadQuery:
    """What is wrong with a query, where, and which tables there are if that is what was missed."""
    text = _CLASS.sub("", str(error)).strip()
    what, _, place = text.partition("\n\nLINE ")
    what = "\n".join([_explained(what, error, reach), *([f"LINE {place.rstrip()}"] if place else [])])
    return BadQuery(f"Cannot run the query. {what}")


def _missing_table(error: duckdb.Error) -> str:
    """The name that a query reads as a table and the database does not have; empty for any other error."""
    found = _MISSING_TABLE.search(str(error))
    return found[1] if found else ""


def _explained(what: str, error: duckdb.Error, reach: Reach) -> str:
    missing = _missing_table(error)
    if missing in reach.variables:
        kind = type(reach.variables[missing]).__name__
        return (
            f"There is no table {missing}.{_meant(missing, reach.tables)}\n"
            f"The variable {missing} of this notebook is of type {kind}; {FRAMES} can be read as a table."
        )
    if isinstance(error, duckdb.PermissionException) or (not reach.files and _FILE.search(missing)):
        return _CLOSED
    if missing and reach.tables:
        return f"There is no table {missing}.{_meant(missing, reach.tables)}\n{_listed(reach.tables)}"
    if "requires the extension" in what:
        return f"{what.splitlines()[0]}.\nNothing is fetched here; put the file on disk and name its path."
    if isinstance(error, duckdb.OutOfMemoryException):
        first = what.splitlines()[0]
        return f"{first}\nSelect fewer rows or columns: nothing is put on disk, where states are kept encrypted only."
    # Without the signatures of all functions that were considered.
    lines = what.partition("\n\tCandidate functions")[0].splitlines()
    return "\n".join(line for line in lines if line.strip())


def _meant(missing: str, tables: Sequence[str]) -> str:
    """Looks at the last part of each name: who writes `counter` means `history.counter`."""
    by_last = {_last(table): table for table in reversed(tables)}
    close = difflib.get_close_matches(_last(missing), by_last, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(by_last[name] for name in close)}?" if close else ""


def _last(name: str) -> str:
    return name.rpartition(".")[2].strip('"').lower()


def _listed(tables: Sequence[str]) -> str:
    more = f" and {len(tables) - _LISTED_TABLES:,} more" if len(tables) > _LISTED_TABLES else ""
    return f"Tables: {', '.join(tables[:_LISTED_TABLES])}{more}."


# --- A query's text before it runs: one statement, that reads, with the column name `at` put in quotes ----------------
# DuckDB reserved the word `at` for time travel into other table formats, which this database does not have.  Its own
# tokenizer says where the word stands, so strings, quoted names and comments are left alone.

# `PIVOT` is several statements to DuckDB.
_READING = {StatementType.SELECT, StatementType.EXPLAIN, StatementType.MULTI}
_NOT_A_COLUMN = {b"VERSION", b"TIMESTAMP"}


def readable(connection: DuckDBPyConnection, sql: str) -> str:
    """The statement to run.

    Raises:
        BadQuery: it is none, more than one, not SQL, or would do more than read.
    """
    text = with_at_quoted(as_text(sql, "The query", "write SQL, such as 'SELECT * FROM actors'."))
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise complaint(error) from None
    if len(statements) != 1:
        what = "There is no statement in it" if not statements else f"It has {len(statements)} statements"
        raise BadQuery(f"Cannot run the query. {what}; write one, such as: SELECT * FROM actors")
    kind = statements[0].type
    if kind not in _READING or (kind == StatementType.EXPLAIN and _copies(text)):
        raise refusal(kind.name.replace("_", " "))
    return text


def refusal(kind: str = "") -> BadQuery:
    """For a statement that would change something."""
    found = f", and this is {kind}" if kind else ""
    return BadQuery(
        f"Cannot run the query: only queries that read are run here{found}.\n"
        "The tables are a copy of the journal. Keep a result in Python instead: wb.query('SELECT …').df()"
    )


class _Token(NamedTuple):
    start: int
    text: bytes


def with_at_quoted(sql: str) -> str:
    """The same SQL, in which `at` may be used as the name of a column."""
    if "at" not in sql.lower():
        return sql
    data = sql.encode()
    tokens = _tokens(data)
    pieces, done = [], 0
    for index, token in enumerate(tokens):
        if token.text.upper() == b"AT" and _is_column(data, tokens, index):
            pieces += [data[done : token.start], b'"', token.text, b'"']
            done = token.start + 2
    return b"".join([*pieces, data[done:]]).decode()


def _tokens(data: bytes) -> list[_Token]:
    found = [(start, kind) for start, kind in duckdb.tokenize(data.decode())]
    ends = [*(start for start, _ in found[1:]), len(data)]
    comment = duckdb.token_type.comment
    return [_Token(s, data[s:end].strip()) for (s, kind), end in zip(found, ends, strict=True) if kind != comment]


def _is_column(data: bytes, tokens: Sequence[_Token], index: int) -> bool:
    start = tokens[index].start
    after = [token.text.upper() for token in tokens[index + 1 : index + 3]]
    if data[start - 1 : start] == b"$" or after == [b"TIME", b"ZONE"]:
        return False
    return not (after[:1] == [b"("] and after[1:] and after[1] in _NOT_A_COLUMN)


def _copies(text: str) -> bool:
    return any(token.text.upper() == b"COPY" for token in _tokens(text.encode()))


# --- Tables of the notebook in SQL: DataFrames, Arrow tables and earlier answers, by their variables' names -----------

FRAMES = "a DataFrame of pandas or polars, an Arrow table or the answer of a query"
"""What can be read as a table, for messages."""

_LIBRARIES = {
    "pandas": ("DataFrame", "Series"),
    "polars": ("DataFrame", "LazyFrame", "Series"),
    "pyarrow": ("Table", "RecordBatch"),
}


def is_frame(value: object) -> bool:
    """Whether a query can read this value as a table.  Imports nothing."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return isinstance(value, DuckDBPyRelation) or kind.__name__ in _LIBRARIES.get(library, ())


def handed_over(params: Sequence[Any] | Mapping[str, Any] | None) -> tuple[dict[str, Any], Any]:
    """The tables among the parameters of a query, by name, and the other parameters."""
    if not isinstance(params, Mapping):
        return {}, params
    frames = {name: value for name, value in params.items() if is_frame(value)}
    return frames, {name: value for name, value in params.items() if name not in frames} or None


@contextmanager
def readable_frames(connection: DuckDBPyConnection, frames: Mapping[str, Any]) -> Iterator[None]:
    """While inside, statements of this connection read these values as tables; others do not see them."""
    done = list[str]()
    try:
        for name, frame in frames.items():
            connection.register(name, _table(frame))
            done.append(name)
        yield
    finally:
        for name in done:
            connection.unregister(name)


def _table(frame: Any) -> Any:
    """What DuckDB takes: one table, that belongs to no other connection and is not computed twice."""
    if isinstance(frame, DuckDBPyRelation):
        return frame.to_arrow_table()
    if type(frame).__name__ == "LazyFrame":
        return frame.collect()
    return frame.to_frame() if type(frame).__name__ == "Series" else frame
