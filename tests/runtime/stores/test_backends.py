"""What every backend refuses or finds by itself, whatever the store above it has checked already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runtime.errors import StaleCommit, StoreDamaged
from runtime.stores.base import Group
from runtime.stores.journal.backend import Backend, BlockRow, KeyListingBackend, SealedRow, Writes
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.stores.sql.backend import SqlBackend
from runtime.stores.sqlite.backend import open_backend
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.sql.places import SERVERS, place

KEY = bytes(range(32))


@pytest.fixture(params=["memory", "sqlite", *SERVERS])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Each kind, without tables."""
    if request.param in SERVERS:
        with place(request.param) as made, closing(SqlBackend(made.url)) as backend:
            yield backend
        return
    kind = MemoryBackend() if request.param == "memory" else open_backend(f"sqlite:///{tmp_path}/store.db")
    with closing(kind) as backend:
        yield backend


@pytest.fixture
def backend(empty: Backend) -> Backend:
    """Each kind, made anew and without a store above it."""
    empty.create({"format": "1"})
    return empty


def block(first: int, last: int) -> BlockRow:
    return BlockRow(first, last, b"", b"%d to %d" % (first, last))


@pytest.mark.parametrize(("first", "what"), [(1, "repeats"), (10, "overlaps"), (12, "leaves a gap")])
def test_block_that_does_not_continue_the_head_is_stale(backend: Backend, first: int, what: str) -> None:
    backend.write(Writes(block=block(1, 10)))

    with pytest.raises(StaleCommit):
        backend.write(Writes(block=block(first, first + 5), keys=[(7, first)], meta={"mark": what}))

    assert backend.head() == 10
    assert backend.blocks(0, 5) == [block(1, 10)]
    assert (backend.key(7), backend.meta()) == (None, {"format": "1"})


def test_block_of_a_turn_is_the_one_that_holds_it_or_none(backend: Backend) -> None:
    for first in (1, 11, 21):
        backend.write(Writes(block=block(first, first + 9)))
    backend.write(Writes(dropped=(11, 20)))

    found = {sequence: backend.block_of(sequence) for sequence in (0, 1, 10, 11, 15, 20, 21, 30, 31, 99)}

    assert found == {
        0: None, 1: block(1, 10), 10: block(1, 10), 11: None, 15: None, 20: None,
        21: block(21, 30), 30: block(21, 30), 31: None, 99: None,
    }  # fmt: skip


def test_sealed_rows_and_their_ranges_begin_with_the_one_that_holds_the_next_turn(backend: Backend) -> None:
    rows = [SealedRow(first, first + 9, b"columns") for first in (1, 11, 31)]
    for row in rows:
        backend.write(Writes(sealed=row))

    for after, expected in [(0, rows), (5, rows), (10, rows[1:]), (20, rows[2:]), (25, rows[2:]), (40, [])]:
        assert backend.sealed(after, 9) == expected, after
        assert backend.sealed_ranges(after, 9) == [(row.first, row.last) for row in expected], after
    assert backend.sealed(0, 2) == rows[:2]
    assert backend.sealed_ranges(0, 2) == [(1, 10), (11, 20)]


def test_rows_that_are_no_longer_sealed_are_gone(backend: Backend) -> None:
    for first in (1, 11, 21, 31):
        backend.write(Writes(sealed=SealedRow(first, first + 9, b"columns")))

    backend.write(Writes(unsealed=(15, 21)))

    assert backend.sealed_ranges(0, 9) == [(1, 10), (31, 40)]


def test_key_is_gone_only_with_its_own_turn_and_before_the_block_that_needs_it(backend: Backend) -> None:
    backend.write(Writes(block=block(1, 10), keys=[(7, 1), (8, 2), (9, 3)]))
    assert (backend.key(8), backend.key_rows(8, 9)) == (2, [(8, 2), (9, 3)])

    backend.write(Writes(forgotten=[(7, 1, -1), (8, 99, -1), (9, 3, 8)]))

    assert [backend.key(each) for each in (7, 8, 9)] == [None, 2, 3]
    assert backend.counts().keys == 2


def test_key_that_is_there_already_stays_and_is_counted(backend: Backend) -> None:
    assert backend.write(Writes(block=block(1, 10), keys=[(7, 1)])) == 0

    assert backend.write(Writes(block=block(11, 20), keys=[(7, 11), (8, 12)])) == 1

    assert [backend.key(each) for each in (7, 8)] == [1, 12]


def test_rows_of_keys_that_were_exchanged_are_noticed_and_own_changes_are_not(empty: Backend) -> None:
    store, past = JournalStore(empty, key=KEY), TurnHistory()
    store.commit(Group(turns=tuple(past.turn(name, b"1", key="k") for name in "abc")))
    while store.checkpoint():
        pass
    assert isinstance(empty, KeyListingBackend)
    (first, second, third) = empty.key_rows(-(2**63), 9)
    empty.write(Writes(keys=[first, (first[0], 9), (5, 2), (5, 3)]))
    empty.write(Writes(forgotten=[(*second, second[0] + 1), (5, 2, 6), (5, 2, 6), (third[0], 99, 6)], keys=[second]))
    assert JournalStore(empty, key=KEY).find_key(actor_id("a"), "k") is not None
    empty.attests = None

    empty.write(Writes(forgotten=[(*first, first[0] + 1)], keys=[(5, first[1])]))

    with pytest.raises(StoreDamaged, match="rows of idempotency keys are not what was written"):
        JournalStore(empty, key=KEY).find_key(actor_id("new"), "k")
