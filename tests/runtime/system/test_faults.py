"""Faults on purpose: what they do, that a seed repeats them, and that they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.config import Durability
from runtime.errors import BadSetting, FaultInjected, StoreUnavailable, UnknownActor
from runtime.hosts.in_process import InProcessHost
from runtime.system.debugger import Faults
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.engine.actors import Account, Caller, Counter, Echo
from tests.workbench.kernel_ext.kernel import until


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Counter)
        yield system


def inject(system: EmbeddedSystem, actor: str | None = "counter", *, seconds: float = 60.0, **what: Any) -> Faults:
    return system.debugger.inject(actor, seconds=seconds, **what)


def settle(system: EmbeddedSystem) -> None:
    """The counter is active and all is written: the next commit is that of its next turn."""
    system.invoke("counter", "look")
    system.flush(timeout=120)


def outcomes(system: EmbeddedSystem, calls: int) -> str:
    """One letter a call: answered or injected."""
    letters = ""
    for _ in range(calls):
        try:
            system.invoke("counter", "add", {"value": 1})
            letters += "."
        except FaultInjected:
            letters += "x"
    return letters


def test_injected_failure_says_so_and_leaves_the_state(system: EmbeddedSystem) -> None:
    inject(system, failure=1.0)

    with pytest.raises(FaultInjected, match=r"counter\.add failed with an injected fault: the action was not run"):
        system.invoke("counter", "add", {"value": 1})

    assert system.state("counter")["total"] == 0


def test_same_seed_gives_the_same_faults(system: EmbeddedSystem) -> None:
    with inject(system, failure=0.5, seed=7):
        first = outcomes(system, 40)
    with inject(system, failure=0.5, seed=7):
        again = outcomes(system, 40)
    with inject(system, failure=0.5, seed=8):
        other = outcomes(system, 40)

    assert first == again != other
    assert 8 < first.count("x") < 32


def test_delay_holds_a_turn_up_but_no_other_actor(system: EmbeddedSystem) -> None:
    system.deploy(Echo)
    with inject(system, delay_s=60.0) as faults:
        system.invoke("counter", "add", {"value": 1}, asynchronous=True)
        until(lambda: faults.counts["delayed"], "the turn is held up")

        assert system.invoke("echo", "say", {"text": "a"}) is not None
        assert system.state("counter")["total"] == 0

    assert system.invoke("counter", "add", {"value": 10}) == {"total": 11}  # the end of the faults ended the delay


def test_coroutine_actions_fail_too(system: EmbeddedSystem) -> None:
    system.deploy(Caller)
    inject(system, "caller", failure=1.0, delay_s=0.01)

    with pytest.raises(FaultInjected):
        system.invoke("caller", "ask", {"text": "a"})


def test_crash_loses_the_turn_and_keeps_what_was_recorded(system: EmbeddedSystem) -> None:
    system.invoke("counter", "add", {"value": 1})
    with inject(system, crash=1.0) as faults, pytest.raises(FaultInjected, match="crashed, and its message was lost"):
        system.invoke("counter", "add", {"value": 10})

    assert faults.counts["crashed"] == 1
    assert system.invoke("counter", "add", {"value": 100}) == {"total": 101}


def test_crash_without_a_journal_goes_back_to_the_last_snapshot() -> None:
    with embedded(durability=Durability.SNAPSHOT) as system:
        system.deploy(Counter)
        system.invoke("counter", "add", {"value": 1})
        with inject(system, crash=1.0), pytest.raises(FaultInjected):
            system.invoke("counter", "add", {"value": 10})

        assert system.invoke("counter", "add", {"value": 100}) == {"total": 100}


def test_messages_behind_a_crash_are_answered_once_each(system: EmbeddedSystem) -> None:
    faults = inject(system, crash=1.0, delay_s=0.2)
    for _ in range(5):
        system.invoke("counter", "add", {"value": 1}, asynchronous=True)
    until(lambda: faults.counts["crashed"] == 1, "the actor crashes")

    until(lambda: len(system.dead_letters()) == 5, "all five messages are lost and listed")
    faults.end()
    assert system.invoke("counter", "add", {"value": 1}) == {"total": 1}


def test_store_fault_stops_turns_until_it_ends(system: EmbeddedSystem) -> None:
    settle(system)
    faults = inject(system, None, store=True)
    system.invoke("counter", "add", {"value": 1})
    until(lambda: system.status().store_error, "the commit fails")

    with pytest.raises(StoreUnavailable, match="injected fault"):
        system.invoke("counter", "add", {"value": 1})

    faults.end()
    until(lambda: not system.status().store_error, "the store is written again")
    assert system.invoke("counter", "add", {"value": 1}) == {"total": 2}


def test_faults_end_by_themselves_and_leave_the_host_bare(system: EmbeddedSystem) -> None:
    faults = inject(system, failure=1.0, seconds=0.05)
    until(lambda: not faults.seconds_left, "the time is over")

    assert outcomes(system, 1) == "."
    assert system.debugger.faults() == []
    assert isinstance(system.driver.engine.directory.templates["counter"].host, InProcessHost)


def test_faults_go_on_after_a_redeploy(system: EmbeddedSystem) -> None:
    inject(system, failure=1.0)

    class Newer(Counter, name="counter", tags={"v": "2"}):
        pass

    system.deploy(Newer)

    assert outcomes(system, 1) == "x"


def test_faults_of_one_child_spare_the_others(system: EmbeddedSystem) -> None:
    system.deploy(Account)
    for child in ("ada", "bob"):
        system.invoke(child, "deposit", {"amount": 1}, parent="account")

    with inject(system, "ada", failure=1.0):
        assert system.invoke("bob", "deposit", {"amount": 1}) == 2
        with pytest.raises(FaultInjected):
            system.invoke("ada", "deposit", {"amount": 1})

    with inject(system, "account", failure=1.0), pytest.raises(FaultInjected):
        system.invoke("bob", "deposit", {"amount": 1})


def test_closing_writes_everything_although_the_store_was_to_fail() -> None:
    system = embedded()
    system.deploy(Counter)
    settle(system)
    inject(system, None, store=True)
    system.invoke("counter", "add", {"value": 1})

    system.close()

    assert system.driver.engine.journal.unwritten == 0


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ({"failure": 1.5}, r"failure=1\.5 is no probability"),
        ({"crash": 0.1, "seconds": 0}, "seconds=0 is out of range"),
        ({}, "Nothing would go wrong with counter"),
        ({"actor": None}, "Say whose faults"),
    ],
)
def test_faults_that_make_no_sense_are_refused(system: EmbeddedSystem, what: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        inject(system, **what)


def test_second_faults_of_an_actor_are_refused(system: EmbeddedSystem) -> None:
    inject(system, failure=1.0)

    with pytest.raises(BadSetting, match="counter has injected faults already"):
        inject(system, crash=1.0)


def test_faults_of_nobody_are_refused(system: EmbeddedSystem) -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        inject(system, "contr", failure=1.0)
