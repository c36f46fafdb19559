from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from runtime.errors import BadSetting, StoreUnavailable
from runtime.stores.base import Group, flatten
from runtime.stores.journal.backend import ScheduleRow, SealedRow, Writes
from runtime.stores.registry import open_store
from runtime.stores.sqlite.backend import open_backend
from runtime.stores.sqlite.lock import path_of
from runtime.stores.sqlite.schema import LATER_TABLES, after_prefix
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.conftest import SqliteStores


def test_url_is_spelled_as_in_sqlalchemy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")

    assert path_of("sqlite:///x.db") == tmp_path / "x.db"
    assert path_of("sqlite:////data/x.db") == Path("/data/x.db")
    assert path_of("sqlite:///~/x.db") == Path("/home/ada/x.db")
    assert path_of("sqlite:///a b/ü#%41.db") == tmp_path / "a b" / "ü#%41.db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://x.db"])
def test_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="names no file"):
        open_store(url)


@pytest.mark.parametrize("name", ["with space.db", "ünïcode#%41.db", "-wal"])
def test_odd_file_names_work(tmp_path: Path, name: str) -> None:
    store = open_store(f"sqlite:///{tmp_path}/{name}")
    store.commit(Group(turns=TurnHistory().batch(1, "a")))
    store.close()

    store = open_store(f"sqlite:///{tmp_path}/{name}")
    assert store.head() == 1
    assert (tmp_path / name).exists()
    store.close()


def test_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="names a directory"):
        open_store(f"sqlite:///{tmp_path}")


def test_relative_store_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///x.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    store.commit(Group(turns=TurnHistory().batch(1, "a")))

    assert store.load(actor_id("a")) is not None
    store.close()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_own_directory_is_private_and_ignored_by_git(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/.spawn/x.db").close()

    assert (tmp_path / ".spawn").stat().st_mode & 0o777 == 0o700
    assert "*" in (tmp_path / ".spawn" / ".gitignore").read_text().splitlines()
    assert (tmp_path / ".spawn" / "x.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("name", "mode"), [("data", 0o755), (".spawn", 0o700)])
def test_existing_directory_is_left_as_it_is_but_the_own_one_is_closed(tmp_path: Path, name: str, mode: int) -> None:
    (tmp_path / name).mkdir(mode=0o755)

    open_store(f"sqlite:///{tmp_path}/{name}/x.db").close()

    assert (tmp_path / name).stat().st_mode & 0o777 == mode
    assert not (tmp_path / name / ".gitignore").exists()


def test_store_behind_a_symbolic_link_is_made_and_found_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "x.db")
    key = bytes(range(32))

    store = open_store(f"sqlite:///{tmp_path}/link.db", key=key)
    store.commit(Group(turns=TurnHistory().batch(3, "a")))
    store.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.db", "real"]
    reopened = open_store(f"sqlite:///{tmp_path}/real/x.db", key=key)
    assert reopened.head() == 3
    reopened.close()


def test_link_that_leads_in_circles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to(tmp_path / "b.db")
    (tmp_path / "b.db").symlink_to(tmp_path / "a.db")

    with pytest.raises(BadSetting, match="in circles"):
        open_store(f"sqlite:///{tmp_path}/a.db")


@pytest.mark.parametrize("ending", [".lock", ".owner", "-wal", "-shm", "-journal"])
def test_file_that_belongs_to_a_store_is_refused_as_one(sqlite_stores: SqliteStores, ending: str) -> None:
    store = sqlite_stores.open()

    with pytest.raises(BadSetting, match="belongs to the store"):
        open_store(f"sqlite:///{sqlite_stores.path}{ending}")

    store.close()


def test_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreUnavailable, match="directory exists"):
        open_store(f"sqlite:///{tmp_path}/file/x.db")


def test_closed_store_leaves_one_file_and_its_lock(sqlite_stores: SqliteStores) -> None:
    store = sqlite_stores.open()
    store.commit(Group(turns=TurnHistory().batch(3, "a")))
    list(store.turns())
    store.close()

    assert sorted(path.name for path in sqlite_stores.path.parent.iterdir()) == ["store.db", "store.db.lock"]


def test_threads_that_come_and_go_leave_no_connections(sqlite_stores: SqliteStores) -> None:
    store = sqlite_stores.open()
    store.commit(Group(turns=TurnHistory().batch(3, "a")))
    start = threading.Barrier(20)

    def read(_: int) -> int:
        start.wait(timeout=120)
        return sum(store.load(actor_id("a")).revision + len(list(flatten(store.turns()))) for _ in range(20))

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(read, range(20))) == {20 * 6}

    assert len(store._backend._readers) <= 8
    store.close()
    assert len(store._backend._readers) == 0


def test_reading_goes_on_while_the_store_is_closed(sqlite_stores: SqliteStores) -> None:
    store = sqlite_stores.open()
    store.commit(Group(turns=TurnHistory().batch(1, "a")))
    batches = store.turns()
    store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        list(batches)


@pytest.mark.parametrize("table", LATER_TABLES)
def test_table_that_an_earlier_version_did_not_make_is_made_by_the_first_write(tmp_path: Path, table: str) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with closing(open_backend(url)) as made:
        made.create({"format": "1"})
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.execute(f"DROP TABLE {table}")

    with closing(open_backend(url)) as backend:
        assert (backend.schedules(), backend.sealed(0, 9), backend.sealed_ranges(0, 9)) == ([], [], [])
        backend.write(Writes(schedules=[ScheduleRow("id", 7, b"data")], sealed=SealedRow(1, 2, b"data")))

        assert backend.schedules() == [ScheduleRow("id", 7, b"data")]
        assert backend.sealed(0, 9) == [SealedRow(1, 2, b"data")]


@pytest.mark.parametrize("prefix", ["a", "az", "\ud7ff", "a\U0010ffff", "é", "z\U0010ffff\U0010ffff"])
def test_text_after_a_prefix_bounds_exactly_its_names(prefix: str) -> None:
    end = after_prefix(prefix)

    assert end is not None
    for name in (prefix, prefix + "\0", prefix + "z", prefix + "\U0010ffff" * 3):
        assert prefix <= name < end
    assert not end.startswith(prefix)
    end.encode()


def test_no_text_is_after_the_last_prefix() -> None:
    assert after_prefix("") is after_prefix("\U0010ffff") is None
