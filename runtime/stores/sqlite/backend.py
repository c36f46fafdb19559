"""A journal in one SQLite file: write-ahead log, every commit synced.

One connection writes. Readers borrow read-only connections of their own, each query a short transaction, so that
neither side waits for the other. The file's bytes are never opened beside SQLite: closing such a handle would drop
SQLite's locks.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import StaleCommit, StoreUnavailable
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
from runtime.stores.sqlite import schema as sql
from runtime.stores.sqlite.lock import (
    StoreLock,
    create_private,
    path_of,
    prepare_directory,
    refuse_hard_links,
    unavailable,
)
from runtime.stores.sqlite.schema import damaged, translated, translation

_BUSY_S = 5.0
_IDLE_READERS = 8


class SqliteBackend:
    """The tables of one file."""

    retains = True

    def __init__(self, path: Path, url: str, lock: StoreLock) -> None:
        """`lock` is held by the caller and released by `close`."""
        self.url = url
        self.path = path
        self._lock = lock
        self._writer: sqlite3.Connection | None = None
        self._readers: deque[sqlite3.Connection] = deque()
        self._is_closed = False
        self.attests: Attests | None = None

    def meta(self) -> dict[str, str]:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return {}
        self._roll_back()
        if not self._one("SELECT count(*) FROM sqlite_master")[0]:
            return {}
        if self._one("PRAGMA application_id")[0] != sql.APPLICATION_ID:
            raise damaged(str(self.path), "it is a SQLite database of something else")
        return dict(self._all("SELECT name, value FROM meta"))

    def create(self, meta: Mapping[str, str]) -> None:
        with unavailable(self.url):
            create_private(self.path)
        with translated(str(self.path), "create"), self._transaction() as connection:
            for statement in (*sql.SCHEMA.split(";"), *sql.LATER_TABLES.values()):
                connection.execute(statement)
            connection.executemany(sql.SET_META, list(meta.items()))

    def write(self, writes: Writes) -> int:
        with translated(str(self.path), "write to"), self._transaction() as connection:
            attests = self.attests if self.attests is not None and self.attests.is_touched_by(writes) else None
            actors = _number(connection, sql.LAST_ACTOR) if attests and writes.snapshots else 0
            removed = _remove(connection, writes)
            if writes.merged:
                connection.execute(sql.REMOVE_BLOCKS, (writes.merged.first, writes.merged.last))
                _insert_block(connection, writes.merged)
            if writes.block:
                self._append(connection, writes.block)
            added = _insert_keys(connection, writes)
            _insert_rows(connection, writes)
            if attests is not None:
                actors = _number(connection, sql.LAST_ACTOR) - actors if writes.snapshots else 0
                changes = Changes(_head_after(connection, writes), added, removed, actors, writes.meta)
                _attest(connection, attests, changes)
        return len(writes.keys) - len(added)

    def counts(self) -> Counts:
        return Counts(*self._one(sql.COUNTS))

    def head(self) -> int:
        row = self._one(sql.HEAD)
        return row[0] if row else 0

    def blocks(self, after: int, limit: int) -> list[BlockRow]:
        return [BlockRow(*row) for row in self._all(sql.BLOCKS, (after, after, limit))]

    def block_heads(self, after: int, limit: int) -> list[BlockHead]:
        return [BlockHead(*row) for row in self._all(sql.BLOCK_HEADS, (after, after, limit))]

    def block_of(self, sequence: int) -> BlockRow | None:
        row = self._one(sql.BLOCK_OF, (sequence,))
        return BlockRow(*row) if row and row[1] >= sequence else None

    def key(self, key_hash: int) -> int | None:
        row = self._one(sql.KEY, (key_hash,))
        return row[0] if row else None

    def key_rows(self, start: int, limit: int) -> list[tuple[int, int]]:
        return self._all(sql.KEY_ROWS, (start, limit))

    def snapshot(self, actor: ActorId) -> SnapshotRow | None:
        row = self._one(sql.SNAPSHOT, (actor.name, actor.system))
        return _snapshot_row(row) if row else None

    def snapshots(self, after: tuple[str, str], prefix: str, limit: int) -> list[SnapshotRow]:
        end = sql.after_prefix(prefix)
        return [_snapshot_row(row) for row in self._all(sql.SNAPSHOTS, (*after, prefix, end, end, limit))]

    def lifecycle(self, after: int, limit: int) -> list[tuple[int, Lifecycle]]:
        return [
            (row[0], Lifecycle(row[1], ActorId(row[2], row[3]), row[4], row[5], row[6]))
            for row in self._all(sql.LIFECYCLE, (after, limit))
        ]

    def sealed(self, after: int, limit: int) -> list[SealedRow]:
        if not self._has("sealed"):
            return []
        return [SealedRow(*row) for row in self._all(sql.SEALED, (after, after, limit))]

    def sealed_ranges(self, after: int, limit: int) -> list[tuple[int, int]]:
        return self._all(sql.SEALED_RANGES, (after, after, limit)) if self._has("sealed") else []

    def schedules(self) -> list[ScheduleRow]:
        if not self._has("schedules"):
            return []
        return [ScheduleRow(*row) for row in self._all(sql.ALL_SCHEDULES)]

    def definitions(self) -> list[DefinitionRow]:
        return [DefinitionRow(*row) for row in self._all(sql.DEFINITIONS)]

    def close(self) -> None:
        self._is_closed = True
        for connection in [*self._readers, *([self._writer] if self._writer else [])]:
            with suppress(sqlite3.Error):
                connection.close()
        self._readers.clear()
        self._writer = None
        self._lock.release()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._writing()
        self._check_in_place()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
            raise

    def _check_in_place(self) -> None:
        """A deleted file would take everything that is written to it from now on along; a deleted lock lets others in."""
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if found is None or not os.path.samestat(found, self._file):
            raise StoreUnavailable(
                f"Cannot write to the store {self.path}: the file was moved, replaced or deleted while in use.\n"
                "Move it back to its place; what is waiting is written then."
            )
        self._lock.renew()

    def _has(self, table: str) -> bool:
        return bool(self._one(sql.HAS_TABLE, (table,))[0])

    def _roll_back(self) -> None:
        """Undo a first transaction that a crash cut off, before the file had a write-ahead log: readers may not do that."""
        if self.path.with_name(self.path.name + "-journal").exists():
            with translated(str(self.path), "open"), closing(sqlite3.connect(self.path, timeout=_BUSY_S)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def _append(self, connection: sqlite3.Connection, block: BlockRow) -> None:
        row = connection.execute(sql.HEAD).fetchone()
        head = row[0] if row else 0
        if block.first != head + 1:
            raise StaleCommit(f"Turn {block.first} does not continue {self.url}, which is at {head}.")
        _insert_block(connection, block)

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._file: os.stat_result = self.path.stat()
            for pragma in sql.WRITER_PRAGMAS:
                connection.execute(pragma)
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in sql.LATER_TABLES.values():
                    connection.execute(statement)
            self._writer = connection  # not before: it must never write without its pragmas
        return self._writer

    def _all(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        # On the path of every keyed call: no context managers.
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect_reader()
        try:
            rows = connection.execute(statement, values).fetchall()
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise translation(error, str(self.path), "read") from error
            raise
        if self._is_closed or len(self._readers) >= _IDLE_READERS:
            connection.close()
        else:
            self._readers.append(connection)
        return rows

    def _one(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row, or None; the statements used here match one row at most, or end with LIMIT 1."""
        rows = self._all(statement, values)
        return rows[0] if rows else None

    def _connect_reader(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StoreUnavailable(f"Cannot read {self.url}: it was closed.")
        with translated(str(self.path), "read"):
            return sqlite3.connect(
                f"{self.path.as_uri()}?mode=ro",
                uri=True,
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])


