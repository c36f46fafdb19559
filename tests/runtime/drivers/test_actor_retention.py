"""What is kept of actors whose classes say it themselves."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

import runtime
from runtime import Actor, action, errors
from runtime.authoring.definition import define
from runtime.drivers.recorder import Housekeeping, with_definitions
from runtime.records import StoredDefinition
from runtime.stores.base import Group, Limits, Retention, flatten
from runtime.stores.registry import open_store
from runtime.system.redeploy import stored as stored_definition
from runtime.testing.turns import TurnHistory

KEY = bytes(range(32))
DAY_US = 86_400_000_000


def stored(name: str, at_us: int = 1, **settings: object) -> StoredDefinition:
    return StoredDefinition(
        hash=f"{name}-{at_us}", name=name, source="", settings=settings, fields={}, actions={}, deployed_us=at_us
    )


def test_definition_has_the_say_over_its_own_actors() -> None:
    general = Retention(every=Limits(revisions=100, age_us=DAY_US), turns=5_000)

    wanted = with_definitions(
        general, [stored("brief", keep_revisions=10), stored("plain"), stored("old", keep_days="all")]
    )

    assert wanted == Retention(
        every=general.every,
        of={"brief": Limits(revisions=10, age_us=DAY_US), "old": Limits(revisions=100)},
        turns=5_000,
    )


def test_last_definition_of_a_name_counts() -> None:
    wanted = with_definitions(Retention(), [stored("brief", keep_revisions=10), stored("brief", 2)])

    assert wanted == Retention()


class Brief(Actor, name="brief", keep_invocations=5):
    total: int = 0

    @action
    def add(self) -> int:
        self.total += 1
        return self.total


class Long(Brief, name="long", keep_invocations="all"):
    pass


def test_class_keeps_less_or_more_than_the_runtime_says() -> None:
    past, told = TurnHistory(), list[str]()
    with closing(open_store("memory://", key=KEY)) as store:
        for definition in (define(Brief), define(Long)):
            store.save_definition(stored_definition(definition, 1))
        for _ in range(50):
            store.commit(Group(turns=past.batch(100, "brief", "long")))
        while store.checkpoint():
            pass
        housekeeping = Housekeeping(store, Retention(every=Limits(invocations=50)), lambda: 0, told.append)

        while housekeeping.has_more:
            housekeeping.step()

        names = Counter(turn.actor.name for turn in flatten(store.turns()))
    assert names == {"brief": 5, "long": 2_500}
    assert told == []


def test_what_a_class_keeps_outlives_a_restart_without_its_code(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with runtime.embedded(store=url, key=KEY) as system:
        system.deploy(Long)

    with runtime.embedded(store=url, key=KEY, keep_invocations=50) as system:
        assert with_definitions(Retention(every=Limits(invocations=50)), system.store.definitions()).of == {
            "long": Limits()
        }


@pytest.mark.parametrize("value", [0, -1, True, "none", 1.5])
def test_limit_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(errors.DefinitionError, match='expected a number, 1 or more, or "all"'):
        define(Brief, keep_revisions=value)
