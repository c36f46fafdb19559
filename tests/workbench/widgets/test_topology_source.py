import pytest

from runtime.clock import ManualClock
from runtime.errors import StoreUnavailable
from runtime.records import Failure
from tests.workbench.widgets.fake_system import FakeSystem
from workbench.presenters.panels.topology import EdgeLine, TopologyView
from workbench.widgets.source import Feed, Intent
from workbench.widgets.topology_source import TopologySource

FAILED = Failure("action_failed", "it failed", "ValueError", "no")


class Watch:
    """A source with its feed, read as the publisher does."""

    def __init__(self, system: FakeSystem) -> None:
        self.source, self.feed, self.clock = TopologySource(system), Feed(system), system.clock

    def look(self) -> TopologyView:
        self.source.absorb(self.feed.pull())
        return self.source.read(self.clock.now_us())


@pytest.fixture
def system() -> FakeSystem:
    system = FakeSystem(ManualClock())
    for name in ("shop", "stock"):
        system.put(name, {})
    for name in ("plane-1", "plane-2"):
        system.put(name, {}, parent="plane")
    return system


def calls(view: TopologyView) -> dict[tuple[str, str], int]:
    return {(edge.source, edge.target): edge.calls for edge in view.edges}


def edge(view: TopologyView, source: str, target: str) -> EdgeLine:
    return next(each for each in view.edges if (each.source, each.target) == (source, target))


def test_calls_are_counted_by_who_calls_whom(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    system.turn("shop", "buy")
    system.turn("stock", "take", caller="shop")
    system.turn("stock", "take", caller="shop", failure=FAILED)

    view = watch.look()

    assert calls(view) == {("notebook", "shop"): 1, ("shop", "stock"): 2}
    assert edge(view, "shop", "stock").failures == 1


def test_calls_before_the_panel_was_opened_come_from_the_journal_once(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.feed.pull()
    system.turn("shop", "buy")
    watch.look()

    assert calls(watch.look()) == {("notebook", "shop"): 1}


def test_children_are_folded_into_their_template(system: FakeSystem) -> None:
    system.turn("plane-1", "fly")
    system.turn("plane-2", "fly")
    system.turn("shop", "buy", caller="plane-1")

    view = Watch(system).look()

    assert calls(view) == {("notebook", "plane"): 2, ("plane", "shop"): 1}
    assert {node.name: node.members for node in view.nodes}["plane"] == 2


def test_a_child_whose_call_ended_before_its_own_turn_is_folded_too(system: FakeSystem) -> None:
    system.turn("stock", "take", caller="plane-1", failure=FAILED)
    system.turn("stock", "take", caller="plane-2")
    system.turn("plane-1", "fly")
    system.turn("plane-2", "fly")

    view = Watch(system).look()

    assert calls(view) == {("notebook", "plane"): 2, ("plane", "stock"): 2}
    assert edge(view, "plane", "stock").failures == 1


def test_a_caller_stands_left_of_what_it_calls(system: FakeSystem) -> None:
    system.turn("shop", "buy")
    system.turn("stock", "take", caller="shop")

    places = {node.name: node.x for node in Watch(system).look().nodes}

    assert places["notebook"] < places["shop"] < places["stock"]


def test_actors_that_call_each_other_stand_in_one_column(system: FakeSystem) -> None:
    system.turn("shop", "buy", caller="stock")
    system.turn("stock", "take", caller="shop")
    system.turn("shop", "again", caller="shop")

    places = {node.name: node.x for node in Watch(system).look().nodes}

    assert places["shop"] == places["stock"]


def test_boxes_keep_their_places_while_counts_change(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("shop", "buy")
    system.turn("stock", "take")
    before = watch.look().nodes
    for _ in range(9):
        system.turn("stock", "take")

    after = watch.look().nodes

    assert [(node.name, node.x, node.y) for node in after] == [(node.name, node.x, node.y) for node in before]


def test_a_chosen_connection_shows_its_last_messages(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("shop", "buy")
    system.turn("stock", "take", caller="shop")
    watch.look()

    assert watch.source.handle(Intent("edge", data={"source": "shop", "target": "stock"}))

    view = watch.look()
    assert view.chosen == ("shop", "stock")
    assert [row.action for row in view.messages] == ["take"]


def test_a_connection_chosen_twice_hides_its_messages(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("shop", "buy")
    watch.look()
    for _ in range(2):
        watch.source.handle(Intent("edge", data={"source": "notebook", "target": "shop"}))

    assert watch.look().chosen is None


def test_an_unknown_connection_cannot_be_chosen(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.source.handle(Intent("edge", data={"source": "x", "target": "y"}))

    assert watch.look().chosen is None


def test_the_rate_is_that_of_the_last_second(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("shop", "buy")
    watch.look()
    for _ in range(20):
        system.turn("shop", "buy")
    system.clock.advance(1)

    assert edge(watch.look(), "notebook", "shop").rate == 20


def test_a_system_that_fails_keeps_the_last_picture_with_the_problem(system: FakeSystem) -> None:
    system.error = StoreUnavailable("The store cannot be read.")

    view = Watch(system).look()

    assert view.problem is not None
    assert view.edges == ()


def test_the_busiest_of_very_many_are_shown_and_the_rest_counted(system: FakeSystem) -> None:
    for number in range(100):
        system.put(f"actor-{number:03}", {})
        for _ in range(2 if number < 50 else 1):
            system.turn(f"actor-{number:03}", "go")

    view = Watch(system).look()

    assert (len(view.nodes), view.hidden_nodes, view.hidden_edges) == (60, 41, 41)
    assert {"notebook", "actor-000", "actor-049"} <= {node.name for node in view.nodes}


def test_the_still_picture_escapes_names_and_needs_no_script(system: FakeSystem) -> None:
    system.put("<img src=x>", {})
    system.turn("<img src=x>", "go")
    watch = Watch(system)
    watch.look()

    rendering = watch.source.rendering(0)

    assert "<img" not in rendering.html
    assert "<svg" in rendering.html
    assert "notebook" in rendering.text
