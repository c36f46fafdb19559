"""What a reader of columns made from blocks is kept, so that the next reader need not make it again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from runtime.errors import StoreUnavailable
from runtime.stores.base import Group, Retention
from runtime.stores.journal import reader
from runtime.stores.journal.backend import SealedRow, Writes
from runtime.stores.journal.columns import batches, sealed_columns
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.testing.turns import TurnHistory
from tests.runtime.stores.conftest import KEY

ROW_TURNS = 64
FEWEST = 8
GROUP = 16


class Failing(MemoryBackend):
    """Does not take columns while it is told not to."""

    is_full = False

    def write(self, writes: Writes) -> int:
        if self.is_full and writes.sealed is not None:
            raise StoreUnavailable("The disk is full.")
        return super().write(writes)


class Fixture:
    """A store whose columns are made in small rows."""

    def __init__(self) -> None:
        self.backend, self.past = Failing(), TurnHistory()
        self.store = JournalStore(self.backend, key=KEY)

    def fill(self, turns: int) -> None:
        for _ in range(turns // GROUP):
            self.store.commit(Group(turns=self.past.batch(GROUP, "a", "b")))

    def read(self, after: int = 0) -> list[int]:
        return [number for batch in self.batches(after) for number in batch["sequence"].to_pylist()]

    def batches(self, after: int = 0) -> Iterator[Any]:
        return self.store.history_batches(after=after)

    def ranges(self) -> list[tuple[int, int]]:
        return self.backend.sealed_ranges(0, 1_000)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fixture]:
    monkeypatch.setattr(sealed_columns, "SEALED_TURNS", ROW_TURNS)
    monkeypatch.setattr(sealed_columns, "FEWEST_TURNS", FEWEST)
    monkeypatch.setattr(sealed_columns, "PORTION_TURNS", GROUP)
    monkeypatch.setattr(reader, "_BATCH_TURNS", GROUP)
    fixture = Fixture()
    yield fixture
    fixture.store.close()


def test_long_runs_are_kept_and_the_short_rest_is_not(made: Fixture) -> None:
    made.fill(144)

    assert made.read() == list(range(1, 145))

    assert made.ranges() == [(1, 64), (65, 128)]


def test_kept_columns_are_read_instead_of_blocks(made: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made.fill(144)
    made.read()
    decoded: list[tuple[int, int]] = []
    blocks = made.store._reader.packed
    monkeypatch.setattr(
        made.store._reader, "packed", lambda after, until: (decoded.append((after, until)), blocks(after, until))[1]
    )

    assert made.read() == list(range(1, 145))

    assert decoded == [(128, 144)]


def test_what_the_next_reader_sees_is_equal(made: Fixture) -> None:
    made.fill(96)
    first = [batch.to_pylist() for batch in made.batches()]

    again = [batch.to_pylist() for batch in made.batches()]

    assert list(chain(*again)) == list(chain(*first))


def test_a_hole_between_kept_rows_is_filled(made: Fixture) -> None:
    made.fill(160)
    made.read()
    made.backend.write(Writes(unsealed=(65, 128)))

    made.read()

    assert made.ranges() == [(1, 64), (65, 128)]


def test_a_reader_that_stops_early_keeps_only_what_it_read(made: Fixture) -> None:
    made.fill(144)
    batches = made.batches()

    for _ in range(5):
        next(batches)

    assert made.ranges() == [(1, 64)]


def test_two_readers_at_once_keep_each_run_once(made: Fixture) -> None:
    made.fill(144)

    for pair in zip(made.batches(), made.batches(), strict=True):
        assert pair[0] == pair[1]

    assert made.ranges() == [(1, 64), (65, 128)]


def test_the_sealer_goes_on_behind_what_readers_kept(made: Fixture) -> None:
    made.fill(144)
    while not made.ranges() and made.store.seal():
        pass
    made.read()
    made.fill(48)

    while made.store.seal():
        pass

    assert made.ranges() == [(1, 64), (65, 128), (129, 192)]
    assert made.read() == list(range(1, 193))


def test_nothing_is_kept_of_turns_that_are_gone_meanwhile(made: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made.fill(144)
    monkeypatch.setattr("runtime.stores.journal.store.PATIENCE_S", 0.0)
    while made.store.checkpoint():
        pass
    batches = made.batches()
    next(batches)
    while made.store.retain(Retention(turns=50), now_us=0):
        pass

    with pytest.raises(StoreUnavailable, match="removed meanwhile"):
        list(batches)

    assert made.ranges() == []
    assert made.read() == list(range(95, 145))


def test_a_row_is_refused_once_its_turns_have_changed(made: Fixture) -> None:
    made.fill(80)
    row = made.store._columns.sealed(list(made.batches())[:1], 1, 16)
    changes = made.store._columns.changes
    made.backend.write(Writes(unsealed=(1, 80)))

    made.store._unseal(1, 10)

    assert not made.store._keep_columns(SealedRow(1, 16, row.data), changes)
    assert made.ranges() == []


def test_a_reader_goes_on_where_nothing_can_be_kept(made: Fixture) -> None:
    made.fill(144)
    made.backend.is_full = True

    assert made.read() == list(range(1, 145))

    assert made.ranges() == []


def test_what_a_cut_leaves_of_a_row_is_too_short_to_be_sealed_again(made: Fixture) -> None:
    made.fill(192)
    while made.store.checkpoint() or made.store.seal():
        pass
    while made.store.retain(Retention(turns=96), 2**60):
        pass

    while made.store.seal():
        pass

    assert made.store.retention_mark().gone == 96
    assert made.ranges() == [(129, 192)]


def test_turns_become_batches_of_about_a_size() -> None:
    past = TurnHistory()
    lists = [list(past.batch(2, "a")) for _ in range(5)]

    assert [batch.num_rows for batch in batches.batches(lists, size=3)] == [4, 4, 2]
