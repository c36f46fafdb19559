"""What happens because time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runtime import Actor, Context, action, timer
from runtime.drivers.step_driver import StepDriver
from tests.runtime.engine.actors import Counter
from tests.runtime.engine.conftest import actor


class Short(Counter, name="short", deactivate_timeout="10s"):
    pass


class Sleepy(Counter, name="sleepy", deactivate_timeout="10s", snapshot_timeout="2s", durability="snapshot"):
    pass


class Clockwork(Actor, name="clockwork", deactivate_timeout="1h"):
    ticks: int = 0

    @timer(every="5s")
    def tick(self) -> None:
        self.ticks += 1

    @action
    def later(self, ctx: Context) -> None:
        ctx.tell("clockwork", "tick", delay=3)


def is_active(stepping: StepDriver, name: str) -> bool:
    return actor(name) in stepping.engine.directory.active


def test_idle_actor_leaves_memory_and_comes_back_with_its_state(stepping: StepDriver) -> None:
    stepping.deploy(Short)
    stepping.ask("short", "add", {"value": 5})

    stepping.advance(10.1)

    assert not is_active(stepping, "short")
    assert stepping.ask("short", "add", {"value": 1}) == {"total": 6}


def test_every_message_starts_the_idle_time_anew(stepping: StepDriver) -> None:
    stepping.deploy(Short)
    stepping.ask("short", "look")

    for _ in range(3):
        stepping.advance(9)
        stepping.ask("short", "look")

    assert is_active(stepping, "short")
    stepping.advance(10.1)
    assert not is_active(stepping, "short")


def test_actor_stays_until_its_last_turn_is_on_disk(stepping: StepDriver) -> None:
    stepping.writes_at_once = False
    stepping.deploy(Short)
    stepping.ask("short", "add", {"value": 5})

    stepping.advance(11)
    assert is_active(stepping, "short")

    stepping.write()
    stepping.advance(2)
    assert not is_active(stepping, "short")


def test_clock_that_goes_back_neither_keeps_nor_drops_an_actor(stepping: StepDriver) -> None:
    stepping.deploy(Short)
    stepping.ask("short", "add", {"value": 5})

    stepping.advance(-3600)
    stepping.ask("short", "add", {"value": 5})
    assert is_active(stepping, "short")

    stepping.advance(3611)
    assert not is_active(stepping, "short")
    assert all(turn.finished_us >= turn.started_us for batch in stepping.store.turns() for turn in batch)


def test_snapshot_level_writes_state_at_the_snapshot_time_only(stepping: StepDriver) -> None:
    stepping.deploy(Sleepy)
    stepping.ask("sleepy", "add", {"value": 5})
    assert stepping.store.load(actor("sleepy")) is None

    stepping.advance(2.1)

    snapshot = stepping.store.load(actor("sleepy"))
    assert snapshot is not None
    assert (snapshot.revision, snapshot.status) == (1, "ACTIVATED")
    assert list(stepping.store.turns()) == []


def test_snapshot_level_writes_state_when_it_is_deactivated(stepping: StepDriver) -> None:
    stepping.deploy(Sleepy)
    stepping.ask("sleepy", "add", {"value": 5})
    stepping.advance(2.1)
    stepping.advance(7)
    stepping.ask("sleepy", "add", {"value": 1})

    stepping.crash()
    assert stepping.ask("sleepy", "look") == 5, "a kill loses what came after the last snapshot"

    stepping.ask("sleepy", "add", {"value": 1})
    stepping.advance(10.1)
    stepping.advance(10.1)
    stepping.crash()
    assert stepping.ask("sleepy", "look") == 6


def test_message_during_deactivation_wakes_the_same_activation(stepping: StepDriver) -> None:
    stepping.writes_at_once = False
    stepping.deploy(Sleepy)
    stepping.ask("sleepy", "add", {"value": 5})
    stepping.advance(10.1)

    pending = stepping.send("sleepy", "add", {"value": 1})
    stepping.write()
    stepping.run()

    assert pending.result() == {"total": 6}


def test_timer_runs_at_its_rate_and_not_in_bursts(stepping: StepDriver) -> None:
    stepping.deploy(Clockwork)
    stepping.run()

    for _ in range(4):
        stepping.advance(5)
        stepping.run()
    assert stepping.ask("clockwork", "get") == {"ticks": 4}

    stepping.advance(60)
    stepping.run()
    assert stepping.ask("clockwork", "get") == {"ticks": 5}


def test_redeploy_does_not_double_a_timer(stepping: StepDriver) -> None:
    class Again(Clockwork, name="clockwork", deactivate_timeout="2h"):
        pass

    stepping.deploy(Clockwork)
    stepping.run()
    stepping.deploy(Again)

    stepping.advance(5)
    stepping.run()

    assert stepping.ask("clockwork", "get") == {"ticks": 1}


def test_timer_stops_when_the_actor_is_undeployed(stepping: StepDriver) -> None:
    stepping.deploy(Clockwork)
    stepping.run()

    stepping.engine.undeploy("clockwork", stepping.clock.now_us())
    stepping.advance(5)

    assert stepping.possible() == []


def test_delayed_call_runs_when_it_is_due(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    due = datetime.fromtimestamp(stepping.clock.now_us() / 1e6, UTC) + timedelta(seconds=5)
    stepping.send("counter", "add", {"value": 2}, scheduled_to=due)

    stepping.run()
    assert stepping.ask("counter", "look") == 0

    stepping.advance(5)
    assert stepping.ask("counter", "look") == 2


def test_told_message_with_a_delay_waits(stepping: StepDriver) -> None:
    stepping.deploy(Clockwork)
    stepping.ask("clockwork", "later")

    stepping.advance(3)
    stepping.run()

    assert stepping.ask("clockwork", "get") == {"ticks": 1}


class Seldom(Actor, name="seldom", deactivate_timeout="10s"):
    ticks: int = 0

    @timer(every="30s")
    def tick(self) -> None:
        self.ticks += 1


class Cuckoo(Actor, name="cuckoo", kind="unnamed", deactivate_timeout="10s"):
    ticks: int = 0

    @action
    def look(self) -> int:
        return self.ticks

    @timer(every="30s")
    def tick(self) -> None:
        self.ticks += 1


def let_pass(stepping: StepDriver, seconds: int) -> None:
    for _ in range(seconds):
        stepping.advance(1)
        stepping.run()


def test_timer_brings_back_an_actor_that_left_memory(stepping: StepDriver) -> None:
    stepping.deploy(Seldom)
    stepping.run()

    let_pass(stepping, 95)

    assert stepping.ask("seldom", "get") == {"ticks": 3}


def test_timer_of_a_child_outlives_its_activation_and_a_redeploy(stepping: StepDriver) -> None:
    class Again(Cuckoo, name="cuckoo", kind="unnamed", deactivate_timeout="11s"):
        pass

    stepping.deploy(Cuckoo)
    stepping.ask("ann", "look", parent="cuckoo")
    let_pass(stepping, 20)
    stepping.deploy(Again)

    let_pass(stepping, 75)

    assert stepping.ask("ann", "look", parent="cuckoo") == 2, "at 60 s and 90 s; the redeploy began anew at 30 s"


def test_redeploy_forth_and_back_leaves_one_timer(stepping: StepDriver) -> None:
    class Again(Clockwork, name="clockwork", deactivate_timeout="2h"):
        pass

    for definition in (Clockwork, Again, Clockwork):
        stepping.deploy(definition)
        stepping.run()
    stepping.engine.undeploy("clockwork", stepping.clock.now_us())
    stepping.deploy(Clockwork)

    let_pass(stepping, 10)

    assert stepping.ask("clockwork", "get") == {"ticks": 2}


def test_busy_actor_skips_what_its_timer_missed(stepping: StepDriver) -> None:
    stepping.deploy(Clockwork)
    stepping.run()

    for _ in range(10):
        stepping.advance(5)
    stepping.run()

    assert stepping.ask("clockwork", "get") == {"ticks": 1}


def test_clock_set_back_stops_no_timer(stepping: StepDriver) -> None:
    stepping.deploy(Clockwork)
    stepping.run()
    let_pass(stepping, 5)

    stepping.advance(-3_600)
    let_pass(stepping, 11)

    assert stepping.ask("clockwork", "get") == {"ticks": 3}
