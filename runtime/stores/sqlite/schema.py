"""The tables of a store file, the statements on them, and what SQLite's errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import StoreDamaged, StoreUnavailable
from runtime.stores.journal.backend import SnapshotRow

APPLICATION_ID = 0x53574231
"""In the file's header, "SWB1": tells a store from any other SQLite database."""

SNAPSHOT_COLUMNS = SnapshotRow.__struct_fields__

WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA cache_size=-16000",
)

# `blocks.first` is the rowid and only grows: appending touches the last page and nothing else.
SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, actors BLOB NOT NULL, data BLOB NOT NULL);
CREATE TABLE keys (hash INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE snapshots (
    id INTEGER, actor TEXT NOT NULL, system TEXT NOT NULL, status TEXT NOT NULL, node TEXT NOT NULL,
    revision INTEGER NOT NULL, tags TEXT NOT NULL, data_type TEXT NOT NULL, data BLOB, updated_us INTEGER NOT NULL,
    parent TEXT NOT NULL, definition TEXT NOT NULL, sequence INTEGER NOT NULL, kept_aside BLOB,
    PRIMARY KEY (actor, system)
);
CREATE TABLE lifecycle (
    number INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, system TEXT NOT NULL, actor TEXT NOT NULL,
    event TEXT NOT NULL, revision INTEGER NOT NULL, definition TEXT NOT NULL
);
CREATE TABLE definitions (hash TEXT PRIMARY KEY, name TEXT NOT NULL, deployed_us INTEGER NOT NULL, data BLOB NOT NULL)
"""

LATER_TABLES = {
    "schedules": "CREATE TABLE IF NOT EXISTS schedules (id TEXT PRIMARY KEY, due_us INTEGER NOT NULL, data BLOB NOT NULL)",
    "sealed": "CREATE TABLE IF NOT EXISTS sealed (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, data BLOB NOT NULL)",
}
"""Tables that stores of an earlier version get when they are first written to."""

HAS_TABLE = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"

_COLUMNS = ", ".join(SNAPSHOT_COLUMNS)
_MARKS = ", ".join("?" for _ in SNAPSHOT_COLUMNS)
_SETS = ", ".join(f"{name} = excluded.{name}" for name in SNAPSHOT_COLUMNS if name not in ("id", "actor", "system"))
_LIGHT = ", ".join("NULL" if name in ("data", "kept_aside") else name for name in SNAPSHOT_COLUMNS)
# Rows do not overlap: what has turn `after` + 1 is the last that starts at or before it.
_FROM = (
    "FROM {0} WHERE first >= coalesce((SELECT max(first) FROM {0} WHERE first <= ? + 1), 0) AND last > ?"
    " ORDER BY first LIMIT ?"
)

SET_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
HEAD = "SELECT last FROM blocks ORDER BY first DESC LIMIT 1"
HEAD_OR_0 = "SELECT coalesce(max(last), 0) FROM blocks WHERE first = (SELECT max(first) FROM blocks)"
ATTESTED = "SELECT value FROM meta WHERE name = 'attested'"
LAST_ACTOR = "SELECT coalesce(max(rowid), 0) FROM snapshots"
"""Grows by one with each row that is inserted, and by none with one that is replaced; nothing removes rows."""
COUNTS = (
    f"SELECT ({HEAD_OR_0}), (SELECT count(*) FROM keys), (SELECT count(*) FROM snapshots), coalesce(({ATTESTED}), '')"
)
INSERT_BLOCK = "INSERT INTO blocks VALUES (?, ?, ?, ?)"
REMOVE_BLOCKS = "DELETE FROM blocks WHERE first BETWEEN ? AND ?"
BLOCKS = f"SELECT first, last, actors, data {_FROM.format('blocks')}"
BLOCK_HEADS = f"SELECT first, last, actors, length(data) {_FROM.format('blocks')}"
BLOCK_OF = "SELECT first, last, actors, data FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1"
INSERT_SEALED = "INSERT INTO sealed VALUES (?, ?, ?)"
REMOVE_SEALED = "DELETE FROM sealed WHERE last >= ? AND first <= ?"
SEALED = f"SELECT first, last, data {_FROM.format('sealed')}"
SEALED_RANGES = f"SELECT first, last {_FROM.format('sealed')}"
INSERT_KEY = "INSERT INTO keys VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"
REMOVE_KEY = "DELETE FROM keys WHERE hash = ? AND sequence = ? AND NOT EXISTS (SELECT 1 FROM keys WHERE hash = ?)"
KEY = "SELECT sequence FROM keys WHERE hash = ?"
KEY_ROWS = "SELECT hash, sequence FROM keys WHERE hash >= ? ORDER BY hash LIMIT ?"
UPSERT_SNAPSHOT = (
    f"INSERT INTO snapshots ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (actor, system) DO UPDATE SET {_SETS}"
)
SNAPSHOT = f"SELECT {_COLUMNS} FROM snapshots WHERE actor = ? AND system = ?"
SNAPSHOTS = (
    f"SELECT {_LIGHT} FROM snapshots WHERE (actor, system) > (?, ?) AND actor >= ? AND (? IS NULL OR actor < ?)"
    " ORDER BY actor, system LIMIT ?"
)
INSERT_LIFECYCLE = "INSERT INTO lifecycle (at_us, system, actor, event, revision, definition) VALUES (?, ?, ?, ?, ?, ?)"
LIFECYCLE = (
    "SELECT number, at_us, system, actor, event, revision, definition FROM lifecycle"
    " WHERE number > ? ORDER BY number LIMIT ?"
)
UPSERT_DEFINITION = (
    "INSERT INTO definitions VALUES (?, ?, ?, ?)"
    " ON CONFLICT (hash) DO UPDATE SET deployed_us = excluded.deployed_us, data = excluded.data"
)
INSERT_SCHEDULE = "INSERT INTO schedules VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING"
REPLACE_SCHEDULE = "UPDATE schedules SET due_us = ?, data = ? WHERE id = ?"
SETTLE_SCHEDULE = "DELETE FROM schedules WHERE id = ?"
ALL_SCHEDULES = "SELECT id, due_us, data FROM schedules ORDER BY due_us, id"
DEFINITIONS = "SELECT hash, name, deployed_us, data FROM definitions ORDER BY deployed_us, hash"


def after_prefix(prefix: str) -> str | None:
    """The first text after all those that start with `prefix`, by code point; None when there is no such text."""
    for length in range(len(prefix), 0, -1):
        point = ord(prefix[length - 1])
        if point < 0x10FFFF:
            following = 0xE000 if point == 0xD7FF else point + 1  # surrogates are not characters
            return prefix[: length - 1] + chr(following)
    return None


# --- SQLite's errors as the store's: which may pass, and which mean damage --------------------------------------------

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DAMAGE_TEXTS = ("no such ", "Could not decode ")
"""Found by the module itself: a missing table, and bytes that are no text where text was written."""
_ADVICE = {
    sqlite3.SQLITE_FULL: "Make room on that disk; what is waiting is written then.",
    sqlite3.SQLITE_READONLY: "Make the file and its directory writable, or use another store.",
    sqlite3.SQLITE_PERM: "Make the file and its directory writable, or use another store.",
    sqlite3.SQLITE_CANTOPEN: "Check that its directory exists and may be written to.",
    sqlite3.SQLITE_BUSY: "Another program holds the file open for writing; end it there.",
    sqlite3.SQLITE_LOCKED: "Another program holds the file open for writing; end it there.",
}


def damaged(path: str, why: str) -> StoreDamaged:
    """The file is not a sound store."""
    return StoreDamaged(
        f"Cannot use the store {path}: the file is damaged ({why}). Nothing was changed.\n"
        "Move it away together with its -wal file (keep both), and put a copy in its place or start with a new store."
    )


def translation(error: sqlite3.Error, path: str, what: str) -> StoreDamaged | StoreUnavailable:
    """The error to raise from SQLite's own; `what` could not be done to the store ("read", "write to")."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the error, the rest its detail
    if code in _DAMAGE or str(error).startswith(_DAMAGE_TEXTS):
        return damaged(path, str(error))
    advice = _ADVICE.get(code, "It is tried again; nothing is dropped.")
    return StoreUnavailable(f"Cannot {what} the store {path}: {error}.\n{advice}")


@contextmanager
def translated(path: str, what: str) -> Iterator[None]:
    """Raises the translation of whatever SQLite raises inside."""
    try:
        yield
    except sqlite3.Error as error:
        raise translation(error, path, what) from error
