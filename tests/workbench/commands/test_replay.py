"""`wb.replay`: an actor's recorded turns, run again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, action
from runtime.errors import BadSetting, NotCapable, UnknownActor
from runtime.replay.replay import Replay
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.workbench.commands.conftest import Counter
from workbench.commands.deploy import CodeNotLoaded
from workbench.commands.invoke import WaitInterrupted
from workbench.session import Session, current

pytestmark = pytest.mark.usefixtures("session")


class Doubling(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value * (2 if value > 2 else 1)
        return {"total": self.total}


class Dice(Actor, name="dice"):
    @action
    def roll(self) -> int:
        return random.randrange(1_000_000)


calls_so_far = [0] * 100
"""Shared by this process; another one has its own."""


class Sluggish(Actor, name="sluggish"):
    @action
    def count(self) -> int:
        calls_so_far.append(0)
        return len(calls_so_far)


def _added(*values: int) -> None:
    for value in values:
        wb.invoke("counter", "add", {"value": value})


def test_unchanged_code_comes_out_as_recorded() -> None:
    _added(1, 2, 3)

    found = wb.replay("counter")

    assert found
    assert repr(found).startswith("✓ All 3 turns of counter came out as recorded, in two runs.")
    assert (found.turns, found.first, found.differing) == (3, None, ())


def test_a_class_that_is_not_deployed_shows_the_first_difference() -> None:
    _added(1, 5, 2)

    found = wb.replay("counter", code=Doubling)

    assert (found.turns, found.agreeing) == (3, 2)
    assert found.first is not None
    assert (found.first.payload, found.first.revision) == ({"value": 5}, 1)
    assert [(each.place, each.one, each.other) for each in found.first.sides] == [
        ("state.total", "6", "11"),
        ("response.total", "6", "11"),
    ]
    assert "state.total     6         11" in repr(found)
    assert wb.state("counter") == {"total": 8}


def test_carried_states_say_where_it_would_have_led() -> None:
    _added(1, 5, 2)

    found = wb.replay("counter", code=Doubling, carry=True)

    assert found.carried == ({"total": 8}, {"total": 13})
    assert "at the end, recorded → replayed: state.total: 8 → 13" in repr(found)


def test_an_earlier_version_is_named_by_its_hash() -> None:
    _added(5)
    earlier = wb.versions("counter")[0].hash[:6]
    wb.deploy(Doubling)

    assert not wb.replay("counter")
    assert wb.replay("counter", code=earlier)


def test_what_is_not_reproducible_says_what_to_use_instead() -> None:
    wb.deploy(Dice)
    wb.invoke("dice", "roll")

    found = wb.replay("dice")

    assert len(found.not_reproducible) == 1
    assert "1 not reproducibly" in repr(found)
    assert "what varies read random: take ctx.random instead" in repr(found)


def test_what_hangs_on_a_global_of_the_notebook_is_pointed_at() -> None:
    calls_so_far.append(0)
    wb.deploy(Sluggish)
    wb.invoke("sluggish", "count")

    found = wb.replay("sluggish")

    assert found.first is not None
    assert (found.first.verdict, found.first.sides[0].place) == ("differs", "response")
    assert "the code is the one that was recorded, so what differs hangs on something else" in repr(found)


def test_a_range_of_revisions_or_times_is_run() -> None:
    _added(1, 2, 3, 4)
    end = datetime.now(UTC) + timedelta(seconds=1)

    assert wb.replay("counter", since=1, until=3).turns == 2
    assert wb.replay("counter", until=end).turns == 4
    assert repr(wb.replay("counter", since=end)).startswith("No turn of counter is recorded in that range.")
    with pytest.raises(BadSetting, match="has no time zone"):
        wb.replay("counter", since=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_limit_says_where_to_go_on() -> None:
    _added(1, 2, 3)

    assert "go on with since=2" in repr(wb.replay("counter", limit=2))
    with pytest.raises(BadSetting, match="limit=0 must be 1 or more"):
        wb.replay("counter", limit=0)


def test_failures_and_reads_are_run_too() -> None:
    _added(1)
    with pytest.raises(Exception, match="ZeroDivisionError"):
        wb.invoke("counter", "divide", {"by": 0})
    wb.invoke("counter", "get")

    assert wb.replay("counter")


def test_differences_convert_to_tables() -> None:
    _added(5)

    found = wb.replay("counter", code=Doubling)

    assert found.df()["outcome"].tolist() == ["differs"]
    assert found.pl().shape[0] == found.arrow().num_rows == 1


def test_html_is_static_and_escaped() -> None:
    class Loud(Counter, name="counter"):
        @action
        def add(self, value: int) -> str:
            return "<b>"

    _added(1)

    html = wb.replay("counter", code=Loud)._repr_mimebundle_()["text/html"]

    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_mistakes_are_said_before_anything_runs() -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        wb.replay("conter")
    with pytest.raises(CodeNotLoaded, match="there is no version 'zz'"):
        wb.replay("counter", code="zz")
    with pytest.raises(BadSetting, match="must be an actor class or the hash"):
        wb.replay("counter", code=5)  # type: ignore[arg-type]


def test_an_actor_without_code_here_says_how_to_get_it() -> None:
    _added(1)
    wb.undeploy("counter")

    with pytest.raises(CodeNotLoaded, match="Run the cell"):
        wb.replay("counter")
    assert wb.replay("counter", code=Counter)


def test_an_interrupt_ends_the_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Replay] = []

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Replay, "_take", interrupted)
    monkeypatch.setattr(Replay, "close", lambda self, close=Replay.close: (closed.append(self), close(self)))
    _added(1)

    with pytest.raises(WaitInterrupted, match="stopped after 0 turns; nothing was changed"):
        wb.replay("counter")
    assert closed
    assert not closed[0].pids


def test_at_durability_snapshot_there_is_nothing_to_run() -> None:
    class Light(Actor, name="light", durability="snapshot"):
        on: bool = False

        @action
        def turn(self) -> None:
            self.on = not self.on

    wb.deploy(Light)
    wb.invoke("light", "turn")

    assert "at durability snapshot no turns are recorded; only states can be forked" in repr(wb.replay("light"))


@pytest.fixture
def other(tmp_path: Path, session: Session) -> Iterator[tuple[EmbeddedSystem, str]]:
    """Another process's system with a history of `counter`, and its address."""
    with embedded(system="other", store=f"sqlite:///{tmp_path / 'other.db'}") as system, NodeServer(system) as server:
        system.deploy(Counter)
        for value in (1, 5):
            system.invoke("counter", "add", {"value": value})
        system.flush()
        yield system, server.address
        session.detach()


def test_an_attached_systems_history_runs_here_with_code_of_here(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])

    assert wb.replay("counter").turns == 2
    assert wb.replay("counter", code=Doubling).agreeing == 1
    assert other[0].state("counter") == {"total": 6}


def test_a_system_without_history_says_so(other: tuple[EmbeddedSystem, str], monkeypatch: pytest.MonkeyPatch) -> None:
    wb.attach(other[1])
    monkeypatch.setattr(current.open(), "capabilities", frozenset())

    with pytest.raises(NotCapable, match="no message of the past can be read"):
        wb.replay("counter")
