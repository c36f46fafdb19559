"""A store that fails when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime import errors
from runtime.config import RuntimeConfig
from runtime.ids import ActorId
from runtime.records import Snapshot
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.engine.actors import Counter

KEY = bytes(range(32))


class Unreadable:
    """A store whose reads of single actors and keys fail as they are told to."""

    def __init__(self) -> None:
        self._inner = open_store("memory://", key=KEY)
        self.fails_with: Exception | None = None

    def load(self, actor: ActorId) -> Snapshot | None:
        if self.fails_with is not None:
            raise self.fails_with
        return self._inner.load(actor)

    def find_key(self, actor: ActorId, key: str) -> Any:
        if self.fails_with is not None:
            raise self.fails_with
        return self._inner.find_key(actor, key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.fixture
def store() -> Unreadable:
    return Unreadable()


@pytest.fixture
def system(store: Unreadable) -> Iterator[EmbeddedSystem]:
    embedded = EmbeddedSystem(RuntimeConfig(system="test", timeout_s=120), store)  # type: ignore[arg-type]
    embedded.deploy(Counter)
    yield embedded
    embedded.close()


@pytest.mark.parametrize("error", [errors.StoreUnavailable("the disk is away"), OSError("odd"), RuntimeError("odd")])
def test_caller_is_told_that_the_actor_could_not_be_read(
    system: EmbeddedSystem, store: Unreadable, error: Exception
) -> None:
    store.fails_with = error
    with pytest.raises(errors.SpawnError, match=r"disk is away|odd"):
        system.invoke("counter", "look")

    store.fails_with = None
    assert system.invoke("counter", "look") == 0


def test_caller_is_told_that_a_key_could_not_be_looked_up(system: EmbeddedSystem, store: Unreadable) -> None:
    system.invoke("counter", "look")
    store.fails_with = errors.StoreUnavailable("the disk is away")

    with pytest.raises(errors.StoreUnavailable, match="disk is away"):
        system.invoke("counter", "add", {"value": 1}, key="k")

    store.fails_with = None
    assert system.invoke("counter", "add", {"value": 1}, key="k") == {"total": 1}
