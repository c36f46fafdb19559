"""A journal in a SQL server: Postgres and MariaDB, run by the tests; MySQL, CockroachDB and MSSQL *not run* (`NOT_RUN`).

    postgresql+psycopg://user:password@host/database
    postgresql+psycopg://user:password@host/database?options=-csearch_path%3Dschema
    mariadb+pymysql://user:password@host/database

One schema (Postgres) or database (MariaDB) holds one store, in tables named `workbench_…`; other tables there are left alone.
A pooler between here and the server must keep sessions: the right to write is a lock of the session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row, inspect

from runtime.crypto.keyfiles import KeyFiles
from runtime.errors import BadSetting, StaleCommit, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Lifecycle
from runtime.statestores import sql_statements as sql
from runtime.statestores.backend import (
    Attests,
    BlockHead,
    BlockRow,
    Counts,
    DefinitionRow,
    ScheduleRow,
    SealedRow,
    SnapshotRow,
    Writes,
)
from runtime.statestores.journal import JournalStore
from runtime.statestores.places import place_of, places_from
from runtime.statestores.spawn_schema import is_spawn_database
from runtime.statestores.sql_engine import Database
from runtime.statestores.sql_errors import translated
from runtime.statestores.sql_owner import ENTRY
from runtime.statestores.sql_schema import BLOCKS, META, TABLES
from runtime.statestores.sql_servers import LIMITS, Limits
from runtime.statestores.sql_writer import Writer
from runtime.statestores.sql_writes import carry_out, counts


class SqlBackend:
    """The tables of one store on a server."""

    retains = True

    def __init__(self, url: str, *, limits: Limits = LIMITS) -> None:
        """Raises StoreInUse, StoreUnavailable, BadSetting: nothing was changed."""
        self.attests: Attests | None = None
        self._database = Database(url, limits)
        self.url = self._database.url
        try:
            _refuse_spawn_database(self._database)
            self._writer = Writer(self._database)
        except BaseException:
            self._database.close()
            raise

    def meta(self) -> dict[str, str]:
        with translated(self.url, "read"), self._database.engine.connect() as connection:
            if not inspect(connection).has_table(META.name):
                return {}
        # A claim alone is what a crash while making the store left, on a server that cannot undo CREATE TABLE.
        return {row.name: row.value for row in self._database.rows(sql.READ_META) if row.name != ENTRY}

    def create(self, meta: Mapping[str, str]) -> None:
        """MariaDB cannot undo a CREATE TABLE.  So `meta` comes last: tables without it are no store yet."""
        with self._writer.transaction("create") as connection:
            for table in TABLES:
                table.create(connection, checkfirst=True)
        with self._writer.transaction("create") as connection:
            entries = {**meta, ENTRY: self._writer.ownership.entry()}
            connection.execute(sql.REMOVE_META, {"names": list(entries)})
            connection.execute(sql.INSERT_META, [{"name": name, "value": value} for name, value in entries.items()])

    def write(self, writes: Writes) -> int:
        self._check_fits(writes)
        with self._writer.transaction("write to") as connection:
            self._writer.ownership.check(connection)
            if writes.block:
                self._check_continues(connection, writes.block)
            return carry_out(connection, writes, self.attests)

    def counts(self) -> Counts:
        return counts(self._database.rows(sql.COUNTS)[0])

    def head(self) -> int:
        return self._number(sql.HEAD) or 0

    def blocks(self, after: int, limit: int) -> list[BlockRow]:
        rows = self._database.rows(sql.READ_BLOCKS, {"after": after, "limit": limit})
        return [BlockRow(row.first, row.last, bytes(row.actors), bytes(row.data)) for row in rows]

    def block_heads(self, after: int, limit: int) -> list[BlockHead]:
        rows = self._database.rows(sql.READ_BLOCK_HEADS, {"after": after, "limit": limit})
        return [BlockHead(row.first, row.last, bytes(row.actors), row.size) for row in rows]

    def block_of(self, sequence: int) -> BlockRow | None:
        for row in self._database.rows(sql.BLOCK_OF, {"sequence": sequence}):
            if row.last >= sequence:
                return BlockRow(row.first, row.last, bytes(row.actors), bytes(row.data))
        return None

    def sealed(self, after: int, limit: int) -> list[SealedRow]:
        rows = self._database.rows(sql.READ_SEALED, {"after": after, "limit": limit})
        return [SealedRow(row.first, row.last, bytes(row.data)) for row in rows]

    def sealed_ranges(self, after: int, limit: int) -> list[tuple[int, int]]:
        rows = self._database.rows(sql.READ_SEALED_RANGES, {"after": after, "limit": limit})
        return [(row.first, row.last) for row in rows]

    def key(self, key_hash: int) -> int | None:
        return self._number(sql.KEY, {"hash": key_hash})

    def key_hashes(self, start: int, limit: int) -> list[int]:
        return [int(row[0]) for row in self._database.rows(sql.KEY_HASHES, {"start": start, "limit": limit})]

    def snapshot(self, actor: ActorId) -> SnapshotRow | None:
        rows = self._database.rows(sql.READ_SNAPSHOT, {"place": place_of(actor.name, actor.system)})
        return _snapshot_row(rows[0]) if rows else None

    def snapshots(self, after: tuple[str, str], prefix: str, limit: int) -> list[SnapshotRow]:
        start, end = places_from(prefix)
        place = place_of(*after) if after != ("", "") else b""
        while rows := self._database.rows(
            sql.READ_SNAPSHOTS, {"after": place, "start": start, "end": end, "limit": limit}
        ):
            # Places hold the beginning of a name only: a longer prefix may be that of none of these.
            if found := [_snapshot_row(row) for row in rows if row.actor.startswith(prefix)]:
                return found
            place = place_of(rows[-1].actor, rows[-1].system)
        return []

    def lifecycle(self, after: int, limit: int) -> list[tuple[int, Lifecycle]]:
        rows = self._database.rows(sql.READ_LIFECYCLE, {"after": after, "limit": limit})
        return [
            (row.number, Lifecycle(row.at_us, ActorId(row.system, row.actor), row.event, row.revision, row.definition))
            for row in rows
        ]

    def schedules(self) -> list[ScheduleRow]:
        return [ScheduleRow(row.id, row.due_us, bytes(row.data)) for row in self._database.rows(sql.READ_SCHEDULES)]

    def definitions(self) -> list[DefinitionRow]:
        rows = self._database.rows(sql.READ_DEFINITIONS)
        return [DefinitionRow(row.hash, row.name, row.deployed_us, bytes(row.data)) for row in rows]

    def close(self) -> None:
        self._writer.close()
        self._database.close()

    def _number(self, statement: Any, parameters: Mapping[str, Any] | None = None) -> int | None:
        rows = self._database.rows(statement, parameters)
        return int(rows[0][0]) if rows else None

    def _check_continues(self, connection: Connection, block: BlockRow) -> None:
        head = connection.execute(sql.HEAD).scalar() or 0
        if block.first != head + 1:
            raise StaleCommit(f"Turn {block.first} does not continue {self.url}, which is at {head}.")

    def _check_fits(self, writes: Writes) -> None:
        """Asked before: such a server answers what is too large by closing the connection."""
        largest = max([0, *(len(block.data) for block in (writes.block, writes.merged, writes.sealed) if block)])
        # Bytes are sent as text, some of them escaped.
        if self._writer.largest and largest * 1.1 > self._writer.largest:
            raise StoreUnavailable(
                f"Cannot write to the store {self.url}: a group of {largest:,} bytes, and the server takes at most "
                f"{self._writer.largest:,} at once.\n"
                "Raise max_allowed_packet there; what is waiting is written then."
            )


def _refuse_spawn_database(database: Database) -> None:
    """Tables of ours in a database of Spawn's would be taken for its actors, which have other states.

    A store that earlier versions put there and that has turns is opened all the same.

    Raises:
        BadSetting: it is one; nothing was written.
    """
    with (
        translated(database.url, "open"),
        database.engine.connect() as connection,
        database.watchdog.over(connection.connection.dbapi_connection),
    ):
        inspector = inspect(connection)
        if not is_spawn_database(inspector):
            return
        if inspector.has_table(BLOCKS.name) and connection.execute(sql.HEAD).scalar():
            return
    raise BadSetting(
        f"Cannot keep a store in {database.url}: it is the database of a Spawn system, whose proxy writes there "
        "(its table `snapshots`). Nothing was written.\n"
        "To read that system's actors: %spawn database URL, or wb.spawn_database(URL).\n"
        "For a store of your own, name another database or schema."
    )


def _snapshot_row(row: Row[Any]) -> SnapshotRow:
    values = dict(zip(sql.SNAPSHOT_COLUMNS, row, strict=True))
    for name in ("data", "kept_aside"):
        if values[name] is not None:
            values[name] = bytes(values[name])
    return SnapshotRow(**values)


def open_store(
    url: str, *, key: bytes | None = None, key_files: KeyFiles | None = None, old_keys: Sequence[bytes] | None = None
) -> JournalStore:
    """The store in a database, made there if there is none; this process owns it until it is closed."""
    backend = SqlBackend(url)
    try:
        return JournalStore(backend, key=key, key_files=key_files or KeyFiles(), old_keys=old_keys)
    except BaseException:
        with suppress(Exception):
            backend.close()
        raise
