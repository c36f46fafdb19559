"""From a store's URL to SQLAlchemy's engine: drivers, session settings, pooled connections for readers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, Engine, Executable, Inspector, Row, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError, StatementError

from runtime.background import start_daemon
from runtime.errors import BadSetting, StoreDamaged, StoreUnavailable
from runtime.stores.sql.dialects import SERVERS, Limits, Server

READERS_KEPT = 4
READERS_MORE = 28
STREAMED_ROWS = 200
_SECRETS = ("password", "passwd", "sslpassword", "ssl_key_password")


class Database:
    """One database: an engine whose connections are the readers', and which makes the writer's."""

    def __init__(self, url: str, limits: Limits, more_settings: tuple[str, ...] = ()) -> None:
        """Connects to nothing yet.

        Args:
            more_settings: further statements for each new session.

        Raises:
            BadSetting: the URL makes no sense, or its driver is not installed.
        """
        target, server = _target(url, limits)
        self.server = server._replace(settings=(*server.settings, *more_settings))
        self.url = without_secrets(target)
        self.watchdog = Watchdog(limits.silence_s)
        self.engine = _engine(target, self.server, limits)
        # One statement for many rows: psycopg would send one for each, in a "pipeline" that complains when it is cut off.
        self.engine.dialect.use_insertmanyvalues_wo_returning = True
        self._is_closed = False
        event.listen(self.engine, "connect", self._prepare)

    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """All rows of a query, which is a transaction of its own; asked again when a kept connection turns out dead.

        Raises:
            StoreUnavailable, StoreDamaged: as `translation`.
        """
        if self._is_closed:
            raise StoreUnavailable(f"Cannot read {self.url}: it was closed.")
        with translated(self.url, "read"):
            try:
                return self._ask(statement, parameters)
            except SQLAlchemyError as error:
                if not lost_connection(error):
                    raise
            return self._ask(statement, parameters)

    def stream(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Iterator[Row[Any]]:
        """The rows of a query as the server sends them, all as of its beginning; the connection is given back at the end.

        Raises:
            StoreUnavailable, StoreDamaged: as `translation`.
        """
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "yield_per": STREAMED_ROWS}
        with translated(self.url, "read"), self.engine.connect() as connection:
            yield from connection.execution_options(**options).execute(statement, parameters)

    def connect_writer(self) -> Connection:
        """A connection with real transactions, outside the pool."""
        connection = self.engine.connect().execution_options(isolation_level="READ COMMITTED")
        connection.detach()
        return connection

    def close(self) -> None:
        self._is_closed = True
        self.engine.dispose()
        self.watchdog.close()

    def _ask(self, statement: Executable, parameters: Mapping[str, Any] | None) -> list[Row[Any]]:
        with self.engine.connect() as connection, self.watchdog.over(connection.connection.dbapi_connection):
            return list(connection.execute(statement, parameters).all())

    def _prepare(self, connection: Any, _: object) -> None:
        """Set a new session up; at once, not in a transaction that may be rolled back."""
        autocommit = getattr(connection, "autocommit", None)
        if autocommit is False:
            connection.autocommit = True
        with self.watchdog.over(connection), closing(connection.cursor()) as cursor:
            for statement in self.server.settings:
                cursor.execute(statement)
        if autocommit is False:
            connection.autocommit = False


def without_secrets(url: URL) -> str:
    """The URL as it may be shown: without its password."""
    shown = url.difference_update_query(_SECRETS)
    return shown.render_as_string(hide_password=True)


def _target(url: str, limits: Limits) -> tuple[URL, Server]:
    try:
        target = make_url(url)
        server = SERVERS[target.get_backend_name()](limits)
    except (ArgumentError, ValueError, KeyError) as error:
        raise BadSetting(
            "The store's URL cannot be read (it is not shown, since it may hold a password).\n"
            "Write postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE; in a password, write @ : / as %40 %3A %2F."
        ) from error
    if "+" not in target.drivername:
        target = target.set(drivername=f"{target.drivername}+{server.driver}")
    return target, server


def _engine(target: URL, server: Server, limits: Limits) -> Engine:
    try:
        return create_engine(
            target,
            connect_args={name: value for name, value in server.connect_arguments.items() if name not in target.query},
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_size=READERS_KEPT,
            max_overflow=READERS_MORE,
            pool_timeout=limits.silence_s,
            pool_use_lifo=True,
        )
    except (NoSuchModuleError, ImportError) as error:
        raise BadSetting(
            f"Cannot open {without_secrets(target)}: the driver is not installed ({error}).\n"
            f"Install it with: pip install '{server.extra}'"
        ) from error


# --- A SQL server's errors as the store's: which may pass, which mean damage, and what to do --------------------------

_WAIT = "It is tried again; nothing is dropped."
_WAIT_TO_READ = "Nothing was changed; try again when the server answers."
_DAMAGED = "damaged"
_FULL = "Make room on the server's disk; what is waiting is written then."
_READ_ONLY = "Make the database writable (it may be a standby, or set read-only), or use another store."
_DENIED = "Check user and password in the URL, and that this user may create and write tables there."
_MISSING = "Create that database on the server, or put the right name at the end of the URL."
_SLOW = (
    "The server is slow, or another session holds a lock on the store's tables. It is tried again; nothing is dropped."
)
_BUSY = "The server has no room for another connection; close some. It is tried again; nothing is dropped."
_PACKET = "Raise max_allowed_packet on the server; what is waiting is written then."

# Postgres (also CockroachDB) says five characters of SQLSTATE; the longest match counts.
_STATES = {
    "25006": _READ_ONLY, "28": _DENIED, "3D": _MISSING, "42501": _DENIED, "53100": _FULL, "53300": _BUSY,
    "55P03": _SLOW, "57014": _SLOW, "42P01": _DAMAGED, "42703": _DAMAGED, "XX001": _DAMAGED, "XX002": _DAMAGED,
}  # fmt: skip
# MariaDB and MySQL number theirs.
_NUMBERS = {
    1021: _FULL, 1028: _FULL, 1114: _FULL, 1290: _READ_ONLY, 1792: _READ_ONLY, 1836: _READ_ONLY, 1040: _BUSY,
    1044: _DENIED, 1045: _DENIED, 1142: _DENIED, 1698: _DENIED, 1049: _MISSING, 1153: _PACKET, 1205: _SLOW, 1969: _SLOW,
    3024: _SLOW, 1034: _DAMAGED, 1035: _DAMAGED, 1054: _DAMAGED, 1146: _DAMAGED, 1194: _DAMAGED, 1712: _DAMAGED,
}  # fmt: skip


class Cause(NamedTuple):
    """What a driver's error says."""

    text: str
    advice: str