def _head_after(connection: sqlite3.Connection, writes: Writes) -> int | None:
    if writes.block:
        return writes.block.last
    return _number(connection, sql.HEAD_OR_0) if writes.merged or writes.dropped else None


def _attest(connection: sqlite3.Connection, attests: Attests, changes: Changes) -> None:
    row = connection.execute(sql.ATTESTED).fetchone()
    entry = attests.entry(row[0] if row else "", changes, lambda: Counts(*connection.execute(sql.COUNTS).fetchone()))
    for fact in entry.items():
        connection.execute(sql.SET_META, fact)


def _remove(connection: sqlite3.Connection, writes: Writes) -> list[tuple[int, int]]:
    """The rows of keys that are gone."""
    if writes.dropped:
        connection.execute(sql.REMOVE_BLOCKS, writes.dropped)
    if writes.unsealed:
        connection.execute(sql.REMOVE_SEALED, writes.unsealed)
    # One by one, as which of them were there has to be known.
    return [row[:2] for row in writes.forgotten if connection.execute(sql.REMOVE_KEY, row).rowcount]


def _insert_block(connection: sqlite3.Connection, block: BlockRow) -> None:
    connection.execute(sql.INSERT_BLOCK, (block.first, block.last, block.actors, block.data))


def _insert_keys(connection: sqlite3.Connection, writes: Writes) -> list[tuple[int, int]]:
    """Those that were not there."""
    return [row for row in writes.keys if connection.execute(sql.INSERT_KEY, row).rowcount]


