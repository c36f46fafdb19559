"""Actors that follow others, through the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import runtime
from runtime import Actor, Context, action, errors
from runtime.local import EmbeddedSystem

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
    deadline = time.monotonic() + 10
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, f"not within 10 s: {what} is {expected}; it is {seen}"
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
