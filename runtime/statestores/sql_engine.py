"""From a store's URL to SQLAlchemy's engine: drivers, session settings, pooled connections for readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import URL, Connection, Engine, Executable, Row, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from runtime.errors import BadSetting, StoreUnavailable
from runtime.statestores.sql_errors import lost_connection, translated
from runtime.statestores.sql_servers import SERVERS, Limits, Server
from runtime.statestores.sql_watchdog import Watchdog

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
            StoreUnavailable, StoreDamaged: as `sql_errors.translation`.
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
            StoreUnavailable, StoreDamaged: as `sql_errors.translation`.
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
