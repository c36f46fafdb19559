"""Actors that follow others, through the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import runtime
from runtime import Actor, Context, Pipe, Value, action, errors
from runtime.authoring.definition import define
from runtime.config import RuntimeConfig
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.stores.base import Group, flatten
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem

KEY = bytes(range(32))


class Account(Actor, name="account", kind="unnamed", sourceable=True):
    balance: int = 0

    @action
    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    @action
    def look(self) -> int:
        return self.balance


class Quiet(Account, name="quiet", kind="unnamed", sourceable=False):
    pass


class Ledger(Actor, name="ledger", kind="projection", subjects=[("account", "deposit", "note")]):
    lines: list[str] = []

    @action
    def note(self, ctx: Context, balance: int) -> None:
        assert ctx.caller is not None
        if balance == 13:
            raise ValueError("unlucky")
        self.lines.append(f"{ctx.caller.name}={balance}")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def system(url: str) -> Iterator[EmbeddedSystem]:
    with runtime.embedded(store=url, key=KEY) as embedded:
        embedded.deploy(Account)
        yield embedded


def eventually(what: str, look: Callable[[], Any], expected: Any) -> None:
    deadline = time.monotonic() + 120
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, f"not within 120 s: {what} is {expected}; it is {seen}"
        time.sleep(0.01)


def lines(system: EmbeddedSystem) -> list[str]:
    found: list[str] = system.state("ledger")["lines"]
    return found


def deposit(system: EmbeddedSystem, name: str, *amounts: int) -> None:
    for amount in amounts:
        system.invoke(name, "deposit", {"amount": amount}, parent="account")


def test_projection_follows_all_children_in_the_journals_order(system: EmbeddedSystem) -> None:
    system.deploy(Ledger)

    deposit(system, "ann", 1, 2)
    deposit(system, "bob", 5)
    deposit(system, "ann", 3)

    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=3", "bob=5", "ann=6"])


def test_projection_deployed_late_catches_up(system: EmbeddedSystem) -> None:
    deposit(system, "ann", 1, 2)

    system.deploy(Ledger)
    deposit(system, "ann", 3)

    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=3", "ann=6"])


def test_projection_goes_on_where_it_was_after_a_restart(system: EmbeddedSystem, url: str) -> None:
    system.deploy(Ledger)
    deposit(system, "ann", 1, 2)
    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=3"])
    system.close()

    with runtime.embedded(store=url, key=KEY) as again:
        again.deploy(Account)
        deposit(again, "ann", 3)
        again.deploy(Ledger)

        eventually("the ledger", lambda: lines(again), ["ann=1", "ann=3", "ann=6"])


def test_other_actions_failures_and_silent_sources_are_passed_over(system: EmbeddedSystem) -> None:
    system.deploy(Quiet)
    system.deploy(Ledger)
    system.invoke("carl", "deposit", {"amount": 9}, parent="quiet")
    deposit(system, "ann", 1)
    system.invoke("ann", "look")
    with pytest.raises(errors.BadPayload):
        system.invoke("ann", "deposit", {"amount": "x"})
    deposit(system, "ann", 1)

    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=2"])


def test_event_that_fails_does_not_stop_the_others(system: EmbeddedSystem) -> None:
    system.deploy(Ledger)

    deposit(system, "ann", 1, 12, 1)

    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=14"])


def test_replay_delivers_again_from_a_time_on(system: EmbeddedSystem) -> None:
    system.deploy(Ledger)
    deposit(system, "ann", 1, 2)
    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=3"])

    system.replay_projection("ledger", datetime.now(UTC) - timedelta(hours=1))

    eventually("the ledger", lambda: lines(system), ["ann=1", "ann=3", "ann=1", "ann=3"])


def test_replay_of_what_is_no_projection_is_refused(system: EmbeddedSystem) -> None:
    with pytest.raises(errors.UnknownActor, match="ledgr"):
        system.replay_projection("ledgr", datetime.now(UTC))


def test_start_time_passes_over_what_came_before(system: EmbeddedSystem) -> None:
    deposit(system, "ann", 1)
    system.flush()
    now = datetime.now(UTC)

    class Late(Ledger, name="ledger", kind="projection", subjects=[("account", "deposit", "note", now)]):
        pass

    system.deploy(Late)
    deposit(system, "ann", 2)

    eventually("the ledger", lambda: lines(system), ["ann=3"])


class Broken:
    """A store that cannot be read, or not written, until told otherwise."""

    def __init__(self) -> None:
        self._inner = open_store("memory://", key=KEY)
        self.can_read = self.can_write = True

    def turns(self, **options: Any) -> Iterator[list[Turn]]:
        if not self.can_read:
            raise errors.StoreUnavailable("Cannot read memory://: the disk is gone.")
        return self._inner.turns(**options)

    def commit(self, group: Group) -> None:
        if not self.can_write:
            raise errors.StoreUnavailable("Cannot write to memory://: the disk is full.")
        self._inner.commit(group)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.fixture
def store() -> Broken:
    return Broken()


@pytest.fixture
def shaky(store: Broken) -> Iterator[EmbeddedSystem]:
    with EmbeddedSystem(RuntimeConfig(), store) as embedded:  # type: ignore[arg-type]
        embedded.deploy(Account)
        yield embedded


def balances(up_to: int) -> list[str]:
    return [f"ann={balance}" for balance in range(1, up_to + 1) if balance != 13]


def test_small_mailbox_loses_no_event(system: EmbeddedSystem) -> None:
    class Narrow(Ledger, name="ledger", kind="projection", mailbox=2):
        pass

    deposit(system, "ann", *[1] * 40)
    system.deploy(Narrow)

    eventually("the ledger", lambda: lines(system), balances(40))


def is_refusing(system: EmbeddedSystem) -> bool:
    return bool(system.driver.look(lambda engine, _: engine.store_error))


def test_event_refused_by_a_failing_store_is_sent_again(shaky: EmbeddedSystem, store: Broken) -> None:
    deposit(shaky, "ann", *[1] * 20)
    shaky.flush()
    store.can_write = False
    deposit(shaky, "ann", 1)
    eventually("the system refuses calls", lambda: is_refusing(shaky), True)
    shaky.deploy(Ledger)

    store.can_write = True

    eventually("the ledger", lambda: lines(shaky), balances(21))


def test_journal_that_cannot_be_read_is_read_later(
    shaky: EmbeddedSystem, store: Broken, caplog: pytest.LogCaptureFixture
) -> None:
    shaky.deploy(Ledger)
    store.can_read = False
    deposit(shaky, "ann", 1, 1)
    eventually("the log", lambda: "The projection ledger waits: Cannot read" in caplog.text, True)

    store.can_read = True

    eventually("the ledger", lambda: lines(shaky), balances(2))


def test_projection_goes_on_where_it_was_undeployed(system: EmbeddedSystem) -> None:
    system.deploy(Ledger)
    deposit(system, "ann", 1, 1)
    eventually("the ledger", lambda: lines(system), balances(2))
    system.undeploy("ledger")
    deposit(system, "ann", 1, 1)
    system.flush()

    system.deploy(Ledger)

    eventually("the ledger", lambda: lines(system), balances(4))


def test_stuck_projection_keeps_no_other_waiting(system: EmbeddedSystem) -> None:
    let_go = threading.Event()

    class Stuck(Actor, name="stuck", kind="projection", subjects=[("account", "deposit", "note")]):
        @action
        def note(self, balance: int) -> None:
            let_go.wait(120)

    system.deploy(Stuck)
    system.deploy(Ledger)
    deposit(system, "ann", 1, 1)

    try:
        eventually("the ledger", lambda: lines(system), balances(2))
    finally:
        let_go.set()


def test_turn_that_concerns_two_actions_is_passed_with_the_second(system: EmbeddedSystem) -> None:
    class Twice(
        Ledger, name="ledger", kind="projection", subjects=[("account", "deposit", w) for w in ("note", "also")]
    ):
        @action
        def also(self, balance: int) -> None:
            self.lines.append(f"also {balance}")

    system.deploy(Twice)
    deposit(system, "ann", 1)
    eventually("the ledger", lambda: lines(system), ["ann=1", "also 1"])
    system.flush()

    places = [turn.tags_after for turn in flatten(system.store.turns(actor=ActorId(system.name, "ledger")))]
    assert places == [{"spawn.source": "0"}, {"spawn.source": "1"}]


def test_source_without_a_journal_is_refused(system: EmbeddedSystem) -> None:
    class Loud(Account, name="loud", durability="snapshot"):
        pass

    with pytest.raises(errors.DefinitionError, match="projections read the journal"):
        system.deploy(Loud)


def test_subject_needs_an_action_and_a_projection(system: EmbeddedSystem) -> None:
    class Typo(Ledger, name="typo", kind="projection", subjects=[("account", "deposit", "noet")]):
        pass

    class NoProjection(Ledger, name="plain", kind="named"):
        pass

    with pytest.raises(errors.DefinitionError, match=r"'noet', which it does not have.*note"):
        system.deploy(Typo)
    with pytest.raises(errors.DefinitionError, match="kind='projection'"):
        system.deploy(NoProjection)


def test_only_its_own_events_move_a_projections_place(system: EmbeddedSystem) -> None:
    class Tally(Ledger, name="tally", kind="projection", subjects=[("account", "look", "note")]):
        pass

    class Passing(Actor, name="passing", kind="projection", subjects=[("account", "deposit", "hand_on")]):
        @action
        def hand_on(self, balance: int) -> Value:
            return Value.of({"balance": balance}).pipe(Pipe.to("tally", "note"))

    system.deploy(Tally)
    system.deploy(Passing)
    deposit(system, "ann", 1)
    eventually("the tally", lambda: system.state("tally")["lines"], ["passing=1"])
    system.flush()

    stored = system.store.load(ActorId(system.name, "tally"))
    assert stored is not None
    assert "spawn.source" not in stored.tags


def test_caller_cannot_move_a_projections_place(system: EmbeddedSystem) -> None:
    class Open(Actor, name="open", kind="projection", subjects=[("account", "deposit", "note")]):
        balances: list[int] = []

        @action
        def note(self, balance: int) -> None:
            self.balances.append(balance)

    system.deploy(Open)
    system.invoke("open", "note", {"balance": 0}, metadata={"spawn.source": "999"})
    system.flush()
    stored = system.store.load(ActorId(system.name, "open"))
    assert stored is not None
    assert "spawn.source" not in stored.tags, "the place is the caller's"

    deposit(system, "ann", 1)

    eventually("what it noted", lambda: system.state("open")["balances"], [0, 1])
    system.flush()
    stored = system.store.load(ActorId(system.name, "open"))
    assert stored is not None
    assert stored.tags == {"spawn.source": "2"}


@pytest.mark.parametrize("start", [datetime(2026, 1, 1), "2026-01-01T00:00:00", "yesterday", 1_700_000_000])  # noqa: DTZ001
def test_start_time_that_could_mean_two_moments_is_refused(start: object) -> None:
    with pytest.raises(errors.DefinitionError, match="not usable"):
        define(Ledger, subjects=[("account", "deposit", "note", start)])


def test_start_time_may_be_text() -> None:
    text = "2026-01-01T00:00:00+00:00"

    [subject] = define(Ledger, subjects=[("account", "deposit", "note", text)]).settings.subjects

    assert subject.start_time == datetime(2026, 1, 1, tzinfo=UTC)


def test_threads_of_projections_end_with_the_system(system: EmbeddedSystem) -> None:
    system.deploy(Ledger)
    served = [thread for thread in threading.enumerate() if thread.name.startswith("wb-projection-")]
    assert served, "no projection is served"

    system.close()

    left = [thread for thread in threading.enumerate() if thread.name.startswith("wb-projection-")]
    assert left == []
