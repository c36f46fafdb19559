"""What differs between SQL servers: drivers, session settings, and the lock by which one session owns a store.

Postgres and MariaDB run in the tests.  MySQL, CockroachDB and MSSQL do not (*not run*): their statements are compiled and
compared there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, TextClause, text


class Limits(NamedTuple):
    """How long, in seconds, a server may take."""

    connect_s: int = 5
    statement_s: float = 15
    lock_wait_s: float = 5
    """For a lock on a table or row that another session has."""
    silence_s: float = 20
    """Without an answer for so long, the connection is given up; longer than the server's own limits."""


class Locking(NamedTuple):
    """How one session becomes the owner.  Every statement gets `name` and `number`, which stand for the store."""

    place: TextClause
    """Where the tables are: the schema or database that unqualified names mean."""
    session: TextClause
    """The number of this session."""
    take: TextClause
    """1 or true when this session has the lock now."""
    holder: TextClause | None
    """The session that has it; None where users may not see that."""
    end: TextClause | None
    """Ends `session`."""


class Server(NamedTuple):
    """One family of servers."""

    driver: str
    """Used when the URL names none."""
    extra: str
    """The extra of this distribution, or the package, that brings the driver."""
    connect_arguments: Mapping[str, Any]
    settings: tuple[str, ...]
    """Statements for each new session."""
    locking: Locking | None
    """None: sessions cannot lock; the last one to open a store owns it, and each write checks that it still does."""
    largest: TextClause | None = None
    """The most bytes that the server takes in one statement."""
    durable: TextClause | None = None
    """One row with what is set on the server, when a commit may be lost there with the power."""


_POSTGRES_LOCKING = Locking(
    place=text("SELECT current_schema()"),
    session=text("SELECT pg_backend_pid()"),
    take=text("SELECT pg_try_advisory_lock(:number)"),
    holder=text(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND (classid::bigint << 32) | objid::bigint = :number"
    ),
    end=text("SELECT pg_terminate_backend(:session)"),
)
_MYSQL_LOCKING = Locking(
    place=text("SELECT DATABASE()"),
    session=text("SELECT CONNECTION_ID()"),
    take=text("SELECT GET_LOCK(:name, 0)"),
    holder=text("SELECT IS_USED_LOCK(:name)"),
    end=text("KILL :session"),
)
_MSSQL_LOCKING = Locking(
    place=text("SELECT DB_NAME() + '.' + SCHEMA_NAME()"),
    session=text("SELECT @@SPID"),
    take=text(
        "SET NOCOUNT ON; DECLARE @got int; EXEC @got = sp_getapplock @Resource = :name, @LockMode = 'Exclusive',"
        " @LockOwner = 'Session', @LockTimeout = 0; SELECT CASE WHEN @got >= 0 THEN 1 ELSE 0 END"
    ),
    holder=None,
    end=None,
)
# A caller with a reply at `commit` relies on it; stronger settings of the server stay.
_POSTGRES_SYNC = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
_MYSQL_SYNC = text(
    "SELECT CONCAT('innodb_flush_log_at_trx_commit = ', @@innodb_flush_log_at_trx_commit)"
    " FROM (SELECT 1 AS one) AS any_row WHERE @@innodb_flush_log_at_trx_commit <> 1"
)


def _postgres(limits: Limits) -> Server:
    wanted = {
        "statement_timeout": _ms(limits.statement_s),
        "lock_timeout": _ms(limits.lock_wait_s),
        "idle_in_transaction_session_timeout": _ms(2 * limits.silence_s),
        "idle_session_timeout": 0,
    }
    values = ", ".join(f"('{name}', '{value}')" for name, value in wanted.items())
    # Only those that the server knows: older ones have no idle_session_timeout.
    limiting = (
        f"SELECT set_config(name, value, false) FROM (VALUES {values}) AS wanted (name, value)"
        " WHERE current_setting(name, true) IS NOT NULL"
    )
    return Server(
        driver="psycopg",
        extra="spawn-workbench[postgres]",
        connect_arguments={"connect_timeout": limits.connect_s, "application_name": "spawn-workbench"},
        settings=(limiting, _POSTGRES_SYNC),
        locking=_POSTGRES_LOCKING,
        durable=text("SELECT 'fsync = off' WHERE current_setting('fsync') = 'off'"),
    )


def _cockroach(limits: Limits) -> Server:
    return Server(
        driver="psycopg",
        extra="sqlalchemy-cockroachdb' 'spawn-workbench[postgres]",
        connect_arguments={"connect_timeout": limits.connect_s, "application_name": "spawn-workbench"},
        settings=(
            f"SET statement_timeout = {_ms(limits.statement_s)}",
            f"SET lock_timeout = {_ms(limits.lock_wait_s)}",
        ),
        locking=None,
    )


def _mysql(limits: Limits, statement_limit: str) -> Server:
    wait_s = max(1, round(limits.lock_wait_s))
    limiting = (
        f"SET SESSION innodb_lock_wait_timeout = {wait_s}, lock_wait_timeout = {wait_s}, wait_timeout = 31536000,"
        f" sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), {statement_limit}"
    )
    return Server(
        driver="pymysql",
        extra="spawn-workbench[mysql]",
        connect_arguments={
            "connect_timeout": limits.connect_s,
            "read_timeout": limits.silence_s,
            "write_timeout": limits.silence_s,
            "charset": "utf8mb4",
        },
        settings=(limiting,),
        locking=_MYSQL_LOCKING,
        largest=text("SELECT @@max_allowed_packet"),
        durable=_MYSQL_SYNC,
    )


def _mssql(limits: Limits) -> Server:
    return Server(
        driver="pyodbc",
        extra="pyodbc",
        connect_arguments={"timeout": limits.connect_s},
        settings=(f"SET LOCK_TIMEOUT {_ms(limits.lock_wait_s)}", "SET XACT_ABORT ON"),
        locking=_MSSQL_LOCKING,
    )


LIMITS = Limits()
SERVERS: Mapping[str, Callable[[Limits], Server]] = {
    "postgresql": _postgres,
    "mariadb": lambda limits: _mysql(limits, f"max_statement_time = {limits.statement_s}"),
    "mysql": lambda limits: _mysql(limits, f"max_execution_time = {_ms(limits.statement_s)}"),
    "cockroachdb": _cockroach,
    "mssql": _mssql,
}
"""By the name of SQLAlchemy's dialect, which is also the URL's scheme."""

NOT_RUN = ("mysql", "cockroachdb", "mssql")
"""Known by their compiled statements only."""


def _ms(seconds: float) -> int:
    return round(seconds * 1_000)


def lock_of(place: str) -> dict[str, Any]:
    """The parameters that stand for the store whose tables are in that schema or database."""
    digest = hashlib.blake2b(place.encode(), digest_size=8).digest()
    return {"name": f"spawn-workbench:{digest.hex()}", "number": int.from_bytes(digest, "big", signed=True)}


def value_of(connection: Connection, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Any:
    """The first column of the first row; None without a row.  Parameters that the statement does not have are left out."""
    given = parameters or {}
    row = connection.execute(statement, {name: given[name] for name in statement.compile().params}).first()
    return None if row is None else row[0]
