from __future__ import annotations

import msgspec
import pytest

from runtime.stores.base import Group, flatten
from runtime.stores.journal import reader, retention
from runtime.stores.journal.columns import sealed_columns
from runtime.stores.journal.deltas import LARGE_BYTES
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.conftest import KEY


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MERGED_TURNS", 20)
    monkeypatch.setattr(retention, "_SMALL_TURNS", 10)
    monkeypatch.setattr(reader, "_PAGE_BLOCKS", 3)
    monkeypatch.setattr(reader, "_BATCH_TURNS", 1)


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def store(backend: MemoryBackend) -> JournalStore:
    return JournalStore(backend, key=KEY)


def commit_singly(store: JournalStore, past: TurnHistory, count: int) -> None:
    for index in range(count):
        store.commit(Group(turns=(past.turn(f"a{index % 3}", b"%d" % index),)))


def checkpoint_all(store: JournalStore) -> None:
    while store.checkpoint():
        pass


def sizes(backend: MemoryBackend) -> list[int]:
    return [row.last - row.first + 1 for row in backend.blocks(0, 1_000)]


def test_single_turns_become_few_blocks(backend: MemoryBackend, store: JournalStore) -> None:
    past = TurnHistory()
    commit_singly(store, past, 65)

    checkpoint_all(store)

    assert sizes(backend) == [20, 20, 20, 1, 1, 1, 1, 1]
    assert list(flatten(store.turns())) == past.turns


def test_large_blocks_are_left_alone(backend: MemoryBackend, store: JournalStore) -> None:
    past = TurnHistory()
    for size in (15, 1, 1, 1, 1, 1, 30, 1, 1, 12, 10):
        store.commit(Group(turns=past.batch(size, "a")))

    checkpoint_all(store)

    assert sizes(backend) == [15, 5, 30, 1, 1, 12, 10]
    assert list(flatten(store.turns())) == past.turns


def test_merging_goes_on_where_an_earlier_process_stopped(backend: MemoryBackend, store: JournalStore) -> None:
    past = TurnHistory()
    commit_singly(store, past, 45)
    checkpoint_all(store)

    store = JournalStore(backend, key=KEY)
    commit_singly(store, past, 20)
    checkpoint_all(store)

    assert sizes(backend)[:3] == [20, 20, 20]
    assert list(flatten(JournalStore(backend, key=KEY).turns())) == past.turns


@pytest.mark.parametrize("read_before", [1, 4, 25])
def test_reader_in_the_middle_sees_every_turn_once(store: JournalStore, read_before: int) -> None:
    past = TurnHistory()
    commit_singly(store, past, 60)
    turns, of_one = flatten(store.turns()), flatten(store.turns(actor=actor_id("a1")))
    seen, seen_of_one = [next(turns) for _ in range(read_before)], [next(of_one)]

    checkpoint_all(store)

    assert seen + list(turns) == past.turns
    assert seen_of_one + list(of_one) == [turn for turn in past.turns if turn.actor == actor_id("a1")]


@pytest.mark.parametrize("data", [b"1", b"x" * (LARGE_BYTES + 1)], ids=["plain", "large states"])
@pytest.mark.parametrize("read_before", [1, 2, 5])
def test_a_reader_of_columns_in_the_middle_sees_every_turn_once(
    store: JournalStore, monkeypatch: pytest.MonkeyPatch, read_before: int, data: bytes
) -> None:
    monkeypatch.setattr(reader, "_PAGE_PACKED", 3)
    monkeypatch.setattr(sealed_columns, "PORTION_TURNS", 1)
    past = TurnHistory()
    for index in range(65):
        store.commit(Group(turns=(past.turn("a", data + b"%d" % index),)))
    batches = store.history_batches(columns=["state"])
    found = [next(batches) for _ in range(read_before)]

    checkpoint_all(store)
    found += batches

    assert [number for batch in found for number in batch["sequence"].to_pylist()] == list(range(1, 66))
    assert [state for batch in found for state in batch["state"].to_pylist()] == [data + b"%d" % n for n in range(65)]


def test_damaged_block_is_passed_over(backend: MemoryBackend, store: JournalStore) -> None:
    past = TurnHistory()
    commit_singly(store, past, 60)
    broken = backend._blocks[25]
    backend._blocks[25] = msgspec.structs.replace(broken, data=broken.data[:-1])

    checkpoint_all(store)

    assert sizes(backend) == [20, *[1] * 20, 20]
    assert store.head() == 60


def test_block_that_was_read_before_the_merge_hides_nothing(store: JournalStore) -> None:
    past = TurnHistory()
    for index in range(60):
        store.commit(Group(turns=(past.turn("a", b"%d" % index, key=f"k{index}"),)))
    for index in (0, 20, 59):
        assert store.find_key(actor_id("a"), f"k{index}") == past.turns[index]

    checkpoint_all(store)

    assert list(flatten(store.turns(actor=actor_id("a")))) == past.turns
    assert [store.state_at(actor_id("a"), revision) is not None for revision in range(1, 61)] == [True] * 60
