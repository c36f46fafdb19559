"""The two built-in stores as the checks want them, and keys that never leave the test."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import msgspec
import pytest

from runtime.security.crypto import KeyFiles
from runtime.stores.base import StateStore
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.stores.registry import open_store

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def no_key_in_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SPAWN_STATESTORE_KEY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


class MemoryStores:
    """One memory backend, which outlives the stores on it."""

    def __init__(self) -> None:
        self.backend = MemoryBackend()

    def open(self) -> StateStore:
        return JournalStore(self.backend, key=KEY)

    def crash(self, store: StateStore) -> None:
        pass

    def tear(self) -> None:
        row = self.backend._blocks[-1]
        self.backend._blocks[-1] = msgspec.structs.replace(row, data=row.data[:-5])

    def remove_last(self) -> None:
        del self.backend._blocks[-1], self.backend._firsts[-1]

    def remove_rows(self) -> None:
        self.backend._snapshots.clear()
        self.backend._keys.clear()


class SqliteStores:
    """One file; after a "crash" the copy that was taken of it before the store could say goodbye."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = 0
        self.keys = KeyFiles(directory / "keys")

    @property
    def path(self) -> Path:
        return self._directory / str(self._number) / "store.db"

    def open(self) -> StateStore:
        return open_store(f"sqlite:///{self.path}", key_files=self.keys)

    def crash(self, store: StateStore) -> None:
        old = self.path.parent
        self._number += 1
        # Another process copies: closing a handle on the database in this one would drop SQLite's locks.
        subprocess.run(["cp", "-r", old, self.path.parent], check=True)
        store.close()
        shutil.rmtree(old)

    def tear(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute(
                "UPDATE blocks SET data = substr(data, 1, length(data) - 5) WHERE first = (SELECT max(first) FROM blocks)"
            )
        connection.close()

    def remove_last(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("DELETE FROM blocks WHERE first = (SELECT max(first) FROM blocks)")
        connection.close()

    def remove_rows(self) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute("DELETE FROM snapshots")
            connection.execute("DELETE FROM keys")
        connection.close()


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStores | SqliteStores:
    """Each built-in store in turn."""
    return MemoryStores() if request.param == "memory" else SqliteStores(tmp_path)


@pytest.fixture
def sqlite_stores(tmp_path: Path) -> SqliteStores:
    return SqliteStores(tmp_path)
