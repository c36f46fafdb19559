from pathlib import Path

import pytest

import runtime
from runtime import Actor, Context, action
from runtime.errors import ActionFailed
from tests.workbench.sql.fake_system import rows
from workbench.sql.database import HistoryDatabase


class Counter(Actor, name="counter"):
    total: int = 0
    seen: list[int] = []

    @action
    def add(self, value: int) -> int:
        if value < 0:
            raise ValueError("negative")
        self.total += value
        self.seen.append(value)
        return self.total


class Teller(Actor, name="teller", kind="unnamed"):
    calls: int = 0

    @action
    async def deposit(self, ctx: Context, value: int) -> None:
        self.calls += 1
        await ctx.invoke("counter", "add", {"value": value})


def test_a_query_sees_the_call_before_it() -> None:
    with runtime.embedded(store="memory://") as system:
        system.deploy(Counter)
        history = HistoryDatabase(system)

        for total in (1, 2, 3):
            system.invoke("counter", "add", {"value": 1})

            assert rows(history, "SELECT max(total) FROM history.counter") == [(total,)]


def test_chains_and_failures_of_real_actors_are_told() -> None:
    with runtime.embedded(store="memory://") as system:
        system.deploy(Counter)
        system.deploy(Teller)
        history = HistoryDatabase(system)
        system.invoke("anna", "deposit", {"value": 5}, parent="teller")
        with pytest.raises(ActionFailed):
            system.invoke("counter", "add", {"value": -1})

        chain = rows(
            history,
            "SELECT inner_.actor, inner_.caller, outer_.parent FROM invocations inner_ JOIN invocations outer_ "
            "ON inner_.cause = outer_.id AND inner_.correlation = outer_.correlation",
        )

        assert chain == [("counter", "anna", "teller")]
        assert rows(history, "SELECT actor, calls FROM history.teller") == [("anna", 1)]
        assert rows(history, "SELECT total, seen FROM history.counter") == [(5, [5])]
        assert rows(history, "SELECT actor, type, text FROM failures") == [("counter", "ValueError", "negative")]
        assert rows(history, "SELECT actor, phase, turns FROM actors WHERE actor <> 'teller' ORDER BY actor") == [
            ("anna", "ready", 1), ("counter", "ready", 2),
        ]  # fmt: skip


def test_the_past_of_a_store_is_there_after_a_restart(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/past.db"
    with runtime.embedded(store=store) as system:
        system.deploy(Counter)
        for value in range(10):
            system.invoke("counter", "add", {"value": value})

    with runtime.embedded(store=store) as system:
        history = HistoryDatabase(system)

        assert rows(history, "SELECT total FROM history.counter ORDER BY revision")[-1] == (45,)
        assert rows(history, "SELECT count(*) FROM invocations") == [(10,)]
