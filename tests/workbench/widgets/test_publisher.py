import threading
from typing import Any

import pytest

from runtime.clock import SystemClock
from tests.workbench.widgets.fake_system import FakeSystem
from tests.workbench.widgets.stage import FakeOutlet, Stage
from workbench.widgets.actor_source import ActorSource
from workbench.widgets.publisher import PanelState, Publisher


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for name in ("counter", "a", "b", "c", "d"):
        stage.system.put(name, {"total": 0})
    return stage


def count_up(stage: Stage, *names: str) -> Any:
    return lambda: [stage.system.turn(name, "add", {"total": stage.now_s}) for name in names]


def test_one_busy_panel_gets_ten_pictures_a_second(stage: Stage) -> None:
    outlet = stage.actor_panel()

    stage.run(3.0, count_up(stage, "counter"))

    assert len(outlet.frames) == 30


def test_five_busy_panels_share_ten_pictures_a_second(stage: Stage) -> None:
    outlets = [stage.actor_panel(name) for name in ("counter", "a", "b", "c", "d")]

    stage.run(5.0, count_up(stage, "counter", "a", "b", "c", "d"))

    assert [len(outlet.frames) for outlet in outlets] == [10] * 5


def test_the_newest_picture_wins_and_numbers_grow(stage: Stage) -> None:
    outlet = stage.actor_panel()

    stage.run(1.0, lambda: [stage.system.turn("counter", "add", {"total": i}) for i in range(50)])

    assert [frame["seq"] for frame in outlet.frames] == list(range(1, 11))
    assert outlet.view["revision"] == 500
    assert outlet.view["counters"]["merged"] == 9 * 49  # before the first picture nothing was missed


def test_an_unchanged_panel_is_not_sent_again(stage: Stage) -> None:
    outlet = stage.actor_panel()

    stage.run(10.0)

    assert len(outlet.frames) == 1


def test_a_quiet_panel_gets_a_sign_of_life_every_two_seconds(stage: Stage) -> None:
    outlet = stage.actor_panel()

    stage.run(10.05)

    assert {message["type"] for message in outlet.messages} == {"beat"}
    assert 4 <= len(outlet.messages) <= 5


def test_messages_are_at_most_ten_a_second_with_signs_of_life(stage: Stage) -> None:
    outlets = [stage.actor_panel(name) for name in ("counter", "a", "b", "c", "d")]

    stage.run(10.0, count_up(stage, "counter"))

    assert sum(len(o.frames) + len(o.messages) for o in outlets) <= 101


def test_a_panel_that_was_quiet_is_served_before_a_busy_one(stage: Stage) -> None:
    busy, quiet = stage.actor_panel("a"), stage.actor_panel("b")
    stage.run(1.0, count_up(stage, "a"))
    stage.system.turn("b", "add", {"total": 1})

    stage.run(0.1, count_up(stage, "a"))

    assert quiet.view["revision"] == 1
    assert busy.view["revision"] < 11


def test_a_hidden_panel_is_not_read_when_the_browser_can_call_it_back(stage: Stage) -> None:
    outlet = stage.actor_panel()
    stage.run(1.0)
    beside_cells(stage, outlet, "hidden")
    stage.run(0.2)
    reads = stage.system.reads["info"]

    stage.run(60.0, count_up(stage, "counter"))

    assert (len(outlet.frames), stage.system.reads["info"]) == (1, reads)
    assert stage.system.subscriptions[0].is_closed


def test_a_panel_that_comes_back_is_current_at_once_with_its_last_turns(stage: Stage) -> None:
    outlet = stage.actor_panel()
    beside_cells(stage, outlet, "hidden")
    stage.run(5.0, count_up(stage, "counter"))
    beside_cells(stage, outlet, "visible")

    stage.run(0.1)

    assert outlet.view["revision"] == stage.system.info("counter").revision
    assert len(outlet.view["recent"]) == 5


def test_a_hidden_panel_trickles_when_its_return_would_go_unheard(stage: Stage) -> None:
    outlet = stage.actor_panel()
    stage.say(outlet, "visible", view="v1", state="hidden")  # came on the main thread: behind cells

    stage.run(10.0, count_up(stage, "counter"))

    assert 9 <= len(outlet.frames) <= 11


def test_a_panel_without_any_view_left_is_paused_until_displayed_again(stage: Stage) -> None:
    outlet = stage.actor_panel()
    stage.run(1.0)
    stage.say(outlet, "visible", view="v1", state="gone")
    stage.run(5.0, count_up(stage, "counter"))
    paused_at = len(outlet.frames)
    stage.publisher.refresh(stage.entry(outlet))

    stage.run(0.1)

    assert (paused_at, len(outlet.frames)) == (1, 2)


def test_one_visible_view_of_two_keeps_a_panel_going(stage: Stage) -> None:
    outlet = stage.actor_panel()
    beside_cells(stage, outlet, "visible", view="v1")
    beside_cells(stage, outlet, "hidden", view="v2")

    stage.run(1.0, count_up(stage, "counter"))

    assert len(outlet.frames) == 10


def test_nothing_is_left_to_do_without_visible_panels(stage: Stage) -> None:
    outlet = stage.actor_panel()
    beside_cells(stage, outlet, "hidden")

    assert stage.publisher.step() is None


