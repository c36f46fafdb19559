"""What `info` tells of the store beside memory: the revision that a kill now would go back to, and what happens next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import runtime
from runtime import Actor, action
from runtime.errors import StoreUnavailable
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.drivers.steps import wait_until

KEY = bytes(range(32))


class Journaled(Actor, name="journaled"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


class Saved(Journaled, name="saved", durability="snapshot", snapshot_timeout="1h", deactivate_timeout="2h"):
    pass


class Hasty(Journaled, name="hasty", durability="snapshot", snapshot_timeout="10ms"):
    pass


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with runtime.embedded(system="test", key=KEY) as embedded:
        for actor in (Journaled, Saved, Hasty):
            embedded.deploy(actor)
        yield embedded


def test_memory_is_ahead_of_a_snapshot_that_is_not_due(system: EmbeddedSystem) -> None:
    system.invoke("saved", "add", {"value": 1})

    info = system.info("saved")

    assert (info.durability, info.revision, info.stored_revision, info.stored_us) == ("snapshot", 1, 0, 0)
    assert info.snapshot_due_us == info.last_turn_us + 3_600_000_000
    assert info.deactivation_due_us == info.last_turn_us + 7_200_000_000
    assert info.state_bytes == len(b'{"total":1}')


def test_a_written_snapshot_is_as_far_as_memory(system: EmbeddedSystem) -> None:
    system.invoke("hasty", "add", {"value": 1})

    wait_until(lambda: system.info("hasty").stored_revision == 1, "the snapshot was written")

    info = system.info("hasty")
    assert (info.snapshot_due_us, info.stored_status, info.stored_bytes) == (0, "ACTIVATED", info.state_bytes)
    assert info.stored_us >= info.last_turn_us


def test_a_journal_stores_each_turn_and_has_no_snapshot_due(system: EmbeddedSystem) -> None:
    system.invoke("journaled", "add", {"value": 1})
    system.flush()

    info = system.info("journaled")

    assert (info.durability, info.stored_revision, info.snapshot_due_us) == ("journal", 1, 0)


def test_an_actor_that_left_memory_is_as_it_is_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with runtime.embedded(store=url, key=KEY) as first:
        first.deploy(Saved)
        first.invoke("saved", "add", {"value": 1})

    with runtime.embedded(store=url, key=KEY) as second:
        info = second.info("saved")

        assert (info.phase, info.revision, info.stored_revision) == ("passive", 1, 1)
        assert info.deactivation_due_us == 0


def test_a_store_that_cannot_be_read_leaves_the_stored_facts_out(
    system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.invoke("journaled", "add", {"value": 1})
    system.flush()

    def refuse(*_: object) -> None:
        raise StoreUnavailable("The store cannot be read.")

    monkeypatch.setattr(system.store, "load", refuse)

    info = system.info("journaled")

    assert (info.revision, info.stored_revision, info.stored_us) == (1, 0, 0)
