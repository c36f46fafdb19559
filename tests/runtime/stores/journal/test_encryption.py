from __future__ import annotations

import base64
import os
import sqlite3
from pathlib import Path

import pytest

from runtime.errors import StoreTooNew, StoreUnavailable, WrongKey
from runtime.security.crypto import KeyFiles, fingerprint
from runtime.stores.base import Group
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.stores.registry import open_store
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.conftest import SqliteStores

KEY, OTHER = bytes(range(32)), bytes(32)


def set_key(monkeypatch: pytest.MonkeyPatch, key: bytes) -> None:
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", base64.b64encode(key).decode())


def test_key_is_made_outside_the_project_and_told(sqlite_stores: SqliteStores) -> None:
    store = sqlite_stores.open()

    assert store.key_is_new
    assert Path(store.key_location).parent == sqlite_stores.keys.directory
    assert fingerprint(base64.b64decode(Path(store.key_location).read_text()))
    store.close()


def test_made_key_is_found_again_silently(sqlite_stores: SqliteStores) -> None:
    first = sqlite_stores.open()
    first.commit(Group(turns=TurnHistory().batch(1, "a")))
    first.close()

    store = sqlite_stores.open()

    assert (store.key_location, store.key_is_new) == (first.key_location, False)
    assert store.load(actor_id("a")) is not None
    store.close()


def test_key_that_is_passed_in_is_kept_nowhere_and_is_not_new(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/x.db", key=KEY, key_files=KeyFiles(tmp_path / "keys"))

    assert (store.key_location, store.key_is_new) == ("", False)
    assert not (tmp_path / "keys").exists()
    store.close()


def test_key_in_the_environment_is_used(sqlite_stores: SqliteStores, monkeypatch: pytest.MonkeyPatch) -> None:
    set_key(monkeypatch, KEY)

    store = sqlite_stores.open()

    assert (store.key_location, store.key_is_new) == ("SPAWN_STATESTORE_KEY", False)
    assert not sqlite_stores.keys.directory.exists()
    store.close()


def test_store_with_its_own_key_opens_beside_a_key_in_the_environment(
    sqlite_stores: SqliteStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_stores.open().close()
    set_key(monkeypatch, OTHER)

    store = sqlite_stores.open()

    assert store.key_location.endswith(".key")
    store.close()


def test_missing_key_file_is_named_and_nothing_is_touched(sqlite_stores: SqliteStores) -> None:
    store = sqlite_stores.open()
    store.commit(Group(turns=TurnHistory().batch(3, "a")))
    store.close()
    path = Path(store.key_location)
    wanted = fingerprint(base64.b64decode(path.read_text())).hex()
    aside = path.rename(path.with_suffix(".aside"))
    before = sqlite_stores.path.read_bytes()

    with pytest.raises(WrongKey) as caught:
        sqlite_stores.open()

    assert wanted in str(caught.value)
    assert f"{path} (no such file)" in str(caught.value)
    assert "SPAWN_STATESTORE_KEY (not set)" in str(caught.value)
    assert sqlite_stores.path.read_bytes() == before
    assert not path.exists()
    aside.rename(path)
    sqlite_stores.open().close()


def test_wrong_keys_are_named_with_what_was_found(sqlite_stores: SqliteStores, monkeypatch: pytest.MonkeyPatch) -> None:
    set_key(monkeypatch, KEY)
    sqlite_stores.open().close()
    set_key(monkeypatch, OTHER)

    with pytest.raises(WrongKey) as caught:
        sqlite_stores.open()

    assert fingerprint(KEY).hex() in str(caught.value)
    assert f"SPAWN_STATESTORE_KEY ({fingerprint(OTHER).hex()})" in str(caught.value)
    assert KEY.hex() not in str(caught.value)


def test_key_that_is_passed_in_is_the_only_candidate(
    sqlite_stores: SqliteStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_key(monkeypatch, KEY)
    url = f"sqlite:///{sqlite_stores.path}"
    open_store(url).close()

    open_store(url, key=KEY).close()
    with pytest.raises(WrongKey, match="the key that was passed in"):
        open_store(url, key=OTHER)


def test_key_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreUnavailable, match="Set SPAWN_STATESTORE_KEY"):
        open_store(f"sqlite:///{tmp_path}/x.db", key_files=KeyFiles(tmp_path / "file"))

    assert not (tmp_path / "x.db").exists()


def test_later_format_is_refused_without_a_write(sqlite_stores: SqliteStores) -> None:
    sqlite_stores.open().close()
    with sqlite3.connect(sqlite_stores.path) as connection:
        connection.execute("UPDATE meta SET value = '3' WHERE name = 'format'")
    connection.close()
    before = sqlite_stores.path.read_bytes()

    with pytest.raises(StoreTooNew, match=r"format 3.*up to format 2"):
        sqlite_stores.open()

    assert sqlite_stores.path.read_bytes() == before


def test_copy_of_a_store_opens_with_the_same_key(sqlite_stores: SqliteStores, tmp_path: Path) -> None:
    store = sqlite_stores.open()
    store.commit(Group(turns=TurnHistory().batch(1, "a")))
    store.close()
    (tmp_path / "copy.db").write_bytes(sqlite_stores.path.read_bytes())

    copy = open_store(f"sqlite:///{tmp_path}/copy.db", key_files=sqlite_stores.keys)

    assert copy.head() == 1
    copy.close()


def test_memory_store_keeps_no_key(tmp_path: Path) -> None:
    store = open_store("memory://", key_files=KeyFiles(tmp_path / "keys"))

    assert (store.key_location, store.key_is_new) == ("", False)
    assert not (tmp_path / "keys").exists()


def test_values_are_sealed_names_are_not(sqlite_stores: SqliteStores) -> None:
    store = sqlite_stores.open()
    past = TurnHistory()
    store.commit(Group(turns=(past.turn("plain-name", b'"hush-state"', key="hush-key"),)))
    while store.checkpoint():
        pass
    store.close()
    content = sqlite_stores.path.read_bytes()

    assert b"plain-name" in content
    assert b"hush" not in content


def test_hash_of_a_key_depends_on_the_store() -> None:
    first, second = (JournalStore(MemoryBackend(), key=KEY)._identity for _ in range(2))

    assert first.key_hash(actor_id("a"), "k") != second.key_hash(actor_id("a"), "k")
    assert first.key_hash(actor_id("a"), "k") == first.key_hash(actor_id("a"), "k")
    assert os.environ.get("SPAWN_STATESTORE_KEY") is None
