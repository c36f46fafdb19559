"""The embedded system as its users see it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import runtime
from runtime import Actor, Context, action, errors
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.drivers.steps import wait_until

KEY = bytes(range(32))


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


class Blocking(Actor, name="blocking"):
    @action
    async def wrong(self, ctx: Context) -> None:
        ctx.call("counter", "add", {"value": 1})

    @action
    def also_wrong(self, ctx: Context) -> None:
        ctx.invoke("counter", "add", {"value": 1})


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with runtime.embedded(system="test", key=KEY) as embedded:
        embedded.deploy(Counter)
        yield embedded


def test_history_goes_on_from_a_restored_revision(system: EmbeddedSystem) -> None:
    for value in (1, 2, 4):
        system.invoke("counter", "add", {"value": value})

    assert system.restore("counter", 1) == 4

    assert system.state("counter") == {"total": 1}
    assert system.invoke("counter", "add", {"value": 10}) == 11
    assert system.state("counter", revision=3) == {"total": 7}


def test_restored_state_is_not_pinned(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with runtime.embedded(store=url, key=KEY) as first:
        first.deploy(Counter)
        for value in (1, 2):
            first.invoke("counter", "add", {"value": value})
        first.restore("counter", 1)
        first.invoke("counter", "add", {"value": 10})

    with runtime.embedded(store=url, key=KEY) as second:
        second.deploy(Counter)

        assert second.invoke("counter", "add", {"value": 0}) == 11


def test_unknown_revision_is_named(system: EmbeddedSystem) -> None:
    system.invoke("counter", "add", {"value": 1})

    with pytest.raises(errors.UnknownActor, match="counter at revision 9"):
        system.state("counter", revision=9)
    with pytest.raises(errors.UnknownActor, match="counter at revision 9"):
        system.restore("counter", 9)


def test_state_of_an_actor_without_a_turn_is_its_default(system: EmbeddedSystem) -> None:
    assert system.state("counter") == {"total": 0}


def test_waiting_call_in_a_coroutine_action_shows_the_right_one(system: EmbeddedSystem) -> None:
    system.deploy(Blocking)

    with pytest.raises(errors.WouldBlock, match=r"await ctx\.invoke\('counter', 'add'"):
        system.invoke("blocking", "wrong")
    with pytest.raises(errors.WouldBlock, match=r"ctx\.call\('counter', 'add'"):
        system.invoke("blocking", "also_wrong")


def test_system_call_inside_an_action_means_the_turns_own(system: EmbeddedSystem) -> None:
    class Inside(Actor, name="inside"):
        @action
        def go(self) -> int:
            return int(system.invoke("counter", "add", {"value": 3}))

    system.deploy(Inside)

    assert system.invoke("inside", "go") == 3
    system.flush()
    turns = [turn for batch in system.turns() for turn in batch]
    assert [(turn.action, turn.caller and turn.caller.name) for turn in turns] == [("add", "inside"), ("go", None)]


def test_coroutines_get_their_own_answers(system: EmbeddedSystem) -> None:
    async def many() -> list[int]:
        return await asyncio.gather(*(system.ainvoke("counter", "add", {"value": 1}) for _ in range(100)))

    assert sorted(asyncio.run(many())) == list(range(1, 101))


def test_call_that_takes_too_long_says_so_and_still_counts(system: EmbeddedSystem) -> None:
    release = threading.Event()

    class Slow(Actor, name="slow"):
        done: int = 0

        @action
        def work(self) -> int:
            release.wait(120)
            self.done += 1
            return self.done

    system.deploy(Slow)

    with pytest.raises(errors.InvocationTimeout, match=r"within 0\.01 s"):
        system.invoke("slow", "work", timeout=0.01)
    release.set()
    assert system.invoke("slow", "work") == 2


def test_redeploy_reports_and_asks_to_confirm(system: EmbeddedSystem) -> None:
    class Renamed(Actor, name="counter"):
        sum: int = 0

        @action
        def add(self, value: int, note: str = "") -> int:
            self.sum += value
            return self.sum

    system.invoke("counter", "add", {"value": 5})

    report = system.deploy(Renamed)

    assert report.changed_actions == ("add(value: int) -> add(value: int, note: str = '')",)
    assert [(f.name, f.change) for f in report.fields] == [("sum", "added"), ("total", "dropped")]
    assert (report.dropped_fields, report.revision) == (("total",), 1)
    assert system.confirm_dropped("counter") == ("total",)


def test_redeploy_of_the_same_code_changes_nothing(system: EmbeddedSystem) -> None:
    assert system.deploy(Counter).changed is False


def test_definition_that_does_not_fit_the_state_leaves_the_old_one_running(system: EmbeddedSystem) -> None:
    class Worded(Actor, name="counter"):
        total: list[str] = []

        @action
        def add(self, value: int) -> int:
            return 0

    system.invoke("counter", "add", {"value": 5})

    with pytest.raises(errors.DefinitionError, match="was not deployed"):
        system.deploy(Worded)

    assert system.invoke("counter", "add", {"value": 1}) == 6


def test_joined_systems_call_each_other_and_share_nothing_else(system: EmbeddedSystem) -> None:
    class Asker(Actor, name="asker"):
        @action
        async def ask(self, ctx: Context) -> int:
            return int(await ctx.invoke("counter", "add", {"value": 5}, system="test"))

        @action
        def tell(self, ctx: Context) -> None:
            ctx.tell("counter", "add", {"value": 10}, system="test")

    with runtime.embedded(system="other", key=KEY) as other:
        other.deploy(Asker)
        other.deploy(Counter)
        other.join(system)

        assert other.invoke("asker", "ask") == 5
        other.invoke("asker", "tell")
        assert other.invoke("counter", "get", system="test") == {"total": 15}
        assert other.state("counter") == {"total": 0}


def test_system_that_is_not_here_is_named(system: EmbeddedSystem) -> None:
    with pytest.raises(errors.NotCapable, match=r"Cannot invoke counter on tset: it is not here\. Did you mean test"):
        system.invoke("counter", "add", {"value": 1}, system="tset")


def test_reserved_metadata_bounds_the_wait(system: EmbeddedSystem) -> None:
    release = threading.Event()

    class Stuck(Actor, name="stuck"):
        @action
        def work(self) -> bool:
            return release.wait(120)

    system.deploy(Stuck)
    try:
        with pytest.raises(errors.InvocationTimeout, match=r"within 0\.02 s"):
            system.invoke("stuck", "work", metadata={"request-timeout": "20"})
    finally:
        release.set()


def test_revision_that_is_not_kept_is_told_with_the_oldest_that_is() -> None:
    with runtime.embedded(store="memory://", key=KEY, keep_revisions=2, checkpoint_interval_ms=50) as system:
        system.deploy(Counter)
        for _ in range(6_000):
            system.invoke("counter", "add", {"value": 1}, asynchronous=True)
        system.flush()
        wait_until(lambda: system.store.retention_mark().changes, "the store removed nothing")

        with pytest.raises(errors.UnknownRevision, match="the oldest revision that is kept is") as caught:
            system.state("counter", revision=1)

        assert caught.value.oldest is not None
        assert system.state("counter", revision=caught.value.oldest) == {"total": caught.value.oldest}


class Moody(Actor, name="moody", deactivate_timeout="20ms"):
    @action
    def act(self, fails: bool) -> None:
        if fails:
            raise ValueError("not today")

    def helper(self) -> None:
        pass


class Child(Actor, name="child", kind="unnamed"):
    @action
    def act(self) -> None:
        pass


def test_counts_of_turns_and_failures_outlive_an_idle_deactivation(system: EmbeddedSystem) -> None:
    system.deploy(Moody)
    system.invoke("moody", "act", {"fails": False})
    with pytest.raises(errors.ActionFailed):
        system.invoke("moody", "act", {"fails": True})
    wait_until(lambda: system.info("moody").phase == "passive", "the idle actor leaves memory")

    passive = system.info("moody")
    system.invoke("moody", "act", {"fails": False})

    assert (passive.turns, passive.failures) == (2, 1)
    assert (system.info("moody").turns, system.info("moody").failures) == (3, 1)


def test_held_actor_with_waiting_messages_is_held_and_not_ready(system: EmbeddedSystem) -> None:
    system.debugger.hold("counter")
    system.invoke("counter", "add", {"value": 1}, asynchronous=True)
    wait_until(lambda: system.info("counter").phase != "loading", "the message arrives")

    assert (system.info("counter").phase, system.info("counter").waiting) == ("held", 1)
    system.debugger.release("counter")
    wait_until(lambda: system.info("counter").phase == "ready", "the released actor works its mailbox off")


def test_plain_method_called_as_an_action_is_named_as_such(system: EmbeddedSystem) -> None:
    system.deploy(Moody)

    with pytest.raises(errors.UnknownAction, match="has a method of that name, which is no action: write @action"):
        system.invoke("moody", "helper")


def test_unknown_name_is_told_how_a_child_is_made(system: EmbeddedSystem) -> None:
    system.deploy(Child)

    with pytest.raises(errors.UnknownActor) as caught:
        system.invoke("child-1", "act")

    assert "parent='child', or --parent child" in str(caught.value)
    assert "Did you mean child?" not in str(caught.value)