def _insert_rows(connection: sqlite3.Connection, writes: Writes) -> None:
    if writes.sealed:
        connection.execute(sql.INSERT_SEALED, msgspec.structs.astuple(writes.sealed))
    if writes.snapshots:
        connection.executemany(sql.UPSERT_SNAPSHOT, map(msgspec.structs.astuple, writes.snapshots))
    if writes.lifecycle:
        connection.executemany(
            sql.INSERT_LIFECYCLE,
            [(m.at_us, m.actor.system, m.actor.name, m.event, m.revision, m.definition) for m in writes.lifecycle],
        )
    if writes.definitions:
        connection.executemany(
            sql.UPSERT_DEFINITION, [(row.hash, row.name, row.deployed_us, row.data) for row in writes.definitions]
        )
    if writes.schedules:
        connection.executemany(sql.INSERT_SCHEDULE, [(row.id, row.due_us, row.data) for row in writes.schedules])
    if writes.rescheduled:
        connection.executemany(sql.REPLACE_SCHEDULE, [(row.due_us, row.data, row.id) for row in writes.rescheduled])
    if writes.settled:
        connection.executemany(sql.SETTLE_SCHEDULE, [(settled,) for settled in writes.settled])
    if writes.meta:
        connection.executemany(sql.SET_META, list(writes.meta.items()))


def _snapshot_row(values: tuple[Any, ...]) -> SnapshotRow:
    return SnapshotRow(**dict(zip(sql.SNAPSHOT_COLUMNS, values, strict=True)))


def open_backend(url: str) -> SqliteBackend:
    """The tables of a file, which is locked until they are closed.

    Raises:
        StoreInUse: another system has the file open.
        StoreUnavailable: it cannot be locked.
    """
    path = path_of(url)
    with unavailable(url):
        refuse_hard_links(path, url)
        return SqliteBackend(path, url, StoreLock(path, url))


def open_store(
    url: str, *, key: bytes | None = None, key_files: KeyFiles | None = None, old_keys: Sequence[bytes] | None = None
) -> JournalStore:
    """The store in a file; its directory is made where it is missing, readable by its owner only."""
    with unavailable(url):
        prepare_directory(path_of(url).parent)
    backend = open_backend(url)
    try:
        return JournalStore(backend, key=key, key_files=key_files or KeyFiles(), old_keys=old_keys)
    except BaseException:
        backend.close()
        raise
