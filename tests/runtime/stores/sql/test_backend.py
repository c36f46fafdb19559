"""A SQL server's rows are those that the same writes leave in memory."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.errors import StoreUnavailable
from runtime.ids import ActorId
from runtime.stores.base import Group, flatten
from runtime.stores.journal.backend import BlockRow, SealedRow, SnapshotRow, Writes
from runtime.stores.memory import MemoryBackend
from runtime.stores.registry import open_store
from runtime.stores.sql.backend import SqlBackend
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.sql.fixtures import past, server
from tests.runtime.stores.sql.places import KEY, Place, backend

__all__ = ["past", "server"]

HASHES = range(-6, 6)


@pytest.fixture
def empty(server: Place) -> Iterator[SqlBackend]:
    made = SqlBackend(server.url)
    made.create({"format": "1"})
    yield made
    made.close()


def snapshot_row(name: str, system: str, revision: int) -> SnapshotRow:
    return SnapshotRow(
        actor=name, system=system, status="ACTIVATED", node="n", revision=revision, tags="{}", data_type="json",
        data=b"\0\xff'\\", updated_us=revision, parent=name, definition="d", sequence=revision,
    )  # fmt: skip


def identity(row: SnapshotRow) -> tuple[str, str, int]:
    return row.actor, row.system, row.revision


def test_keys_are_kept_and_forgotten_like_in_memory(empty: SqlBackend) -> None:
    memory, chance = MemoryBackend(), random.Random(1)
    for number in range(60):
        keys = [(key_hash, number * 10 + key_hash) for key_hash in chance.sample([*HASHES], 4)]
        forgotten = [(key_hash, memory.key(key_hash) or 0, key_hash + 1) for key_hash in chance.sample([*HASHES], 5)]
        writes = Writes(keys=keys, forgotten=sorted(forgotten, reverse=chance.random() < 0.5))

        assert empty.write(writes) == memory.write(writes)
        assert [empty.key(key_hash) for key_hash in HASHES] == [memory.key(key_hash) for key_hash in HASHES]
        assert empty.key_rows(HASHES[2], 3) == memory.key_rows(HASHES[2], 3)


def test_blocks_and_columns_are_found_like_in_memory(empty: SqlBackend) -> None:
    memory = MemoryBackend()
    blocks = [BlockRow(first, first + 9, b"a", b"%d" % first) for first in range(1, 200, 10)]
    steps = [
        *(Writes(block=block) for block in blocks),
        Writes(merged=BlockRow(21, 60, b"m", b"merged"), sealed=SealedRow(1, 30, b"s")),
        Writes(dropped=(1, 20), unsealed=(5, 5), sealed=SealedRow(61, 100, b"t")),
        Writes(sealed=SealedRow(101, 150, b"u")),
    ]
    for writes in steps:
        empty.write(writes)
        memory.write(writes)

    for after in (*range(0, 205, 7), 20, 60):
        for limit in (1, 4):
            assert empty.blocks(after, limit) == memory.blocks(after, limit)
            assert empty.block_heads(after, limit) == memory.block_heads(after, limit)
            assert empty.sealed(after, limit) == memory.sealed(after, limit)
            assert empty.sealed_ranges(after, limit) == memory.sealed_ranges(after, limit)
        assert empty.block_of(after) == memory.block_of(after)


def test_actors_are_paged_like_in_memory(empty: SqlBackend) -> None:
    memory = MemoryBackend()
    long = "long" * 300
    names = [
        "",
        "a",
        "a\0",
        "a\0b",
        "ab",
        "B",
        "é",
        "🙂",
        "\ud7ff",
        "\ue000",
        "%",
        "_",
        long,
        long + "x",
        long + "x" * 900,
    ]
    rows = [snapshot_row(name, system, 1) for name in names for system in ("s", "t")]
    for each in (empty, memory):
        each.write(Writes(snapshots=rows))
        each.write(Writes(snapshots=[snapshot_row("a", "s", 2)]))

    for prefix in ("", "a", "a\0", "long", long, long + "x", "\ud7ff", "🙂", "none"):
        found, after = [], ("", "")
        while page := empty.snapshots(after, prefix, 2):
            found += page
            after = (page[-1].actor, page[-1].system)
        expected = memory.snapshots(("", ""), prefix, 1_000)
        assert {identity(row) for row in found} == {identity(row) for row in expected}, prefix
        ordered = [[identity(row) for row in rows if len(row.actor) < 800] for rows in (found, expected)]
        assert ordered[0] == ordered[1], prefix
        assert all(row.data is None for row in found)
    assert empty.snapshot(ActorId("s", "a")) == snapshot_row("a", "s", 2)


def test_threads_that_come_and_go_share_few_connections(server: Place, past: TurnHistory) -> None:
    store = open_store(server.url, key=KEY)
    store.commit(Group(turns=past.batch(3, "a")))
    start = threading.Barrier(12)

    def read(_: int) -> int:
        start.wait(timeout=120)
        return sum(len(list(flatten(store.turns()))) for _ in range(10))

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(read, range(12))) == {30}

    assert len(server.sessions()) <= 1 + 4
    store.close()


def test_closed_store_leaves_no_session(server: Place, past: TurnHistory) -> None:
    store = open_store(server.url, key=KEY)
    store.commit(Group(turns=past.batch(1, "a")))
    batches = store.turns()
    store.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        list(batches)
    assert not server.sessions() or _ends(server)


def _ends(server: Place) -> bool:
    """A server needs a moment to notice the end of a session."""
    moment = threading.Event()
    return any(not server.sessions() for _ in range(12_000) if not moment.wait(0.01))


def test_other_tables_of_the_database_are_left_alone(server: Place, past: TurnHistory) -> None:
    server.execute(f"CREATE TABLE {server.name}.snapshots (id INTEGER)")
    server.execute(f"INSERT INTO {server.name}.snapshots VALUES (7)")

    store = open_store(server.url, key=KEY)
    store.commit(Group(turns=past.batch(1, "a"), snapshots=(past.snapshot("b", b"1"),)))
    while store.checkpoint():
        pass

    assert server.execute(f"SELECT id FROM {server.name}.snapshots") == [(7,)]
    assert store.load(actor_id("b")) is not None
    store.close()


def test_weak_settings_of_the_server_are_told(
    server: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy import text

    from runtime.stores.sql import dialects, engine

    weak = {
        name: lambda limits, make=make: make(limits)._replace(durable=text("SELECT 'fsync = off'"))
        for name, make in dialects.SERVERS.items()
    }
    monkeypatch.setattr(engine, "SERVERS", weak)

    open_store(server.url, key=KEY).close()

    assert "fsync = off: a power failure there can lose committed turns" in caplog.text


def test_commits_are_synced_whatever_the_server_prefers(server: Place) -> None:
    if not server.is_postgres:
        pytest.skip("in MariaDB this is one setting for all sessions, which is told instead")
    address = server.address.update_query_dict({"options": f"-csearch_path={server.name} -csynchronous_commit=off"})
    store = open_store(address.render_as_string(hide_password=False), key=KEY)

    with backend(store)._writer.transaction("ask") as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()
