"""What a store does between commits comes in pieces for which a commit can wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.stores.base import Group, Limits, Retention, flatten
from runtime.stores.journal import retention, snapshots, writer
from runtime.stores.journal.backend import BlockRow, Writes
from runtime.stores.journal.columns import sealed_columns
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.testing.turns import TurnHistory
from tests.runtime.stores.conftest import KEY

TURNS = 64


class Watched(MemoryBackend):
    """Notes what is written, and which blocks are read."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[Writes] = []
        self.read: list[BlockRow] = []

    def blocks(self, after: int, limit: int) -> list[BlockRow]:
        found = super().blocks(after, limit)
        self.read += found
        return found

    def write(self, writes: Writes) -> int:
        self.written.append(writes)
        return super().write(writes)


class Loading:
    """A library that is loaded when asked for the last time, or never."""

    def __init__(self, *answers: bool | ImportError) -> None:
        self.answers = list(answers)

    def is_loaded(self, wait_s: float) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, ImportError):
            raise answer
        return answer


@pytest.fixture
def backend() -> Watched:
    return Watched()


@pytest.fixture
def store(backend: Watched, monkeypatch: pytest.MonkeyPatch) -> Iterator[JournalStore]:
    monkeypatch.setattr(sealed_columns, "SEALED_TURNS", TURNS)
    store = JournalStore(backend, key=KEY)
    yield store
    store.close()


def fill(store: JournalStore, bytes_each: int, past: TurnHistory | None = None) -> None:
    past = past or TurnHistory()
    store.commit(Group(turns=[past.turn(f"a-{n}", b"%d" % n * (bytes_each // 2)) for n in range(10, 10 + TURNS)]))


def test_checkpoint_writes_states_up_to_a_size_at_once(
    store: JournalStore, backend: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_CHUNK_BYTES", 10_000)
    fill(store, 4_000)

    while store.checkpoint():
        pass

    assert max(len(each.snapshots) for each in backend.written) == 3


def test_commit_writes_rows_only_when_checkpoints_do_not_keep_up(
    store: JournalStore, backend: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_CHUNK_ACTORS", 4)
    past = TurnHistory()
    fill(store, 10, past)
    store.checkpoint()
    backend.written.clear()

    def rows_with_a_commit() -> int:
        store.commit(Group(turns=[past.turn(f"b-{len(backend.written)}", b"1")]))
        return len(backend.written[-1].snapshots)

    assert [rows_with_a_commit() for _ in range(3)] == [0, 0, 0]
    monkeypatch.setattr(snapshots, "MOST_ACTORS", 6)
    assert [rows_with_a_commit() for _ in range(8)] == [0, 0, 0, 4, 0, 0, 0, 2]


def test_sealing_takes_states_up_to_a_size_at_once(store: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_columns, "_STEP_BYTES", 10_000)
    monkeypatch.setattr(sealed_columns, "COLUMNS", Loading(*[True] * TURNS))
    fill(store, 4_000)

    steps = 1
    while store.seal():
        steps += 1

    assert steps >= TURNS // 3


def test_sealing_does_not_wait_for_its_library(
    store: JournalStore, backend: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_columns, "COLUMNS", Loading(False, False, *[True] * 9))
    fill(store, 10)

    assert store.seal()
    assert store.seal()
    assert not [each for each in backend.written if each.sealed], "nothing before it is loaded"
    while store.seal():
        pass

    assert [each.sealed.last for each in backend.written if each.sealed] == [TURNS]


def test_columns_of_sealed_turns_are_read_without_their_blocks(store: JournalStore, backend: Watched) -> None:
    fill(store, 10)
    while store.seal():
        pass
    backend.read.clear()

    assert sum(batch.num_rows for batch in store.history_batches()) == TURNS
    assert sum(batch.num_rows for batch in store.history_batches(after=TURNS - 3)) == 3
    assert backend.read == []


def test_columns_of_turns_that_are_not_sealed_yet_are_made_of_blocks(store: JournalStore, backend: Watched) -> None:
    past = TurnHistory()
    fill(store, 10, past)
    while store.seal():
        pass
    fill(store, 10, past)
    backend.read.clear()

    assert sum(batch.num_rows for batch in store.history_batches()) == 2 * TURNS
    assert [row.first for row in backend.read] == [TURNS + 1]


def test_store_works_without_the_library_for_columns(store: JournalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_columns, "COLUMNS", Loading(ImportError("no pyarrow")))
    fill(store, 10)

    assert not store.seal()
    assert not store.seal(), "asked once"

    assert len(list(flatten(store.turns()))) == TURNS


@pytest.mark.parametrize(("size", "most_rows"), [(10, 64), (8_000, 8)])
def test_old_turns_of_small_blocks_go_many_in_a_transaction_up_to_a_size(
    store: JournalStore, backend: Watched, monkeypatch: pytest.MonkeyPatch, size: int, most_rows: int
) -> None:
    monkeypatch.setattr(retention, "FEWEST_NEW", 1)
    past, newest = TurnHistory(), Limits(invocations=1)
    for n in range(960):  # a block each; those of two actors of three go
        store.commit(Group(turns=[past.turn(f"a-{n % 3}", b"%d" % (n % 10) * size)]))
    while store.checkpoint():
        pass
    backend.written.clear()

    while store.retain(Retention(of={"a-0": newest, "a-1": newest}), 0):
        pass

    changed = [each.merged or each.dropped for each in backend.written]
    spans = [each.last - each.first + 1 for each in changed if isinstance(each, BlockRow)]
    assert len(list(flatten(store.turns()))) == 320 + 2
    assert most_rows // 2 < max(spans) <= most_rows
    assert len(changed) <= 960 / (most_rows // 2)
