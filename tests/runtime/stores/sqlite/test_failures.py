"""A store that cannot be written: what the writer is told, what is left, and that the same group can be committed again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import StaleCommit, StoreDamaged, StoreUnavailable
from runtime.records import Lifecycle
from runtime.stores.base import Group, flatten
from runtime.stores.journal.backend import Writes
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.stores.sqlite import backend as sqlite_store
from runtime.stores.sqlite.schema import translation
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.conftest import KEY, SqliteStores


@pytest.fixture
def past() -> TurnHistory:
    return TurnHistory()


@pytest.fixture
def store(sqlite_stores: SqliteStores, past: TurnHistory) -> Iterator[JournalStore]:
    store = sqlite_stores.open()
    store.commit(Group(turns=past.batch(2, "a")))
    yield store
    store.close()


def writer(store: JournalStore) -> sqlite3.Connection:
    connection = store._backend._writer
    assert connection is not None
    return connection


def assert_unwritten(store: JournalStore, past: TurnHistory, group: Group) -> None:
    """The group changed nothing, and can be committed once the cause is gone."""
    assert store.head() == len(past.turns) - len(group.turns)
    assert list(flatten(store.turns())) == past.turns[: store.head()]


def test_full_disk_refuses_the_group_and_takes_it_later(store: JournalStore, past: TurnHistory) -> None:
    (pages,) = writer(store).execute("PRAGMA page_count").fetchone()
    writer(store).execute(f"PRAGMA max_page_count={pages + 1}")
    group = Group(turns=tuple(past.turn("a", b"x" * 5_000) for _ in range(20)))

    with pytest.raises(StoreUnavailable, match=r"full.*\n.*Make room"):
        store.commit(group)
    assert_unwritten(store, past, group)

    writer(store).execute("PRAGMA max_page_count=1000000")
    store.commit(group)
    assert list(flatten(store.turns())) == past.turns


def test_file_that_became_read_only_is_reported(store: JournalStore, past: TurnHistory) -> None:
    real = store._backend._writer
    store._backend._writer = sqlite3.connect(
        f"{store._backend.path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    group = Group(turns=past.batch(1, "a"))

    with pytest.raises(StoreUnavailable, match=r"readonly.*\n.*writable"):
        store.commit(group)
    assert_unwritten(store, past, group)

    store._backend._writer.close()
    store._backend._writer = real
    store.commit(group)


def test_file_locked_by_another_program_is_reported(store: JournalStore, past: TurnHistory) -> None:
    writer(store).execute("PRAGMA busy_timeout=20")
    other = sqlite3.connect(store._backend.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    group = Group(turns=past.batch(1, "a"))

    with pytest.raises(StoreUnavailable, match=r"locked.*\n.*Another program"):
        store.commit(group)
    assert_unwritten(store, past, group)
    assert store.load(actor_id("a")).revision == 2  # reading goes on

    other.execute("ROLLBACK")
    other.close()
    store.commit(group)


def test_deleted_file_is_noticed_before_more_goes_into_it(store: JournalStore, past: TurnHistory) -> None:
    path: Path = store._backend.path
    aside = path.rename(path.with_name("aside.db"))
    group = Group(turns=past.batch(1, "a"))

    with pytest.raises(StoreUnavailable, match=r"moved, replaced or deleted.*\n.*Move it back"):
        store.commit(group)

    aside.rename(path)
    store.commit(group)
    assert list(flatten(store.turns())) == past.turns


def test_replaced_file_is_noticed_before_more_goes_into_it(store: JournalStore, past: TurnHistory) -> None:
    path: Path = store._backend.path
    aside = path.rename(path.with_name("aside.db"))
    path.write_bytes(b"what a user put there")
    group = Group(turns=past.batch(1, "a"))

    with pytest.raises(StoreUnavailable, match=r"moved, replaced or deleted.*\n.*Move it back"):
        store.commit(group)
    assert path.read_bytes() == b"what a user put there"

    aside.rename(path)
    store.commit(group)
    assert list(flatten(store.turns())) == past.turns


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailable),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreUnavailable),
        (sqlite3.SQLITE_CANTOPEN, StoreUnavailable),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreDamaged),
        (sqlite3.SQLITE_NOTADB, StoreDamaged),
    ],
)
def test_each_error_of_sqlite_has_its_class(code: int, kind: type[Exception]) -> None:
    error = sqlite3.OperationalError("said SQLite")
    error.sqlite_errorcode = code

    translated = translation(error, "/x.db", "write to")

    assert type(translated) is kind
    assert "/x.db" in str(translated)
    assert "said SQLite" in str(translated)


# an answer that was lost


class LossyBackend(MemoryBackend):
    """Loses the answer of a write, before or after it took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.lose = ""

    def write(self, writes: Writes) -> int:
        lose, self.lose = self.lose, ""
        if lose == "request":
            raise StoreUnavailable("connection lost")
        present = super().write(writes)
        if lose == "answer":
            raise StoreUnavailable("connection lost")
        return present


