"""Histories run again in two processes that see another clock, another chance and another order of sets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from msgspec.structs import replace

from runtime import Actor, action, embedded
from runtime.authoring.definition import define
from runtime.ids import ActorId
from runtime.replay.history import ActorHistory
from runtime.replay.replay import Replay, Replayed, Verdict
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.replay.actors import Archive, Careless, Prices, Till

release = threading.Event()


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        for each in (Till, Careless, Prices, Archive):
            system.deploy(each)
        yield system


def _replay(code: type[Actor], **options: Any) -> Replay:
    definition = define(code)
    return Replay(definition, ActorId("spawn-system", definition.name), **options)


def _run(system: EmbeddedSystem, replay: Replay, actor: str) -> list[Replayed]:
    system.flush()
    return list(replay.run(ActorHistory(system, actor)))


def test_a_deterministic_history_agrees(system: EmbeddedSystem) -> None:
    for name in ("ada", "bob", "cy", "dee"):
        system.invoke("till", "greet", {"name": name})
        system.invoke("till", "stamp")
    replay = _replay(Till, carry=True)

    found = _run(system, replay, "till")

    assert {each.verdict for each in found} == {Verdict.AGREES}
    assert (replay.not_carried, replay.stopped, len(found)) == ("", "", 8)
    assert replay.position is not None
    assert replay.position.revision == 8


@pytest.mark.parametrize("careless", ["clock", "year", "chance", "order", "process"])
def test_what_depends_on_more_than_the_context_varies(system: EmbeddedSystem, careless: str) -> None:
    system.invoke("careless", "members")
    system.invoke("careless", careless)

    members, found = _run(system, _replay(Careless), "careless")

    assert (members.verdict, found.verdict) == (Verdict.AGREES, Verdict.VARIES)


def test_what_it_read_is_noticed(system: EmbeddedSystem) -> None:
    for each in ("clock", "year", "chance", "members"):
        system.invoke("careless", each)

    found = _run(system, _replay(Careless), "careless")

    assert [each.used for each in found] == [("time.time",), ("datetime.now",), ("random",), ()]


@pytest.mark.parametrize("wait", ["wait", "await_it"])
def test_long_waits_pass_at_once(system: EmbeddedSystem, wait: str) -> None:
    system.invoke("careless", wait, {"seconds": 0.0})
    system.flush()
    [task] = ActorHistory(system, "careless")
    long = replace(task, turn=replace(task.turn, payload=replace(task.turn.payload, data=b'{"seconds":3600}')))  # type: ignore[type-var]

    [found] = _replay(Careless, timeout_s=20.0).run([long])

    assert found.verdict is Verdict.AGREES


def test_a_process_that_ends_in_the_middle_stops_the_replay(system: EmbeddedSystem) -> None:
    system.invoke("careless", "end")
    replay = _replay(Careless)

    found = _run(system, replay, "careless")

    assert found == []
    assert replay.stopped.startswith("end at revision 0: the process that ran it ended in the middle")


def test_a_turn_that_does_not_end_stops_the_replay_in_time(system: EmbeddedSystem) -> None:
    class Stuck(Actor, name="till"):
        @action
        def take(self, amount: int) -> None:
            while amount > 1:
                pass

    for amount in (1, 2):
        system.invoke("till", "take", {"amount": amount})
    system.flush()
    now_s = [0.0]
    replay = _replay(Stuck, timeout_s=60.0, clock=lambda: now_s[0])
    results = replay.run(ActorHistory(system, "till"))

    first = next(results)
    now_s[0] = 60.0

    assert first.turn.revision == 1
    assert list(results) == []
    assert replay.stopped == "the time of 60 s was over at take at revision 1"


def test_the_time_is_over_between_batches_too(system: EmbeddedSystem) -> None:
    system.invoke("till", "take", {"amount": 1})
    replay = _replay(Till, timeout_s=0.0)

    assert _run(system, replay, "till") == []
    assert "was over at take at revision 0" in replay.stopped


def test_no_process_is_left_when_nobody_reads_on(system: EmbeddedSystem) -> None:
    system.invoke("till", "take", {"amount": 1})
    system.flush()
    replay = _replay(Till)
    results = replay.run(ActorHistory(system, "till"))
    next(results)
    pids = replay.pids

    results.close()

    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))


def test_code_that_cannot_be_carried_is_run_here(system: EmbeddedSystem) -> None:
    held = threading.Lock()

    class Holding(Actor, name="till"):
        cents: int = 0

        @action
        def take(self, amount: int) -> int:
            with held:
                self.cents += amount
            return self.cents

    system.invoke("till", "take", {"amount": 1})
    replay = _replay(Holding)

    found = _run(system, replay, "till")

    assert [each.verdict for each in found] == [Verdict.AGREES]
    assert "cannot pickle" in replay.not_carried
