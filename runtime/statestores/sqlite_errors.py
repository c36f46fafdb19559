"""SQLite's errors as the store's: which may pass, and which mean damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import StoreDamaged, StoreUnavailable

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
