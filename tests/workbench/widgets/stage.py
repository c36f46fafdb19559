"""A publisher without a thread and without a browser: the test is both, and it moves the time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from runtime.clock import ManualClock
from tests.workbench.widgets.fake_system import FakeSystem
from workbench.widgets.actor_source import ActorSource
from workbench.widgets.publisher import PanelState, Publisher
from workbench.widgets.source import Source
from workbench.widgets.system_source import SystemSource


class FakeOutlet:
    """Keeps what the browser would have got."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def show(self, frame: str) -> None:
        if self.error:
            raise self.error
        self.frames.append(json.loads(frame))

    def tell(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def view(self) -> dict[str, Any]:
        return dict(self.frames[-1]["view"])


class UnstartedPublisher(Publisher):
    """Its steps are taken by the test."""

    def _start(self) -> None:
        pass


class Stage:
    """One system, a publisher, any number of panels."""

    def __init__(self, system: FakeSystem | None = None) -> None:
        self.clock = ManualClock()
        self.now_s = 100.0
        self.cpu_s = 0.0
        self.system = system or FakeSystem(self.clock)
        self.system.clock = self.clock
        self.publisher = UnstartedPublisher(self.clock, self.monotonic, lambda: self.cpu_s)
        self.entries: dict[int, PanelState] = {}

    def monotonic(self) -> float:
        return self.now_s

    def actor_panel(self, actor: str = "counter", **options: Any) -> FakeOutlet:
        return self.panel(ActorSource(self.system, actor), **options)

    def system_panel(self, **options: Any) -> FakeOutlet:
        return self.panel(SystemSource(self.system), **options)

    def panel(self, source: Source, **options: Any) -> FakeOutlet:
        outlet, entry = FakeOutlet(), PanelState(source, **options)
        self.entries[id(outlet)] = entry
        self.publisher.add(entry, outlet)
        return outlet

    def entry(self, outlet: FakeOutlet) -> PanelState:
        return self.entries[id(outlet)]

    def say(self, outlet: FakeOutlet, type_: str, id_: int = 0, **data: Any) -> None:
        """A message of the browser arrives."""
        self.publisher.receive(self.entry(outlet), {"type": type_, "id": id_, "data": data})

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.clock.advance(seconds)

    def run(self, seconds: float, each: Callable[[], object] = lambda: None) -> None:
        """Steps as the thread would take them; `each` happens before every one."""
        end = self.now_s + seconds
        while self.now_s < end - 1e-9:
            each()
            delay = self.publisher.step()
            self.pass_time(min(end - self.now_s, 1.0 if delay is None else max(delay, 1e-3)))
