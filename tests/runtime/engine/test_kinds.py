"""Pools, stateless actors, bounded mailboxes, supervision and access."""

from __future__ import annotations

import pytest

from runtime import Actor, Context, action, errors
from runtime.drivers.step_driver import StepDriver
from runtime.engine.state import EngineOptions
from runtime.engine.supervision import Intensity
from runtime.ids import ActorId
from runtime.invocations import build_invocation
from runtime.security.access_policies import AccessRules, parse_policy
from runtime.stores.base import flatten
from runtime.stores.registry import open_store
from tests.runtime.engine.actors import Caller, Counter, Echo
from tests.runtime.engine.conftest import KEY, System


class Worker(Actor, name="worker", kind="pooled", pool=(0, 2), deactivate_timeout="5s"):
    seen: int = 0

    @action
    async def work(self, ctx: Context, text: str) -> str:
        self.seen += 1
        return f"{ctx.self.name}:{self.seen}:" + str(await ctx.invoke("echo", "say", {"text": text}))


class Visits(Actor, name="visits", stateful=False, deactivate_timeout="5s"):
    count: int = 0

    @action
    def visit(self) -> int:
        self.count += 1
        return self.count


class Small(Counter, name="small", mailbox=2):
    pass


class Patient(Counter, name="patient", mailbox=(2, "wait")):
    pass


def driver(**options: object) -> StepDriver:
    return StepDriver(open_store("memory://", key=KEY), options=EngineOptions(system="test", **options))  # type: ignore[arg-type]


def test_pool_runs_as_many_at_once_as_it_may(stepping: StepDriver) -> None:
    stepping.deploy(Worker)
    stepping.deploy(Echo)
    sent = [stepping.send("worker", "work", {"text": text}) for text in "abcd"]
    for _ in range(2):
        stepping.step()

    assert stepping.engine.directory.pool_size("worker") == 2
    stepping.run()
    assert [each.result() for each in sent] == ["worker:1:A", "worker:1:B", "worker:1:C", "worker:1:D"]


def test_pool_spreads_waiting_messages_evenly(stepping: StepDriver) -> None:
    stepping.deploy(Worker)
    stepping.deploy(Echo)

    for _ in range(6):
        stepping.send("worker", "work", {"text": "x"})

    active = stepping.engine.directory.active.values()
    assert [each.waiting for each in active if each.parent == "worker"] == [3, 3]


def test_idle_pool_shrinks_to_nothing(stepping: StepDriver) -> None:
    stepping.deploy(Worker)
    stepping.deploy(Echo)
    stepping.ask("worker", "work", {"text": "x"})

    stepping.advance(6)

    assert stepping.engine.directory.pool_size("worker") == 0


def test_pool_has_its_least_size_from_deploy_on(stepping: StepDriver) -> None:
    class Ready(Worker, name="worker", kind="pooled", pool=(2, 3), deactivate_timeout="5s"):
        pass

    stepping.deploy(Ready)
    assert stepping.engine.directory.pool_size("worker") == 2

    for _ in range(4):
        stepping.advance(6)

    assert stepping.engine.directory.pool_size("worker") == 2


def test_key_of_a_pool_is_executed_once(stepping: StepDriver) -> None:
    stepping.deploy(Worker)
    stepping.deploy(Echo)
    pair = [stepping.send("worker", "work", {"text": "x"}, key="k") for _ in range(2)]

    stepping.run()

    assert [each.result() for each in pair] == ["worker:1:X"] * 2
    assert sum(1 for turn in flatten(stepping.store.turns()) if turn.action == "work") == 1


def test_stateless_actor_remembers_only_while_it_is_active(stepping: StepDriver) -> None:
    stepping.deploy(Visits)
    assert [stepping.ask("visits", "visit") for _ in range(2)] == [1, 2]

    stepping.advance(6)

    assert stepping.ask("visits", "visit") == 1


def test_stateless_turns_are_recorded_without_state(stepping: StepDriver) -> None:
    stepping.deploy(Visits)
    stepping.ask("visits", "visit")

    [turn] = flatten(stepping.store.turns())

    assert (turn.action, turn.state, turn.revision) == ("visit", None, 0)


def test_full_mailbox_refuses_and_changes_nothing(stepping: StepDriver) -> None:
    stepping.deploy(Small)
    sent = [stepping.send("small", "add", {"value": value}) for value in (1, 2, 4)]

    stepping.run()

    with pytest.raises(errors.MailboxFull, match=r"small is full \(2 waiting\)"):
        sent[2].result()
    assert stepping.ask("small", "look") == 3