def translation(error: SQLAlchemyError, url: str, what: str) -> StoreDamaged | StoreUnavailable:
    """The error to raise; `what` could not be done to the store ("read", "write to")."""
    cause = _cause(error)
    if cause.advice is _DAMAGED:
        return StoreDamaged(
            f"Cannot {what} the store {url}: its tables are damaged ({cause.text}). Nothing was changed.\n"
            "Restore the database from a copy, or start with another store."
        )
    advice = _WAIT_TO_READ if cause.advice is _WAIT and what != "write to" else cause.advice
    return StoreUnavailable(f"Cannot {what} the store {url}: {cause.text}.\n{advice}")


@contextmanager
def translated(url: str, what: str) -> Iterator[None]:
    """Raises the translation of whatever SQLAlchemy raises inside; text that UTF-8 cannot hold stays what it is."""
    try:
        yield
    except StatementError as error:
        if isinstance(error.orig, UnicodeEncodeError):
            raise error.orig from None
        raise translation(error, url, what) from error
    except SQLAlchemyError as error:
        raise translation(error, url, what) from error


def lost_connection(error: BaseException) -> bool:
    """Whether the connection is gone, so that nothing is known about what it was doing."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _cause(error: SQLAlchemyError) -> Cause:
    origin = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    arguments = origin.args
    if arguments and isinstance(arguments[0], int):
        text = str(arguments[1]) if len(arguments) > 1 else f"error {arguments[0]}"
        return Cause(_line(text), _NUMBERS.get(arguments[0], _WAIT))
    state = getattr(origin, "sqlstate", None) or ""
    known = [prefix for prefix in _STATES if state.startswith(prefix)]
    return Cause(_line(str(origin)), _STATES[max(known, key=len)] if known else _advice_by_text(str(origin)))


def _advice_by_text(text: str) -> str:
    """While connecting, psycopg has no state to tell: only what the server wrote, in English or not."""
    if "authentication failed" in text or "no password supplied" in text or "role " in text:
        return _DENIED
    return _MISSING if "does not exist" in text else _WAIT


def _line(text: str) -> str:
    """The first line, without the full stop at its end."""
    return next((line.strip().rstrip(".") for line in text.splitlines() if line.strip()), "no reason given")


# --- Ends a wait for a server that neither answers nor closes the connection ------------------------------------------
# The server's own time-outs end slow statements; a server that is frozen keeps none of them.  PyMySQL can bound its
# waits; psycopg waits for ever, so its socket is shut down from here, which the driver reports as a lost connection.

_TICK_S = 0.25


class Watchdog:
    """Watches waits on sockets; its thread starts with the first and sleeps while there are none."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._waits: dict[object, tuple[float, int]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @contextmanager
    def over(self, connection: Any) -> Iterator[None]:
        """A wait on the socket of a DB-API connection that has `fileno()`; others watch themselves."""
        number = _socket_of(connection)
        if number is None:
            yield
            return
        token = object()
        with self._lock:
            self._waits[token] = (time.monotonic() + self._limit_s, number)
        self._start()
        try:
            yield
        finally:
            with self._lock:  # while it is held, no one shuts a socket down whose number may be another's by then
                self._waits.pop(token, None)

    def close(self) -> None:
        self._is_closed = True
        self._wake.set()

    def _start(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = start_daemon("wb-store-watchdog", self._run)
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while not self._is_closed:
            self._wake.wait()
            with self._lock:
                self._shut_down_overdue(time.monotonic())
                if not self._waits:
                    self._wake.clear()
            time.sleep(_TICK_S)

    def _shut_down_overdue(self, now: float) -> None:
        for token, (until, number) in list(self._waits.items()):
            if now >= until:
                del self._waits[token]
                _shut_down(number)


def _socket_of(connection: Any) -> int | None:
    try:
        return int(connection.fileno())
    except Exception:  # noqa: BLE001 - no such method, or closed already: then there is nothing to wait for
        return None


def _shut_down(number: int) -> None:
    handle = socket.socket(fileno=number)
    try:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)
    finally:
        handle.detach()


# --- How the database of a real Spawn proxy is recognised -------------------------------------------------------------

TABLE = "snapshots"
COLUMNS = frozenset({"id", "actor", "system", "status", "node", "revision", "tags", "data_type", "data", "updated_at"})


def is_spawn_database(inspector: Inspector) -> bool:
    """Whether Spawn's table of states is there, with its columns; in the schema that unqualified names mean."""
    if not inspector.has_table(TABLE):
        return False
    return {column["name"] for column in inspector.get_columns(TABLE)} >= COLUMNS
