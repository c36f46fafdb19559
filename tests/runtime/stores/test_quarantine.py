"""A store with turns that do not decode: they are quarantined one by one, and everything else reads.

`data/poisoned.db` was written by a version that could not open it again (`make_poisoned.py`).
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.config import RuntimeConfig
from runtime.errors import StoreDamaged, WrongKey
from runtime.ids import ActorId
from runtime.records import Snapshot
from runtime.stores.base import Retention, flatten
from runtime.stores.journal.store import JournalStore
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.stores.make_poisoned import DATA, Good, Mended, Odd, Tagged

KEY = base64.b64decode((DATA / "poisoned.key").read_bytes().strip())
POISONED = [3, 4, 5, 6, 9, 10, 11, 13]
"""Turns of the file that do not decode."""
ONLY_BEGUN = [5, 6]
"""Of these, those in which only the tags that the actor had before do not."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(DATA / "poisoned.db", tmp_path))


@pytest.fixture
def store(path: Path) -> Iterator[JournalStore]:
    store = open_store(f"sqlite:///{path}", key=KEY)
    assert isinstance(store, JournalStore)
    yield store
    store.close()


def loaded(store: JournalStore, name: str) -> Snapshot:
    found = store.load(ActorId("test", name))
    assert found is not None
    return found


def total(snapshot: Snapshot) -> bytes:
    assert snapshot.state is not None
    return snapshot.state.value.data


def test_every_turn_is_given_and_the_poisoned_ones_as_failures(store: JournalStore) -> None:
    turns = list(flatten(store.turns()))

    assert [turn.sequence for turn in turns] == list(range(1, 15))
    quarantined = [t.sequence for t in turns if t.failure is not None]
    assert quarantined == [each for each in POISONED if each not in ONLY_BEGUN]
    assert all(t.failure is None or t.failure.code == "turn_quarantined" for t in turns)


def test_findings_name_sequence_actor_and_what_is_wrong(store: JournalStore) -> None:
    list(store.turns())

    found = [each for each in store.quarantined() if each.what == "turn"]
    assert [each.sequence for each in found] == POISONED
    assert found[0].actor == ActorId("test", "tagged")
    assert found[0].why == "tags_after cannot be kept (Expected `str`, got `int` - at `$[...]`)"
    assert "workflow" in found[5].why


def test_actors_come_back_with_the_last_state_that_decodes(store: JournalStore) -> None:
    assert total(loaded(store, "good")) == b'{"total":6}'
    assert total(loaded(store, "odd")) == b'{"total":12}'
    tagged, mended = loaded(store, "tagged"), loaded(store, "mended")
    assert (tagged.revision, total(tagged), tagged.tags) == (2, b'{"total":3}', {"mood": "good"})
    assert (mended.revision, total(mended), mended.tags) == (5, b'{"total":7}', {"mood": "good"})


def test_row_with_tags_that_do_not_decode_is_said(store: JournalStore) -> None:
    loaded(store, "tagged")

    assert [str(each) for each in store.quarantined() if each.what == "state"] == [
        "state of tagged: some of its tags cannot be kept (Expected `str`, got `int` - at `$[...]`)"
    ]


def test_used_key_of_a_poisoned_turn_stays_used(store: JournalStore) -> None:
    for name, key, sequence in [("tagged", "tagged-1", 3), ("mended", "mended-1", 13), ("odd", "odd-1", 12)]:
        turn = store.find_key(ActorId("test", name), key)
        assert turn is not None
        assert turn.sequence == sequence


def test_past_states_are_found_through_poisoned_turns(store: JournalStore) -> None:
    found = [store.state_at(ActorId("test", "mended"), revision) for revision in (1, 2, 4, 5)]

    assert [total(each) for each in found if each is not None] == [
        b'{"total":1}',
        b'{"total":2}',
        b'{"total":3}',
        b'{"total":7}',
    ]


def test_columns_for_sql_have_every_turn(store: JournalStore) -> None:
    batches = list(store.history_batches())

    codes = {row["sequence"]: row["error_code"] for batch in batches for row in batch.to_pylist()}
    assert codes[3] == "turn_quarantined"
    assert codes[14] is None
    assert len(codes) == 14


def test_system_on_a_poisoned_store_goes_on_and_says_what_is_wrong(path: Path) -> None:
    with EmbeddedSystem(RuntimeConfig(system="test"), open_store(f"sqlite:///{path}", key=KEY)) as system:
        for actor in (Good, Tagged, Mended, Odd):
            system.deploy(actor)

        totals = [system.invoke(name, "add", {"value": 1}) for name in ("good", "tagged", "mended", "odd")]
        problems = system.status().problems

    assert totals == [7, 4, 8, 13]
    assert len(problems) == 1
    assert f"python -m runtime check sqlite:///{path}" in problems[0]
    store = open_store(f"sqlite:///{path}", key=KEY)
    assert [turn.failure for turn in flatten(store.turns(after=14))] == [None] * 4
    store.close()


def test_authentication_stays_an_error_of_its_own(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE blocks SET data = CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB) WHERE first = 8"
        )
    connection.close()

    with pytest.raises(StoreDamaged, match="authentication tag"):
        open_store(f"sqlite:///{path}", key=KEY)
    with pytest.raises(WrongKey):
        open_store(f"sqlite:///{path}", key=bytes(32))


def test_past_with_poisoned_turns_is_thinned_like_any_other(store: JournalStore) -> None:
    while store.checkpoint():
        pass
    while store.retain(Retention(turns=2), 0):
        pass

    assert [turn.sequence for turn in flatten(store.turns())] == [13, 14]
    assert total(loaded(store, "tagged")) == b'{"total":3}'