@pytest.fixture
def lossy(past: TurnHistory) -> tuple[LossyBackend, JournalStore]:
    backend = LossyBackend()
    store = JournalStore(backend, key=KEY)
    store.commit(Group(turns=past.batch(2, "a")))
    return backend, store


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_group_is_committed_once_however_its_first_answer_was_lost(
    lossy: tuple[LossyBackend, JournalStore], past: TurnHistory, lose: str
) -> None:
    backend, store = lossy
    turns = (past.turn("a", b"x" * 70_000, key="k"), past.turn("b", b"1"))
    group = Group(turns=turns, snapshots=(past.snapshot("c", b"1"),), lifecycle=(Lifecycle(1, actor_id("a"), "x"),))
    backend.lose = lose
    with pytest.raises(StoreUnavailable):
        store.commit(group)

    store.commit(group)
    store.commit(Group(turns=(past.turn("a", b"x" * 70_001),)))

    assert list(flatten(store.turns())) == past.turns
    assert store.load(actor_id("c")) == past.actors[actor_id("c")]
    assert store.find_key(actor_id("a"), "k") == turns[0]
    assert list(store.lifecycle()) == list(group.lifecycle)


def test_longer_group_continues_what_a_lost_answer_had_written(
    lossy: tuple[LossyBackend, JournalStore], past: TurnHistory
) -> None:
    backend, store = lossy
    turns = past.batch(2, "a", "b")
    backend.lose = "answer"
    with pytest.raises(StoreUnavailable):
        store.commit(Group(turns=turns))

    store.commit(Group(turns=(*turns, *past.batch(3, "a", "b"))))

    assert list(flatten(store.turns())) == past.turns
    assert store.load(actor_id("b")) is not None


def test_other_turns_in_our_place_are_a_stale_commit(
    lossy: tuple[LossyBackend, JournalStore], past: TurnHistory
) -> None:
    backend, store = lossy
    intruder = JournalStore(backend, key=KEY)
    theirs = TurnHistory()
    theirs.batch(2, "a")
    intruder.commit(Group(turns=theirs.batch(1, "b")))

    with pytest.raises(StaleCommit):
        store.commit(Group(turns=past.batch(1, "a")))

    assert list(flatten(intruder.turns())) == theirs.turns


# damage


def _close_checkpointed(store: JournalStore) -> Path:
    while store.checkpoint():
        pass
    store.close()
    return store._backend.path


def test_file_of_something_else_is_left_alone(sqlite_stores: SqliteStores) -> None:
    sqlite_stores.path.parent.mkdir(parents=True)
    sqlite_stores.path.write_bytes(b"a letter to my grandmother" * 100)
    before = sqlite_stores.path.read_bytes()

    with pytest.raises(StoreDamaged, match="not a database"):
        sqlite_stores.open()

    assert sqlite_stores.path.read_bytes() == before


def test_other_sqlite_database_is_left_alone(sqlite_stores: SqliteStores) -> None:
    sqlite_stores.path.parent.mkdir(parents=True)
    with sqlite3.connect(sqlite_stores.path) as connection:
        connection.execute("CREATE TABLE letters (text)")
    connection.close()
    before = sqlite_stores.path.read_bytes()

    with pytest.raises(StoreDamaged, match="something else"):
        sqlite_stores.open()

    assert sqlite_stores.path.read_bytes() == before


def test_empty_file_becomes_a_store(sqlite_stores: SqliteStores) -> None:
    """What a crash in the middle of making a store leaves."""
    sqlite_stores.path.parent.mkdir(parents=True)
    sqlite_stores.path.touch()

    sqlite_stores.open().close()
    sqlite_stores.open().close()


def test_damaged_state_names_actor_and_revision(store: JournalStore, sqlite_stores: SqliteStores) -> None:
    path = _close_checkpointed(store)
    _execute(path, "UPDATE snapshots SET data = zeroblob(50)")

    store = sqlite_stores.open()

    with pytest.raises(StoreDamaged, match=r"(?s)state of a \(revision 2\).*authentication tag.*--repair OUT"):
        store.load(actor_id("a"))
    store.close()


def test_damaged_block_names_its_turns_and_others_stay_readable(
    store: JournalStore, sqlite_stores: SqliteStores, past: TurnHistory
) -> None:
    store.commit(Group(turns=past.batch(2, "a")))
    path = _close_checkpointed(store)
    _execute(path, "UPDATE blocks SET data = zeroblob(100) WHERE first = 1")

    store = sqlite_stores.open()

    with pytest.raises(StoreDamaged, match="turns 1 to 2"):
        list(store.turns())
    assert list(flatten(store.turns(after=2))) == past.turns[2:]
    assert store.load(actor_id("a")).revision == 4
    store.commit(Group(turns=past.batch(1, "a")))
    while store.checkpoint():
        pass
    store.close()


def test_scribbled_file_is_damaged_or_sound_never_a_crash(sqlite_stores: SqliteStores, past: TurnHistory) -> None:
    store = sqlite_stores.open()
    store.commit(Group(turns=past.batch(300, *(f"a{i}" for i in range(50)))))
    path = _close_checkpointed(store)
    sound = path.read_bytes()

    for offset in range(0, len(sound), 1_500):
        path.write_bytes(sound[:offset] + b"\xa5" * 40 + sound[offset + 40 :])
        try:
            store = sqlite_stores.open()
            try:
                read = list(flatten(store.turns()))
                for actor in past.actors:
                    store.load(actor)
            finally:
                store.close()
        except StoreDamaged as error:
            assert "Nothing was changed" in str(error)  # noqa: PT017 - either outcome is right
        else:
            assert read == past.turns[: len(read)]


def _execute(path: Path, statement: str, values: tuple[Any, ...] = ()) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


def test_busy_writer_is_waited_for() -> None:
    assert sqlite_store._BUSY_S >= 1