def test_messages_wait_outside_in_order_and_all_run(stepping: StepDriver) -> None:
    stepping.deploy(Patient)

    for value in range(1, 8):
        stepping.send("patient", "add", {"value": value})
    stepping.run()

    assert stepping.ask("patient", "get") == {"total": 28, "seen": [1, 2, 3, 4, 5, 6, 7]}


def test_asynchronous_caller_is_held_back_until_there_is_room(stepping: StepDriver) -> None:
    stepping.deploy(Patient)
    stepping.ask("patient", "look")
    sent = [stepping.send("patient", "add", {"value": 1}, asynchronous=True) for _ in range(3)]
    assert [each.is_done for each in sent] == [True, True, False]

    stepping.run()

    assert sent[2].is_done


def test_messages_that_nobody_waits_for_are_bounded_outside_too() -> None:
    crowded = driver(mailbox_limit=4)
    crowded.deploy(Patient)

    for n in range(10):
        crowded.submit(build_invocation(f"x{n}", "test", "patient", "add", {"value": 1}, {}), None)

    letters = crowded.engine.feed.recent_letters.values()
    assert [letter.code for letter in letters] == [errors.MailboxFull.code] * 4
    assert crowded.ask("patient", "look") == 6


def test_repeated_keys_let_in_who_waits_outside(stepping: StepDriver) -> None:
    stepping.deploy(Patient)
    stepping.ask("patient", "add", {"value": 1}, key="k")

    sent = [stepping.send("patient", "add", {"value": 1}, key="k") for _ in range(5)]
    stepping.run()

    assert [each.result() for each in sent] == [{"total": 1}] * 5


def test_actor_that_fails_too_often_is_suspended_until_it_is_deployed() -> None:
    stepping = driver(intensity=Intensity(max_failures=2, window_s=60))
    stepping.deploy(Counter)
    for _ in range(3):
        stepping.send("counter", "fail", {"value": 1})
        stepping.run()

    with pytest.raises(errors.ActorSuspended, match="failed 3 times within 60 s"):
        stepping.ask("counter", "look")

    stepping.deploy(Counter)
    assert stepping.ask("counter", "look") == 0


def test_failures_far_apart_suspend_nobody() -> None:
    stepping = driver(intensity=Intensity(max_failures=2, window_s=60))
    stepping.deploy(Counter)
    for _ in range(6):
        stepping.send("counter", "fail", {"value": 1})
        stepping.run()
        stepping.advance(40)

    assert stepping.ask("counter", "look") == 0


def test_failures_of_an_earlier_window_do_not_count_while_the_actor_stays_active() -> None:
    stepping = driver(intensity=Intensity(max_failures=2, window_s=1))
    stepping.deploy(Counter)
    stepping.ask("counter", "look")
    activation = stepping.engine.directory.active[ActorId("test", "counter")]
    for _ in range(6):
        stepping.send("counter", "fail", {"value": 1})
        stepping.run()
        stepping.advance(0.7)

    assert stepping.ask("counter", "look") == 0
    assert stepping.engine.directory.active[ActorId("test", "counter")] is activation


def test_refused_payloads_do_not_suspend() -> None:
    stepping = driver(intensity=Intensity(max_failures=1))
    stepping.deploy(Counter)
    for _ in range(5):
        stepping.send("counter", "add", {"value": "x"})
        stepping.run()

    assert stepping.ask("counter", "look") == 0


@pytest.fixture
def guarded() -> StepDriver:
    rules = AccessRules([parse_policy("echo", "type: deny\nactors: caller\nactions: say")])
    return driver(rules=rules)


def test_denied_call_is_refused_outside_the_actor(guarded: StepDriver) -> None:
    guarded.deploy(Echo)
    guarded.deploy(Caller)

    with pytest.raises(errors.AccessDenied, match=r"caller may not call echo\.say: policy 'echo' denies it"):
        guarded.ask("caller", "ask", {"text": "hi"})

    assert [turn.actor.name for turn in flatten(guarded.store.turns())] == ["caller"]


def test_allowed_call_goes_through(guarded: StepDriver) -> None:
    guarded.deploy(Echo)

    assert guarded.ask("echo", "say", {"text": "hi"}) == "HI"


def test_pool_works_under_both_drivers(system: System) -> None:
    system.deploy(Worker)
    system.deploy(Echo)

    assert system.ask("worker", "work", {"text": "x"}) == "worker:1:X"
