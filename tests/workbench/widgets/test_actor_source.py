import pytest

from runtime.api import Capability
from runtime.clock import ManualClock
from runtime.errors import StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Event, EventKind
from tests.workbench.widgets.fake_system import EVERYTHING, FakeSystem
from workbench.presenters.panels.actor import ActorView
from workbench.widgets.actor_source import ActorSource
from workbench.widgets.source import Feed, FeedBatch, StatusReading


class Watch:
    """A source with its feed, read as the publisher does."""

    def __init__(self, system: FakeSystem, actor: str = "counter", status: StatusReading | None = None) -> None:
        self.source, self.feed, self.clock = ActorSource(system, actor, status=status), Feed(system), system.clock

    def look(self) -> ActorView:
        self.source.absorb(self.feed.pull())
        return self.source.read(self.clock.now_us())


@pytest.fixture
def system() -> FakeSystem:
    system = FakeSystem(ManualClock())
    system.put("counter", {"total": 0})
    return system


def test_state_is_read_only_when_the_revision_is_another(system: FakeSystem) -> None:
    watch = Watch(system)
    for _ in range(5):
        watch.look()
    system.turn("counter", "add", {"total": 1})
    watch.look()
    system.turn("counter", "get")
    watch.look()

    assert system.reads["state"] == 2


def test_the_snapshot_is_compared_with_memory_when_either_is_another(system: FakeSystem) -> None:
    system.put("counter", {"total": 5}, revision=3, durability="snapshot", stored_revision=1, stored_us=1)
    system.remember("counter", 1, {"total": 2})
    watch = Watch(system)
    watch.look()
    reads = system.reads["state"]

    stored = watch.look().stored

    assert stored is not None
    assert (stored.ahead, stored.changes) == (2, ("total: 2 → 5",))
    assert system.reads["state"] == reads


def test_an_actor_as_it_is_stored_has_nothing_to_compare(system: FakeSystem) -> None:
    system.put("counter", {"total": 5}, revision=3, durability="snapshot", stored_revision=3, stored_us=1)

    stored = Watch(system).look().stored

    assert stored is not None
    assert (stored.ahead, stored.changes) == (0, ())