def test_a_costly_panel_takes_at_most_a_twentieth_of_the_time(stage: Stage) -> None:
    system = stage.system

    class Slow(ActorSource):
        def read(self, now_us: int) -> Any:
            stage.cpu_s += 0.05
            return super().read(now_us)

    outlet = stage.panel(Slow(system, "counter"))

    stage.run(10.0, count_up(stage, "counter"))

    assert 9 <= len(outlet.frames) <= 11


def test_a_wish_is_acknowledged_and_its_panel_served_first(stage: Stage) -> None:
    outlet = stage.system_panel()
    stage.run(0.5, count_up(stage, "counter"))
    stage.say(outlet, "search", 7, text="cou")

    stage.run(0.1)

    assert outlet.messages[-1] == {"type": "heard", "id": 7, "known": True}
    assert [row[0] for row in outlet.view["rows"]] == ["counter"]


def test_an_unknown_wish_is_answered_as_unknown(stage: Stage) -> None:
    outlet = stage.actor_panel()
    stage.say(outlet, "launch", 3)

    stage.run(0.1)

    assert outlet.messages[-1] == {"type": "heard", "id": 3, "known": False}


@pytest.mark.parametrize(
    "content",
    [
        None,
        3,
        {},
        {"type": 1},
        {"type": "x" * 99},
        {"type": "search", "data": {"text": "x" * 99_999}},
        {"type": "a", "data": {"b": [[]]}},
    ],
)
def test_what_is_not_a_wish_is_ignored(stage: Stage, content: object) -> None:
    outlet = stage.actor_panel()
    stage.publisher.receive(stage.entry(outlet), content)

    stage.run(0.1)

    assert outlet.messages == []


def test_a_flood_of_wishes_is_bounded(stage: Stage) -> None:
    outlet = stage.actor_panel()
    for i in range(5_000):
        stage.say(outlet, "launch", i)

    stage.run(0.1)

    assert len(outlet.messages) == 200


def test_a_panel_whose_browser_is_gone_does_not_stop_the_others(stage: Stage) -> None:
    broken, fine = stage.actor_panel("a"), stage.actor_panel("b")
    broken.error = RuntimeError("comm closed")

    stage.run(1.0, count_up(stage, "a", "b"))

    assert len(fine.frames) >= 9


def test_panels_of_one_system_share_one_subscription(stage: Stage) -> None:
    stage.actor_panel("a")
    stage.actor_panel("b")
    stage.system_panel()

    stage.run(2.0)

    assert len(stage.system.subscriptions) == 1


def test_a_stopped_system_becomes_a_state_of_the_panel(stage: Stage) -> None:
    outlet = stage.actor_panel()
    stage.run(0.5)
    stage.system.stop()

    stage.run(0.5)

    assert outlet.view["problem"]["kind"] == "stopped"
    assert outlet.view["name"] == "counter"


def test_the_thread_has_a_name_a_fresh_context_and_ends_with_the_last_panel() -> None:
    system = FakeSystem(SystemClock())
    system.put("counter", {"total": 0})
    publisher, entry = Publisher(), PanelState(ActorSource(system, "counter"))
    outlet = WaitingOutlet()

    publisher.add(entry, outlet)
    assert outlet.shown.wait(120), "no picture was shown"
    thread = outlet.thread
    publisher.remove(entry)
    thread.join(120)

    assert (thread.name, thread.daemon, thread.is_alive()) == ("wb-publisher", True, False)
    assert system.subscriptions[0].is_closed


def test_a_panel_added_after_the_last_one_starts_the_thread_again() -> None:
    system = FakeSystem(SystemClock())
    system.put("counter", {"total": 0})
    publisher, others = Publisher(), threading.enumerate()
    for _ in range(3):
        outlet, entry = WaitingOutlet(), PanelState(ActorSource(system, "counter"))
        publisher.add(entry, outlet)
        assert outlet.shown.wait(120), "no picture was shown"
        publisher.stop(timeout_s=120)

    assert not [t for t in threading.enumerate() if t.name == "wb-publisher" and t not in others]


def test_callbacks_run_on_a_thread_of_their_own_and_may_fail() -> None:
    system = FakeSystem(SystemClock())
    system.put("counter", {"total": 0})
    got: list[tuple[str, dict[str, Any], str]] = []
    done = threading.Event()

    def on_intent(type_: str, data: dict[str, Any]) -> None:
        got.append((type_, data, threading.current_thread().name))
        if len(got) == 2:
            done.set()
        raise RuntimeError("the callback's own fault")

    publisher, entry = Publisher(), PanelState(ActorSource(system, "counter"), on_intent)
    publisher.add(entry, WaitingOutlet())
    for i in range(2):
        publisher.receive(entry, {"type": "invoke", "id": i, "data": {"action": "add"}})
    assert done.wait(120), f"only {got} arrived"
    publisher.stop()

    assert got == [("invoke", {"action": "add"}, "wb-intents")] * 2


class WaitingOutlet(FakeOutlet):
    """Says when the first picture came, and from which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = threading.Event()
        self.thread = threading.current_thread()

    def show(self, frame: str) -> None:
        super().show(frame)
        self.thread = threading.current_thread()
        self.shown.set()


def beside_cells(stage: Stage, outlet: FakeOutlet, state: str, view: str = "v1") -> None:
    """The message arrives on a thread of its own, as with JupyterLab's subshells."""
    thread = threading.Thread(target=stage.say, args=(outlet, "visible"), kwargs={"view": view, "state": state})
    thread.start()
    thread.join()
