"""Any sequence of commits, checkpoints and crashes gives what a plain model of dicts gives."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.ids import ActorId
from runtime.records import Snapshot, Turn
from runtime.stores.base import Group, StateStore, flatten
from runtime.stores.journal import idempotency, retention, snapshots, writer
from runtime.stores.journal.deltas import LARGE_BYTES
from runtime.stores.journal.encryption import Identity
from runtime.testing.statestore_checks import Stores
from runtime.testing.turns import TurnHistory, alike
from tests.runtime.stores.conftest import MemoryStores, SqliteStores

NAMES = ("a", "b", "ä")
LARGE = b"".join(b"%06d" % index for index in range(LARGE_BYTES // 6 + 10))

name = st.sampled_from(NAMES)
change = st.one_of(
    st.tuples(st.just("small"), name),
    st.tuples(st.just("large"), name),
    st.tuples(st.just("tags"), name),
    st.tuples(st.just("nothing"), name),
    st.tuples(st.just("failure"), name),
)
operation = st.one_of(
    st.tuples(st.just("commit"), st.lists(change, min_size=1, max_size=4)),
    st.tuples(st.just("snapshot"), name),
    st.tuples(st.just("deactivate"), name),
    st.just(("checkpoint", None)),
    st.just(("crash", None)),
)


class Model:
    """Drives a store and a `TurnHistory` side by side."""

    def __init__(self, stores: Stores) -> None:
        self.stores, self.store, self.past = stores, stores.open(), TurnHistory()
        self.keys: dict[tuple[ActorId, str], Turn] = {}

    def do(self, kind: str, what: object) -> None:
        getattr(self, kind)(what)

    def commit(self, changes: list[tuple[str, str]]) -> None:
        self.store.commit(Group(turns=tuple(self._turn(kind, name) for kind, name in changes)))

    def snapshot(self, name: str) -> None:
        self.store.commit(Group(snapshots=(self.past.snapshot(name, b"unjournaled"),)))

    def deactivate(self, name: str) -> None:
        actor = ActorId("checks", name)
        if known := self.past.actors.get(actor):
            gone = msgspec.structs.replace(known, status="DEACTIVATED")
            self.store.commit(Group(snapshots=(gone,)))

    def checkpoint(self, _: None) -> None:
        self.store.checkpoint()

    def crash(self, _: None) -> None:
        self.stores.crash(self.store)
        self.store = self.stores.open()

    def check(self) -> None:
        assert list(flatten(self.store.turns())) == self.past.turns
        for actor, expected in self.past.actors.items():
            assert alike(_activated(self.store.load(actor)), expected)
            assert list(flatten(self.store.turns(actor=actor))) == [t for t in self.past.turns if t.actor == actor]
        for (actor, key), turn in self.keys.items():
            assert self.store.find_key(actor, key) == turn
        assert self.store.find_key(ActorId("checks", "a"), "unused") is None
        self._check_revisions(self.store)

    def _check_revisions(self, store: StateStore) -> None:
        for actor, current in self.past.actors.items():
            for revision in range(1, current.revision):
                assert alike(store.state_at(actor, revision), self.past.at(actor.name, revision)), revision

    def _turn(self, kind: str, name: str) -> Turn:
        sequence = len(self.past.turns) + 1
        key = f"k{sequence % 5}" if sequence % 2 else ""
        states = {"small": b"%d" % sequence, "large": b"%d" % sequence + LARGE[sequence % 7 :]}
        turn = self.past.turn(
            name,
            states.get(kind),
            tags={"at": str(sequence)} if kind == "tags" else None,
            fails=kind == "failure",
            key=key,
        )
        if key and not turn.failure:
            self.keys.setdefault((turn.actor, key), turn)
        return turn


def _activated(snapshot: Snapshot | None) -> Snapshot | None:
    return snapshot and msgspec.structs.replace(snapshot, status="ACTIVATED")


def _run(stores: Stores, operations: list[tuple[str, object]]) -> None:
    model = Model(stores)
    for kind, what in operations:
        model.do(kind, what)
    model.check()
    model.crash(None)
    model.check()
    model.store.close()


@given(st.lists(operation, max_size=25))
@settings(max_examples=150, deadline=None)
def test_memory_store_equals_the_model(operations: list[tuple[str, object]]) -> None:
    _run(MemoryStores(), operations)


@given(st.lists(operation, max_size=15))
@settings(max_examples=40, deadline=None)
def test_sqlite_store_equals_the_model(operations: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        _run(SqliteStores(Path(directory)), operations)


@pytest.mark.parametrize(("entries", "turns", "actors", "merged"), [(1, 1, 1, 8), (4, 10, 2, 16), (10_000, 3, 1, 5)])
@given(operations=st.lists(operation, max_size=25))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_store_equals_the_model_when_checkpoints_lag_and_blocks_merge(
    monkeypatch: pytest.MonkeyPatch,
    entries: int,
    turns: int,
    actors: int,
    merged: int,
    operations: list[tuple[str, object]],
) -> None:
    monkeypatch.setattr(snapshots, "MOST_ACTORS", entries)
    monkeypatch.setattr(snapshots, "MOST_KEYS", entries)
    monkeypatch.setattr(idempotency, "_PAGE", entries)
    monkeypatch.setattr(idempotency, "_FIRST_PAGES", 1)
    monkeypatch.setattr(writer, "_MOST_TURNS", turns)
    monkeypatch.setattr(writer, "_CHUNK_ACTORS", actors)
    monkeypatch.setattr(retention, "MERGED_TURNS", merged)
    monkeypatch.setattr(retention, "_SMALL_TURNS", merged // 2)

    _run(MemoryStores(), operations)


@given(st.lists(operation, max_size=25))
@settings(max_examples=50, deadline=None)
def test_store_equals_the_model_when_key_hashes_collide(operations: list[tuple[str, object]]) -> None:
    real: Callable[[Identity, ActorId, str], int] = Identity.key_hash
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Identity, "key_hash", lambda self, actor, key: real(self, actor, key) % 3 + 2**63 - 4)

        _run(MemoryStores(), operations)
