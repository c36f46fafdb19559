"""A block from which every turn was taken says where the numbering is, and stands in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.security.crypto import Cipher
from runtime.stores.base import Group, Limits, Retention, flatten
from runtime.stores.journal.backend import Writes
from runtime.stores.journal.blocks import BlockCodec
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.conftest import KEY

ALL_GO = Retention(every=Limits(age_us=0))
NOW_US = 2**60


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def store(backend: MemoryBackend) -> Iterator[JournalStore]:
    store = JournalStore(backend, key=KEY)
    yield store
    store.close()


def commit(store: JournalStore, past: TurnHistory, turns: int) -> None:
    store.commit(Group(turns=[past.turn("a", b"%d" % n) for n in range(turns)]))
    while store.checkpoint():
        pass


def retain(store: JournalStore, retention: Retention) -> list[int]:
    """The sequences of what is left."""
    for _ in range(100):
        if not store.retain(retention, NOW_US):
            return [turn.sequence for turn in flatten(store.turns())]
    raise AssertionError("retention found something to do 100 times")


def test_cuts_go_on_after_the_last_block_was_emptied(store: JournalStore) -> None:
    past = TurnHistory()
    commit(store, past, 3)
    assert retain(store, ALL_GO) == []
    commit(store, past, 3)

    assert retain(store, ALL_GO) == []
    assert store.head() == 6
    assert store.retention_mark().gone == 6


def test_cuts_pass_over_an_emptied_first_block(store: JournalStore, backend: MemoryBackend) -> None:
    past = TurnHistory()
    for _ in range(4):
        commit(store, past, 2)
    [first] = backend.blocks(0, 1)
    backend.write(Writes(merged=BlockCodec(Cipher(KEY), store.url).empty(first.first, first.last)))

    assert retain(store, Retention(turns=2)) == [7, 8]
    assert store.retention_mark().gone == 6


def test_removed_turn_is_not_found_although_it_was_read_before(store: JournalStore) -> None:
    past = TurnHistory()
    for _ in range(4):
        commit(store, past, 2)
    before = [store.state_at(actor_id("a"), revision) is not None for revision in (1, 4, 8)]

    retain(store, Retention(turns=2))

    after = [store.state_at(actor_id("a"), revision) is not None for revision in (1, 4, 8)]
    assert (before, after) == ([True] * 3, [False, False, True])