def test_changed_fields_stay_marked_until_the_next_change(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    system.turn("counter", "add", {"total": 1})
    watch.look()
    system.turn("counter", "get")

    state = watch.look().state

    assert state is not None
    assert [(name, node.was) for name, node in state.items] == [("total", "0")]


def test_turns_before_the_panel_was_opened_come_from_the_journal(system: FakeSystem) -> None:
    for i in range(30):
        system.turn("counter", "add", {"total": i})

    rows = Watch(system).look().recent

    assert [row.sequence for row in rows] == list(range(30, 20, -1))


def test_turns_of_the_feed_are_shown_once_and_newest_first(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("counter", "add", {"total": 1})
    watch.look()
    system.turn("counter", "get")
    watch.look()

    assert [row.action for row in watch.look().recent] == ["get", "add"]


def test_the_journal_is_searched_again_only_for_turns_that_nobody_told_of(system: FakeSystem) -> None:
    watch = Watch(system)
    for _ in range(5):
        pass_time(system)
        system.turn("counter", "add", {"total": 1})
        watch.look()
    assert system.reads["turns"] == 1

    pass_time(system)
    system.turn("counter", "add", {"total": 2})
    view = watch.source.read(system.clock.now_us())  # the feed lost it

    assert view.recent[0].sequence == 6
    assert system.reads["turns"] == 2


def test_a_turn_that_was_not_on_disk_at_first_is_found_a_second_later(system: FakeSystem) -> None:
    pass_time(system)
    system.turn("counter", "add", {"total": 1})
    system.unwritten = 1
    watch = Watch(system)
    assert watch.look().recent == ()

    system.unwritten = 0
    pass_time(system)

    assert len(watch.look().recent) == 1


def test_turns_while_the_panel_was_out_of_sight_come_before_those_after_it(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("counter", "add", {"total": 1})
    watch.look()
    watch.feed.pause()
    for _ in range(3):
        system.turn("counter", "get")  # which changes nothing
    pass_time(system)

    watch.source.absorb(watch.feed.pull())
    system.turn("counter", "get")

    view = watch.look()
    assert [row.sequence for row in view.recent] == [5, 4, 3, 2, 1]
    assert view.turns == 5


def test_turns_out_of_sight_are_shown_where_the_last_change_of_the_state_is_older(system: FakeSystem) -> None:
    watch = Watch(system)
    system.turn("counter", "add", {"total": 1})
    changed_us = system.clock.now_us()
    watch.look()
    watch.feed.pause()
    pass_time(system)
    system.turn("counter", "get")
    system.put(
        "counter", {"total": 1}, revision=1, turns=2, last_turn_us=changed_us
    )  # as of an actor that is not in memory

    assert [row.sequence for row in watch.look().recent] == [2, 1]


def test_turns_that_are_on_disk_only_later_are_found_though_the_status_was_read_before(system: FakeSystem) -> None:
    status = StatusReading(system)
    watch = Watch(system, status=status)
    watch.look()
    watch.feed.pause()
    pass_time(system)
    status.read(system.clock.now_us())  # as another panel does
    system.turn("counter", "get")
    system.unwritten = 1
    watch.look()

    system.unwritten = 0
    pass_time(system)

    assert [row.sequence for row in watch.look().recent] == [1]


def test_events_that_the_feed_dropped_are_found_in_the_journal(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    pass_time(system)
    system.turn("counter", "add", {"total": 1})
    for _ in range(2_000):
        system.subscriptions[-1].put(Event(EventKind.ENQUEUED, system.clock.now_us(), ActorId(system.name, "busy")))
    system.turn("counter", "get")

    assert [row.action for row in watch.look().recent] == ["get", "add"]


def test_the_journal_is_searched_at_most_once_a_second(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    for _ in range(100):
        pass_time(system, 0.1)
        system.turn("counter", "get")
        watch.source.read(system.clock.now_us())  # the feed is lost

    assert system.reads["turns"] <= 11


def test_other_actors_turns_are_not_shown(system: FakeSystem) -> None:
    system.put("other", {})
    watch = Watch(system)
    watch.look()
    system.turn("other", "add")

    assert watch.look().recent == ()


def test_dropped_events_are_counted_over_pauses(system: FakeSystem) -> None:
    watch = Watch(system)
    for _ in range(2):
        watch.look()
        for _ in range(2_100):
            system.turn("counter", "get")
        watch.look()
        watch.feed.pause()

    assert watch.look().counters.dropped == 200


def test_the_mailbox_is_read_only_when_something_is_in_it(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    assert "mailbox" not in system.reads

    system.queue("counter", ["add"] * 9, running="add")
    view = watch.look()

    assert (view.mailbox.waiting, len(view.mailbox.head)) == (9, 5)
    assert view.running is not None
    assert view.running.action == "add"


def test_an_error_keeps_the_last_picture_and_says_what_is_wrong(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    system.error = StoreUnavailable("disk full")

    view = watch.look()

    assert (view.name, view.phase) == ("counter", "ready")
    assert view.problem is not None
    assert view.problem.text == "disk full"


def test_a_store_that_cannot_be_written_is_shown_while_actors_run(system: FakeSystem) -> None:
    system.store_error = "disk full"

    problem = Watch(system).look().problem

    assert problem is not None
    assert problem.kind == "store"


def test_an_actor_that_appears_later_is_shown_then() -> None:
    system = FakeSystem()
    watch = Watch(system, "later")
    missing = watch.look().problem
    system.put("later", {"a": 1})
    pass_time(system)

    assert missing is not None
    assert missing.kind == "missing"
    assert watch.look().problem is None


@pytest.mark.parametrize("missing", [Capability.STATE, Capability.MAILBOX, Capability.WATCH, Capability.HISTORY])
def test_a_system_that_cannot_show_a_part_still_shows_the_others(missing: Capability) -> None:
    system = FakeSystem(capabilities=EVERYTHING - {missing})
    system.put("counter", {"total": 0})
    system.queue("counter", ["add"], running="add")

    view = Watch(system).look()

    assert view.problem is None
    assert len(view.absent) == (missing is not Capability.HISTORY)


def test_a_system_without_any_capability_has_an_empty_panel() -> None:
    system = FakeSystem(capabilities=frozenset())
    system.put("counter", {"total": 0})

    view = Watch(system).look()

    assert (view.state, view.recent, len(view.absent)) == (None, (), 3)


def pass_time(system: FakeSystem, seconds: float = 1.1) -> None:
    assert isinstance(system.clock, ManualClock)
    system.clock.advance(seconds)


def test_news_of_nobody_changes_nothing(system: FakeSystem) -> None:
    watch = Watch(system)
    before = watch.look()
    watch.source.absorb(FeedBatch())

    assert watch.source.read(system.clock.now_us()) == before


def test_turns_without_a_journal_are_all_shown(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    for action in ("add", "get", "add"):
        system.clock.advance(1)
        system.turn("counter", action, {"total": 1}, is_journaled=False)

    assert [row.action for row in watch.look().recent] == ["add", "get", "add"]


def test_turns_show_what_was_asked_and_answered(system: FakeSystem) -> None:
    watch = Watch(system)
    watch.look()
    system.turn("counter", "add", {"total": 1})

    assert watch.look().recent[0].call == "add()"
