from typing import Any

import pytest

from runtime.clock import ManualClock
from tests.workbench.widgets.fake_system import FakeSystem
from workbench.presenters.panels.actor import ActorView
from workbench.presenters.panels.system import SystemView
from workbench.presenters.panels.topology import TopologyView
from workbench.widgets.source import FeedBatch, Intent
from workbench.widgets.system_source import SystemSource


@pytest.fixture
def system() -> FakeSystem:
    system = FakeSystem(ManualClock())
    for i in range(120):
        system.put(f"actor{i:03}", {"n": i}, turns=i)
    return system


class Watch:
    """A source read as the publisher does."""

    def __init__(self, system: FakeSystem) -> None:
        self.source, self.clock = SystemSource(system), system.clock

    def ask(self, type_: str, **data: Any) -> bool:
        return self.source.handle(Intent(type_, data=data))

    def list(self) -> SystemView:
        view = self.source.read(self.clock.now_us())
        assert isinstance(view, SystemView)
        return view


def test_a_window_of_actors_is_shown_and_grows_on_request(system: FakeSystem) -> None:
    watch = Watch(system)
    assert len(watch.list().rows) == 50

    watch.ask("more")

    assert len(watch.list().rows) == 100
    assert watch.list().matching == 120


def test_the_window_grows_until_all_actors_that_were_looked_at_are_shown(system: FakeSystem) -> None:
    for i in range(120, 1_501):
        system.put(f"actor{i:04}", {"n": i})
    watch = Watch(system)
    for _ in range(5):
        watch.ask("more")

    assert len(watch.list().rows) == watch.list().matching == 1_501


def test_the_window_has_an_end(system: FakeSystem) -> None:
    watch = Watch(system)
    for _ in range(100):
        watch.ask("more")

    assert watch.list().query.limit == 5_000


def test_sorting_by_a_number_begins_with_the_largest_and_turns_round(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.ask("sort", by="turns")
    first = watch.list().rows[0].name
    watch.ask("sort", by="turns")

    assert (first, watch.list().rows[0].name) == ("actor119", "actor000")


def test_an_unknown_column_is_not_a_wish_of_this_panel(system: FakeSystem) -> None:
    assert not Watch(system).ask("sort", by="__class__")


def test_an_actor_opens_in_the_same_panel_and_closes_again(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.ask("open", actor="actor007")

    opened = watch.source.read(system.clock.now_us())
    watch.ask("back")

    assert isinstance(opened, ActorView)
    assert (opened.name, opened.back) == ("actor007", True)
    assert watch.list().rows


def test_the_list_is_not_read_again_while_nothing_happens(system: FakeSystem) -> None:
    watch = Watch(system)
    for _ in range(10):
        watch.list()

    assert system.reads["actors"] == 1


def test_the_list_is_read_again_after_a_turn_an_event_and_ten_seconds(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.list()
    watch.source.absorb(FeedBatch({"actor000": [system.turn("actor000", "add")]}))
    watch.list()
    assert isinstance(system.clock, ManualClock)
    system.clock.advance(10.1)
    watch.list()
    watch.source.absorb(FeedBatch(others=1))
    watch.list()

    assert system.reads["actors"] == 4


def test_a_quiet_system_is_asked_for_its_numbers_once_a_second(system: FakeSystem) -> None:
    watch = Watch(system)
    assert isinstance(system.clock, ManualClock)
    for _ in range(50):
        watch.list()
        system.clock.advance(0.1)

    assert system.reads["status"] == 5


def test_what_happened_between_two_looks_is_not_forgotten(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.list()
    turn = system.turn("actor000", "add")
    watch.source.absorb(FeedBatch({"actor000": [turn]}))
    watch.source.absorb(FeedBatch())

    assert watch.list().turns == 1


def test_a_search_reaches_actors_beyond_those_that_are_listed() -> None:
    system = FakeSystem()
    for i in range(5_001):
        system.put(f"a{i:05}")
    system.put("zebra")
    watch = Watch(system)

    assert watch.list().is_partial
    watch.ask("search", text="zeb")

    assert [row.name for row in watch.list().rows] == ["zebra"]


def test_an_error_keeps_the_list_and_says_what_is_wrong(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.list()
    system.stop()
    assert isinstance(system.clock, ManualClock)
    system.clock.advance(1.0)

    view = watch.list()

    assert view.problem is not None
    assert (view.problem.kind, len(view.rows)) == ("stopped", 50)


def test_an_opened_actor_that_does_not_exist_says_so(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.ask("open", actor="ghost")

    view = watch.source.read(system.clock.now_us())

    assert view.problem is not None
    assert view.problem.kind == "missing"


def test_the_topology_is_shown_on_request_and_left_again(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.ask("show", what="topology")
    shown = watch.source.read(system.clock.now_us())

    watch.ask("show", what="actors")

    assert isinstance(shown, TopologyView)
    assert len(watch.list().rows) == 50


def test_an_actor_opened_from_the_topology_leads_back_to_it(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.ask("show", what="topology")
    watch.ask("open", actor="actor001")
    opened = watch.source.read(system.clock.now_us())
    watch.ask("back")

    assert isinstance(opened, ActorView)
    assert isinstance(watch.source.read(system.clock.now_us()), TopologyView)


def test_something_else_is_not_shown(system: FakeSystem) -> None:
    assert not Watch(system).ask("show", what="everything")
