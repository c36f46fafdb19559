"""A journal in a SQL server: Postgres and MariaDB, run by the tests; MySQL, CockroachDB and MSSQL *not run* (`NOT_RUN`).

    postgresql+psycopg://user:password@host/database
    postgresql+psycopg://user:password@host/database?options=-csearch_path%3Dschema
    mariadb+pymysql://user:password@host/database

One schema (Postgres) or database (MariaDB) holds one store, in tables named `workbench_…`; other tables there are left alone.
A pooler between here and the server must keep sessions: the right to write is a lock of the session.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, inspect
from sqlalchemy.exc import SQLAlchemyError

from runtime.errors import BadSetting, SpawnError, StaleCommit, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Lifecycle
from runtime.security.crypto import KeyFiles
from runtime.stores.journal.backend import (
    Attests,
    BlockHead,
    BlockRow,
    Changes,
    Counts,
    DefinitionRow,
    ScheduleRow,
    SealedRow,
    SnapshotRow,
    Writes,
)
from runtime.stores.journal.store import JournalStore
from runtime.stores.sql import schema as sql
from runtime.stores.sql.dialects import LIMITS, Limits, value_of
from runtime.stores.sql.engine import Database, is_spawn_database, translated
from runtime.stores.sql.ownership import ENTRY, Ownership
from runtime.stores.sql.schema import BLOCKS, META, PARAMETERS_AT_ONCE, TABLES, place_of, places_from


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

    def key_rows(self, start: int, limit: int) -> list[tuple[int, int]]:
        rows = self._database.rows(sql.KEY_ROWS, {"start": start, "limit": limit})
        return [(int(row.hash), int(row.sequence)) for row in rows]

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


# --- The one connection that writes: made when it is needed, given up when anything about it is uncertain -------------

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

        When the commit's answer is lost, no one knows whether it took effect until the session has ended.  So the connection
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


# --- One `Writes` as statements of one transaction --------------------------------------------------------------------

T = TypeVar("T")


def carry_out(connection: Connection, writes: Writes, attests: Attests | None) -> int:
    """Do everything, with what `attests` says of it; the number of keys that were there already."""
    if writes.dropped:
        connection.execute(sql.REMOVE_BLOCKS, {"from": writes.dropped[0], "to": writes.dropped[1]})
    if writes.unsealed:
        connection.execute(sql.REMOVE_SEALED, {"from": writes.unsealed[0], "to": writes.unsealed[1]})
    removed = _remove_keys(connection, writes.forgotten)
    if writes.merged:
        connection.execute(sql.REMOVE_BLOCKS, {"from": writes.merged.first, "to": writes.merged.last})
        _insert_block(connection, writes.merged)
    if writes.block:
        _insert_block(connection, writes.block)
    if writes.sealed:
        connection.execute(sql.INSERT_SEALED, _values(writes.sealed))
    added = _insert_keys(connection, writes.keys)
    actors = _replace_snapshots(connection, writes.snapshots)
    _insert_marks(connection, writes)
    _insert_schedules(connection, writes.schedules)
    _replace_schedules(connection, writes.rescheduled)
    for places in _portions(place_of(settled, "") for settled in writes.settled):
        connection.execute(sql.REMOVE_SCHEDULES, {"places": places})
    if writes.definitions:
        connection.execute(sql.REMOVE_DEFINITIONS, {"hashes": [row.hash for row in writes.definitions]})
        connection.execute(sql.INSERT_DEFINITIONS, [_values(row) for row in writes.definitions])
    facts = dict(writes.meta)
    if attests is not None and attests.is_touched_by(writes):
        changes = Changes(_head_after(connection, writes), added, removed, actors, writes.meta)
        attested = connection.execute(sql.READ_META_ENTRY, {"name": "attested"}).scalar() or ""
        facts |= attests.entry(attested, changes, lambda: counts(connection.execute(sql.COUNTS).one()))
    if facts:
        connection.execute(sql.REMOVE_META, {"names": list(facts)})
        connection.execute(sql.INSERT_META, [{"name": name, "value": value} for name, value in facts.items()])
    return len(writes.keys) - len(added)


def counts(row: Any) -> Counts:
    """Those of a row of `COUNTS`."""
    head, keys, snapshots, attested = row
    return Counts(head or 0, keys, snapshots, attested or "")


def _head_after(connection: Connection, writes: Writes) -> int | None:
    if writes.block:
        return writes.block.last
    return connection.execute(sql.HEAD).scalar() or 0 if writes.merged or writes.dropped else None


def _insert_block(connection: Connection, block: BlockRow) -> None:
    connection.execute(sql.INSERT_BLOCK, _values(block) | {"size": len(block.data)})


def _insert_keys(connection: Connection, keys: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that were not there."""
    new = dict(reversed(keys))  # the first of two that are the same
    for hashes in _portions(list(new)):
        for known in connection.execute(sql.KNOWN_KEYS, {"hashes": hashes}).scalars():
            del new[known]
    if new:
        rows = [{"hash": key_hash, "sequence": sequence} for key_hash, sequence in new.items()]
        connection.execute(sql.INSERT_KEYS, rows)
    return list(new.items())


