"""`python -m runtime backup` and `restore`: a store and its key in one file, and the way back after the loss of the home folder."""

from __future__ import annotations

import io
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runtime.__main__ import main
from runtime.errors import BadSetting, StoreDamaged, StoreUnavailable, WrongKey
from runtime.records import Turn
from runtime.security.crypto import KeyFiles, new_key
from runtime.stores.backup import backup, restore
from runtime.stores.base import Group, StateStore, flatten
from runtime.stores.check import check
from runtime.stores.registry import open_store
from runtime.testing.turns import TurnHistory

PASSPHRASE = "correct horse"


class Home:
    """A home folder with keys, and a store elsewhere."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.past = directory, TurnHistory()
        self.key_files = KeyFiles(directory / "keys")
        self.url = f"sqlite:///{directory}/day.db"
        self.backup = directory / "day.backup"

    def open(self) -> StateStore:
        return open_store(self.url, key_files=self.key_files)

    def lose(self) -> None:
        shutil.rmtree(self.key_files.directory)
        for file in self.directory.glob("day.db*"):
            file.unlink()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("SPAWN_STATESTORE_KEY", raising=False)
    monkeypatch.setattr("runtime.stores.backup.COST", 2**10)
    return Home(tmp_path)


@pytest.fixture
def backed_up(home: Home) -> Home:
    """Five turns are in the backup; the store and the key are gone."""
    with closing(home.open()) as store:
        store.commit(Group(turns=home.past.batch(5, "a", "b")))
    backup(home.url, home.backup, PASSPHRASE, key_files=home.key_files)
    home.lose()
    return home


def turns(home: Home) -> list[Turn]:
    with closing(home.open()) as store:
        return list(flatten(store.turns()))


def test_a_backup_brings_store_and_key_back(backed_up: Home) -> None:
    restore(backed_up.backup, backed_up.url, PASSPHRASE, key_files=backed_up.key_files)

    assert turns(backed_up) == backed_up.past.turns
    assert not check(backed_up.url, key_files=backed_up.key_files)


def test_a_restored_store_goes_on(backed_up: Home) -> None:
    restore(backed_up.backup, backed_up.url, PASSPHRASE, key_files=backed_up.key_files)

    with closing(backed_up.open()) as store:
        store.commit(Group(turns=backed_up.past.batch(2, "a")))

    assert turns(backed_up) == backed_up.past.turns


def test_a_store_in_use_is_copied_as_of_one_moment(home: Home) -> None:
    with closing(home.open()) as store:
        store.commit(Group(turns=home.past.batch(3, "a")))
        expected = list(home.past.turns)

        backup(home.url, home.backup, PASSPHRASE, key_files=home.key_files)
        store.commit(Group(turns=home.past.batch(4, "b")))

        assert list(flatten(store.turns())) == home.past.turns
    home.lose()
    restore(home.backup, home.url, PASSPHRASE, key_files=home.key_files)
    assert turns(home) == expected


def test_a_backup_is_read_where_nothing_can_be_written(backed_up: Home) -> None:
    restore(backed_up.backup, backed_up.url, PASSPHRASE, key_files=backed_up.key_files)

    assert [file.name for file in backed_up.directory.glob("day.backup*")] == ["day.backup"]


def test_another_passphrase_restores_nothing(backed_up: Home) -> None:
    with pytest.raises(WrongKey, match="not its passphrase"):
        restore(backed_up.backup, backed_up.url, "wrong horse", key_files=backed_up.key_files)

    assert not list(backed_up.directory.glob("*day.db*"))
    assert not backed_up.key_files.directory.exists()


def test_the_backup_alone_opens_nothing(backed_up: Home) -> None:
    shutil.copy(backed_up.backup, backed_up.directory / "day.db")

    with pytest.raises(WrongKey, match="not found"):
        backed_up.open()


def test_a_file_that_is_there_is_never_replaced(backed_up: Home) -> None:
    (backed_up.directory / "day.db").write_bytes(b"mine")

    with pytest.raises(BadSetting, match="there is a file of that name"):
        restore(backed_up.backup, backed_up.url, PASSPHRASE, key_files=backed_up.key_files)

    assert (backed_up.directory / "day.db").read_bytes() == b"mine"
    assert not backed_up.key_files.directory.exists()


def test_another_key_of_that_store_is_never_replaced(backed_up: Home) -> None:
    with closing(sqlite3.connect(backed_up.backup)) as connection:
        (store_id,) = connection.execute("SELECT value FROM meta WHERE name = 'store_id'").fetchone()
    other = new_key()
    backed_up.key_files.keep(store_id, other)

    with pytest.raises(WrongKey, match="another key for this store"):
        restore(backed_up.backup, backed_up.url, PASSPHRASE, key_files=backed_up.key_files)

    assert backed_up.key_files.read(store_id) == other
    assert not (backed_up.directory / "day.db").exists()


def test_a_changed_key_in_the_file_is_noticed(backed_up: Home) -> None:
    with closing(sqlite3.connect(backed_up.backup)) as connection, connection:
        connection.execute('UPDATE meta SET value = \'{"salt":"zz","sealed":""}\' WHERE name = \'backup\'')

    with pytest.raises(StoreDamaged, match="what it says of its key is damaged"):
        restore(backed_up.backup, backed_up.url, PASSPHRASE, key_files=backed_up.key_files)


def test_what_cannot_be_backed_up_is_refused(home: Home) -> None:
    home.open().close()
    (home.directory / "note.txt").write_text("no store")
    refused = {
        "postgresql://host/db": BadSetting,
        f"sqlite:///{home.directory}/absent.db": StoreUnavailable,
        f"sqlite:///{home.directory}/note.txt": BadSetting,
    }

    for url, error in refused.items():
        with pytest.raises(error):
            backup(url, home.backup, PASSPHRASE, key_files=home.key_files)
    with pytest.raises(BadSetting, match="7 characters"):
        backup(home.url, home.backup, "1234567", key_files=home.key_files)

    assert not list(home.directory.glob("*day.backup*"))


def test_a_store_whose_key_is_not_here_is_not_copied(home: Home) -> None:
    home.open().close()
    shutil.rmtree(home.key_files.directory)

    with pytest.raises(WrongKey, match="neither in"):
        backup(home.url, home.backup, PASSPHRASE, key_files=home.key_files)

    assert not home.backup.exists()


def test_what_is_no_backup_is_not_restored(home: Home) -> None:
    home.open().close()

    with pytest.raises(BadSetting, match="is no backup"):
        restore(home.directory / "day.db", f"sqlite:///{home.directory}/new.db", PASSPHRASE, key_files=home.key_files)


def test_the_commands_take_the_passphrase_from_a_file(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(home.directory))
    home.key_files = KeyFiles()
    home.open().close()
    (home.directory / "passphrase").write_text(f"{PASSPHRASE}\n")
    option = ["--passphrase-file", str(home.directory / "passphrase")]

    made = main(["backup", str(home.directory / "day.db"), str(home.backup), *option])
    home.lose()
    restored = main(["restore", str(home.backup), str(home.directory / "day.db"), *option])

    assert (made, restored) == (0, 0)
    assert f"python -m runtime restore {home.backup} STORE" in capsys.readouterr().out
    assert turns(home) == []


def test_a_command_without_a_passphrase_says_where_to_put_one(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SPAWN_BACKUP_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    assert main(["backup", home.url, str(home.backup)]) == 1

    assert "set SPAWN_BACKUP_PASSPHRASE" in capsys.readouterr().err
