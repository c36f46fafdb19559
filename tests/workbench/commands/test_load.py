"""A bounded load: what is counted, and that it ends."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.errors import BadPayload, BadSetting, UnknownAction, UnknownActor
from tests.workbench.commands import conftest
from workbench.commands.actors import state
from workbench.commands.load import load
from workbench.presenters.load import LoadResult
from workbench.session import Session


class Clock:
    """The time of a load, which passes while it sleeps, however busy the machine is."""

    def __init__(self) -> None:
        self.now = 0.0
        self.release_at = float("inf")
        """When the actor's action may end."""

    def perf_counter(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.release_at:
            conftest.release.set()
        await asyncio.sleep(0.0005)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("workbench.commands.load.time", clock)
    monkeypatch.setattr("workbench.commands.load.asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": clock.sleep}))
    return clock


def quick(action: str = "add", payload: Any = None, **options: Any) -> LoadResult:
    return load("counter", action, payload, **{"rate": 200, "seconds": 0.25, "progress": False, **options})


def test_every_call_is_sent_and_answered(session: Session) -> None:
    result = quick(payload={"value": 2})

    assert (result.sent, result.answered, result.failed, result.unsent) == (50, 50, {}, 0)
    assert state("counter") == {"total": 100}


def test_payload_can_be_made_for_each_call(session: Session) -> None:
    quick(payload=lambda number: {"value": number}, rate=40)

    assert state("counter") == {"total": sum(range(10))}


def test_failures_are_counted_by_kind(session: Session) -> None:
    result = quick("divide", lambda number: {"by": number % 2})

    assert result.failed == {"ZeroDivisionError": 25}
    assert result.answered == 25


def test_no_more_than_the_stated_number_are_without_an_answer(session: Session, clock: Clock) -> None:
    clock.release_at = 0.6

    result = quick("wait", at_most=3, rate=100)

    assert (result.sent, result.unsent) == (3, 22)


def test_latency_counts_from_when_a_call_was_due(session: Session, clock: Clock) -> None:
    clock.release_at = 0.5

    result = quick("wait", at_most=1, rate=10, seconds=0.6)

    assert result.percentile_ms(100) == pytest.approx(500, abs=250)
    assert sum(1 for each in result.latencies_ms if each > 100) >= 3


@pytest.mark.parametrize(
    ("actor", "action", "payload", "error"),
    [
        ("contr", "add", None, UnknownActor),
        ("counter", "ad", None, UnknownAction),
        ("counter", "add", {"valu": 1}, BadPayload),
    ],
)
def test_call_that_cannot_be_made_ends_the_load(
    session: Session, actor: str, action: str, payload: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        load(actor, action, payload, rate=100, seconds=30, progress=False)


def test_payload_function_that_raises_ends_the_load(session: Session) -> None:
    with pytest.raises(ZeroDivisionError):
        quick(payload=lambda number: 1 / number)


@pytest.mark.parametrize(
    "options", [{"rate": 0}, {"seconds": -1}, {"at_most": 0}, {"timeout": 0}, {"rate": 1e9, "seconds": 9}]
)
def test_numbers_out_of_range_are_refused(session: Session, options: dict[str, Any]) -> None:
    with pytest.raises(BadSetting):
        quick(payload={"value": 1}, **options)


def test_progress_bar_leaves_nothing_but_the_result(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    result = quick(payload={"value": 1}, progress=True)

    assert result.answered == 50
    assert capsys.readouterr().out == ""


def test_wrong_call_shows_no_bar(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownActor):
        load("contr", "add", rate=100, seconds=30)

    assert capsys.readouterr().err == ""


def test_bar_leaves_no_thread(session: Session) -> None:
    quick(payload={"value": 1}, progress=True)

    assert not any("TMonitor" in type(thread).__name__ for thread in threading.enumerate())