def _remove_keys(connection: Connection, forgotten: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """One after the other, as each removal may free the key before it; those that were there."""
    wanted = {number for key_hash, _, following in forgotten for number in (key_hash, following)}
    known: dict[int, int] = {}
    for hashes in _portions(wanted):
        known |= {row.hash: row.sequence for row in connection.execute(sql.KNOWN_KEYS, {"hashes": hashes})}
    removed = []
    for key_hash, sequence, following in forgotten:
        if known.get(key_hash) == sequence and following not in known:
            del known[key_hash]
            removed.append((key_hash, sequence))
    for hashes in _portions(key_hash for key_hash, _ in removed):
        connection.execute(sql.REMOVE_KEYS, {"hashes": hashes})
    return removed


def _replace_snapshots(connection: Connection, rows: Sequence[SnapshotRow]) -> int:
    """How many actors had no row before."""
    by_place = {place_of(row.actor, row.system): row for row in rows}
    new = len(by_place)
    for places in _portions(by_place):
        new -= connection.execute(sql.REMOVE_SNAPSHOTS, {"places": places}).rowcount
        connection.execute(sql.INSERT_SNAPSHOTS, [_values(by_place[place]) | {"place": place} for place in places])
    return new


def _insert_marks(connection: Connection, writes: Writes) -> None:
    if not writes.lifecycle:
        return
    first = (connection.execute(sql.LAST_MARK).scalar() or 0) + 1
    connection.execute(
        sql.INSERT_LIFECYCLE,
        [
            {
                "number": number, "at_us": mark.at_us, "system": mark.actor.system, "actor": mark.actor.name,
                "event": mark.event, "revision": mark.revision, "definition": mark.definition,
            }
            for number, mark in enumerate(writes.lifecycle, first)
        ],
    )  # fmt: skip


def _insert_schedules(connection: Connection, rows: Sequence[ScheduleRow]) -> None:
    new = {place_of(row.id, ""): row for row in reversed(rows)}
    for places in _portions(list(new)):
        for known in connection.execute(sql.KNOWN_SCHEDULES, {"places": places}).scalars():
            del new[bytes(known)]
    if new:
        connection.execute(sql.INSERT_SCHEDULES, [_values(row) | {"place": place} for place, row in new.items()])


def _replace_schedules(connection: Connection, rows: Sequence[ScheduleRow]) -> None:
    wanted = {place_of(row.id, ""): row for row in rows}
    for places in _portions(wanted):
        known = [bytes(place) for place in connection.execute(sql.KNOWN_SCHEDULES, {"places": places}).scalars()]
        if known:
            connection.execute(sql.REMOVE_SCHEDULES, {"places": known})
            connection.execute(sql.INSERT_SCHEDULES, [_values(wanted[place]) | {"place": place} for place in known])


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _portions(items: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as every server takes parameters."""
    rest = iter(items)
    while portion := list(islice(rest, PARAMETERS_AT_ONCE)):
        yield portion
