"""Panels of a Spawn proxy, which asks for metrics and readiness at each look: how often it is asked."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, cast

import pytest

from runtime.clients.proxy.client import SpawnProxyClient
from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.errors import Unreachable
from runtime.wire.http_client import Answer
from tests.workbench.widgets.fake_system import FakeSystem
from tests.workbench.widgets.stage import Stage
from workbench import widgets
from workbench.widgets import panels
from workbench.widgets.source import StatusReading


class FakeLink:
    """The transport to a proxy of Spawn's own, which counts what is asked."""

    target = read_target("http://127.0.0.1:9001?system=lab")

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.is_reachable = True

    def request(self, method: str, path: str, body: bytes = b"", timeout_s: float = 10.0) -> Answer:
        self.asked[path] += 1
        if not self.is_reachable:
            raise Unreachable("no one answers")
        return Answer(200, "application/json", b'{"status":"up"}')

    def close(self) -> None:
        pass


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Any:
    stage = Stage()
    monkeypatch.setattr(panels, "_publisher", stage.publisher)
    yield stage
    widgets.close_all()


def attached(link: FakeLink) -> Any:
    client = SpawnProxyClient(cast(ProxyLink, link), mode="look")
    link.asked.clear()
    return client


@pytest.mark.parametrize("count", [1, 3])
def test_proxy_is_asked_once_a_second_for_all_its_panels(stage: Stage, link: FakeLink, count: int) -> None:
    client = attached(link)
    opened = [widgets.system_panel(client) for _ in range(count)]

    stage.run(10.0)

    assert len(opened) == count
    assert link.asked == {"/health/readiness": 10, "/metrics": 10}


@pytest.mark.parametrize("count", [1, 3])
def test_proxy_that_is_away_is_tried_once_a_second_for_all_its_panels(stage: Stage, link: FakeLink, count: int) -> None:
    client = attached(link)
    opened = [widgets.system_panel(client) for _ in range(count)]
    link.is_reachable = False
    link.asked.clear()

    stage.run(10.0)

    assert len(opened) == count
    assert link.asked.total() <= 10


def test_watch_of_an_actor_costs_a_proxy_nothing(stage: Stage, link: FakeLink) -> None:
    opened = [widgets.actor_panel(attached(link), "counter") for _ in range(3)]

    stage.run(3.0)

    assert opened
    assert not link.asked


def test_numbers_are_read_again_at_once_when_something_happened() -> None:
    system = FakeSystem()
    reading = StatusReading(system)
    for is_outdated in (False, False, True, False):
        reading.read(5_000_000, is_outdated=is_outdated)

    assert system.reads["status"] == 2


def test_dashboard_of_a_proxy_shows_what_it_tells_beside_what_it_cannot_show(stage: Stage, link: FakeLink) -> None:
    frame = json.loads(widgets.system_panel(attached(link)).frame)["view"]

    assert frame["told"] == "nothing but that it is well"
    assert "does not list them" in frame["problem"]["text"]
    assert frame.get("actors", 0) == 0
