"""Whatever is committed, sealed, removed and lost in crashes: what is left is a past without holes, and enough of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.records import Turn
from runtime.stores.base import Group, Limits, Retention
from runtime.stores.journal import idempotency, retention, snapshots, writer
from runtime.stores.journal import retention as merging
from runtime.stores.journal import retention as passes
from runtime.stores.journal.columns import sealed_columns
from runtime.stores.journal.deltas import LARGE_BYTES
from runtime.testing.retention_checks import assert_suffixes, columns_of, promised, rows_of, seal_all
from runtime.testing.statestore_checks import Stores
from runtime.testing.turns import TurnHistory, actor_id, alike
from tests.runtime.stores.conftest import MemoryStores, SqliteStores

LARGE = b"".join(b"%06d" % index for index in range(LARGE_BYTES // 6 + 10))

name = st.sampled_from(("a", "b", "c"))
change = st.tuples(st.sampled_from(("small", "large", "large", "tags", "nothing", "failure")), name)
limits = st.builds(
    Limits,
    revisions=st.none() | st.integers(0, 4),
    invocations=st.none() | st.integers(0, 6),
    age_us=st.none() | st.integers(0, 60),
)
policies = st.builds(
    Retention,
    every=limits,
    of=st.dictionaries(st.sampled_from(("a", "b")), limits, max_size=1),
    turns=st.none() | st.integers(0, 15),
)
operation = st.one_of(
    st.tuples(st.just("commit"), st.lists(change, min_size=1, max_size=8)),
    st.tuples(st.just("commit"), st.lists(change, min_size=1, max_size=8)),
    st.tuples(st.just("retain"), st.tuples(policies, st.integers(1, 12))),
    st.tuples(st.just("seal"), st.integers(1, 5)),
    st.just(("checkpoint", None)),
    st.just(("crash", None)),
)


@pytest.fixture(autouse=True, scope="module")
def small_sizes() -> Iterator[None]:
    """What takes thousands of turns at work takes a few here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "MERGED_TURNS", 8)
        patch.setattr(merging, "_SMALL_TURNS", 4)
        patch.setattr(snapshots, "MOST_ACTORS", 4)
        patch.setattr(snapshots, "MOST_KEYS", 3)
        patch.setattr(idempotency, "_PAGE", 2)
        patch.setattr(idempotency, "_FIRST_PAGES", 1)
        patch.setattr(writer, "_CHUNK_ACTORS", 2)
        patch.setattr(sealed_columns, "SEALED_TURNS", 5)
        patch.setattr(sealed_columns, "FEWEST_TURNS", 2)
        patch.setattr(sealed_columns, "_STEP_TURNS", 2)
        patch.setattr(retention, "FEWEST_NEW", 1)
        patch.setattr(passes, "MOST_ACTORS", 1)
        patch.setattr(passes, "_PAGE_HEADS", 2)
        patch.setattr(passes, "_STEP_ROWS", 3)
        yield


class Model:
    """Drives a store and a `TurnHistory` side by side."""

    def __init__(self, stores: Stores) -> None:
        self.stores, self.store, self.past = stores, stores.open(), TurnHistory()
        self.promised: set[int] = set()
        """Turns that no retention so far allowed to go."""

    def commit(self, changes: list[tuple[str, str]]) -> None:
        turns = tuple(self._turn(kind, name) for kind, name in changes)
        self.store.commit(Group(turns=turns))
        self.promised.update(turn.sequence for turn in turns)

    def retain(self, what: tuple[Retention, int]) -> None:
        policy, steps = what
        now_us = self.past.turns[-1].finished_us if self.past.turns else 0
        self.promised &= promised(self.past, policy, now_us)
        for _ in range(steps):
            self.store.retain(policy, now_us)

    def seal(self, steps: int) -> None:
        for _ in range(steps):
            self.store.seal()

    def checkpoint(self, _: None) -> None:
        self.store.checkpoint()

    def crash(self, _: None) -> None:
        self.stores.crash(self.store)
        self.store = self.stores.open()

    def check(self) -> None:
        left = assert_suffixes(self.store, self.past)
        sequences = {turn.sequence for turn in left}
        assert self.promised <= sequences
        assert self.store.retention_mark().gone < (left[0].sequence if left else len(self.past.turns) + 1)
        assert columns_of(self.store) == rows_of(left)
        for turn in self.past.turns:
            if turn.key and not turn.failure:
                found = self.store.find_key(turn.actor, turn.key)
                assert found == (turn if turn.sequence in sequences else None), turn.sequence
        for turn in left:
            if turn.state is not None:
                then = self.past.at(turn.actor.name, turn.revision)
                assert alike(self.store.state_at(turn.actor, turn.revision), then), turn.sequence

    def _turn(self, kind: str, name: str) -> Turn:
        sequence = len(self.past.turns) + 1
        states = {"small": b"%d" % sequence, "large": b"%d" % sequence + LARGE[sequence % 7 :]}
        return self.past.turn(
            name,
            states.get(kind),
            tags={"at": str(sequence)} if kind == "tags" else None,
            fails=kind == "failure",
            key=f"k{sequence}" if sequence % 2 else "",
        )


def _run(stores: Stores, operations: list[tuple[str, object]]) -> None:
    model = Model(stores)
    for kind, what in operations:
        getattr(model, kind)(what)
    model.check()
    seal_all(model.store)
    model.check()
    model.crash(None)
    model.check()
    model.store.close()


@given(st.lists(operation, max_size=40))
@settings(max_examples=250, deadline=None)
def test_what_memory_has_left_is_whole(operations: list[tuple[str, object]]) -> None:
    _run(MemoryStores(), operations)


@given(st.lists(operation, max_size=20))
@settings(max_examples=30, deadline=None)
def test_what_sqlite_has_left_is_whole(operations: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        _run(SqliteStores(Path(directory)), operations)


def test_the_model_would_notice_a_turn_that_went_too_early() -> None:
    model = Model(MemoryStores())
    model.commit([("small", "a")] * 12)
    while model.store.checkpoint():
        pass
    while model.store.retain(Retention(turns=3), 0):
        pass

    with pytest.raises(AssertionError):
        model.check()
    assert model.store.load(actor_id("a")) is not None
