"""Actors that stop at messages, and what can be done to those that wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from runtime import Actor, action, errors, timer
from runtime.drivers.step_driver import Pending, StepDriver
from runtime.engine.engine import Engine
from runtime.ids import ActorId
from runtime.records import Invocation
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.engine.actors import Account, Counter, Starter
from tests.runtime.engine.conftest import Stepped, System, Threaded, actor

COUNTER = actor("counter")


class Ticking(Actor, name="ticking", deactivate_timeout="2s"):
    ticks: int = 0

    @timer(every="1s")
    def tick(self) -> None:
        self.ticks += 1

    @action
    def look(self) -> int:
        return self.ticks


def engine_of(stepping: StepDriver) -> tuple[Engine, int]:
    return stepping.engine, stepping.clock.now_us()


def is_add(invocation: Invocation) -> bool:
    return invocation.action == "add"


def values_over(limit: int) -> Callable[[Invocation], bool]:
    return lambda invocation: invocation.payload is not None and int(invocation.payload.data[9:-1]) > limit


def held_with(stepping: StepDriver, *values: int, when: Any = None) -> list[Pending]:
    """`counter`, held, with one `add` for each value in its mailbox."""
    stepping.deploy(Counter)
    stepping.engine.breakpoints.hold(COUNTER, when)
    sent = [stepping.send("counter", "add", {"value": value}) for value in values]
    stepping.run()
    return sent


def seen(stepping: StepDriver) -> list[int]:
    stepping.engine.breakpoints.release(COUNTER)
    stepping.run()
    return list(stepping.ask("counter", "get")["seen"])


def waiting_ids(stepping: StepDriver) -> list[str]:
    return [each.invocation.id for each in stepping.engine.breakpoints.waiting(COUNTER)]


def test_held_actor_takes_messages_and_runs_none(stepping: StepDriver) -> None:
    first, second = held_with(stepping, 1, 2)

    assert not first.is_done
    assert not second.is_done
    assert len(waiting_ids(stepping)) == 2
    assert stepping.step() is None


def test_release_runs_what_waits_in_order(stepping: StepDriver) -> None:
    held_with(stepping, 1, 2, 3)

    assert seen(stepping) == [1, 2, 3]


def test_step_runs_exactly_one_message(stepping: StepDriver) -> None:
    first, second = held_with(stepping, 1, 2)

    passed = stepping.engine.breakpoints.step(COUNTER)
    stepping.run()

    assert passed == first.invocation.id
    assert first.result() == {"total": 1}
    assert not second.is_done


def test_step_without_a_message_passes_nothing_later(stepping: StepDriver) -> None:
    held_with(stepping)

    assert stepping.engine.breakpoints.step(COUNTER) is None
    later = stepping.send("counter", "add", {"value": 1})
    stepping.run()

    assert not later.is_done


def test_condition_lets_messages_pass_until_one_meets_it(stepping: StepDriver) -> None:
    first, second, third = held_with(stepping, 1, 9, 2, when=values_over(5))

    assert first.is_done
    assert not second.is_done
    assert not third.is_done


def test_going_on_runs_to_the_next_message_that_meets_the_condition(stepping: StepDriver) -> None:
    sent = held_with(stepping, 9, 1, 8, 2, when=values_over(5))

    stepping.engine.breakpoints.go_on(COUNTER)
    stepping.run()

    assert [each.is_done for each in sent] == [True, True, False, False]


def test_condition_that_raises_stops_and_says_why(stepping: StepDriver) -> None:
    [sent] = held_with(stepping, 1, when=lambda _: 1 / 0)

    assert not sent.is_done
    hold = stepping.engine.breakpoints.of(COUNTER)
    assert hold is not None
    assert hold.trouble == "ZeroDivisionError: division by zero"


def test_dropped_messages_caller_gets_one_clear_error(stepping: StepDriver) -> None:
    first, _ = held_with(stepping, 1, 2)

    stepping.carry_out(stepping.engine.breakpoints.drop(COUNTER, first.invocation.id, 0))

    with pytest.raises(errors.MessageDropped, match=r"counter\.add was dropped by hand"):
        first.result()
    assert seen(stepping) == [2]


def test_duplicate_runs_behind_its_original_and_answers_nobody(stepping: StepDriver) -> None:
    first, _ = held_with(stepping, 1, 2)

    copy = stepping.engine.breakpoints.duplicate(COUNTER, first.invocation.id, 0)

    assert copy not in (first.invocation.id, "")
    assert seen(stepping) == [1, 1, 2]
    assert first.result() == {"total": 1}


def test_duplicate_with_a_key_is_executed_once(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    stepping.engine.breakpoints.hold(COUNTER, None)
    sent = stepping.send("counter", "add", {"value": 4}, key="order-17")
    stepping.run()

    stepping.engine.breakpoints.duplicate(COUNTER, sent.invocation.id, 0)

    assert seen(stepping) == [4]


@pytest.mark.parametrize(("to", "order"), [(0, [3, 1, 2]), (1, [1, 3, 2]), (-1, [1, 2, 3])])
def test_moved_message_runs_at_its_new_place(stepping: StepDriver, to: int, order: list[int]) -> None:
    *_, third = held_with(stepping, 1, 2, 3)

    stepping.engine.breakpoints.move(COUNTER, third.invocation.id, to)

    assert seen(stepping) == order


def test_place_that_does_not_exist_is_refused(stepping: StepDriver) -> None:
    first, _ = held_with(stepping, 1, 2)

    with pytest.raises(errors.BadSetting, match="no place 2 in the mailbox of counter: 2 wait"):
        stepping.engine.breakpoints.move(COUNTER, first.invocation.id, 2)


def test_message_that_was_processed_cannot_be_changed(stepping: StepDriver) -> None:
    first, _ = held_with(stepping, 1, 2)
    stepping.engine.breakpoints.step(COUNTER)
    stepping.run()

    for change in (
        lambda: stepping.engine.breakpoints.drop(COUNTER, first.invocation.id, 0),
        lambda: stepping.engine.breakpoints.duplicate(COUNTER, first.invocation.id, 0),
        lambda: stepping.engine.breakpoints.move(COUNTER, first.invocation.id, 0),
    ):
        with pytest.raises(errors.UnknownMessage, match="waits in the mailbox of counter"):
            change()


def test_init_is_not_held_and_stays_first(stepping: StepDriver) -> None:
    stepping.deploy(Starter)
    stepping.engine.breakpoints.hold(actor("starter"), None)
    stepping.send("starter", "get")
    stepping.run()

    assert len(stepping.engine.breakpoints.waiting(actor("starter"))) == 1
    assert stepping.engine.directory.active[actor("starter")].turns == 1


def test_held_actor_is_not_deactivated_while_messages_wait(stepping: StepDriver) -> None:
    [sent] = held_with(stepping, 1)

    stepping.advance(3_600)
    assert COUNTER in stepping.engine.directory.active

    assert seen(stepping) == [1]
    assert sent.is_done


def test_hold_outlives_a_deactivation(stepping: StepDriver) -> None:
    held_with(stepping)
    stepping.engine.breakpoints.step(COUNTER)
    stepping.advance(3_600)

    later = stepping.send("counter", "add", {"value": 1})
    stepping.run()

    assert not later.is_done


def test_timer_of_a_held_actor_leaves_one_tick_waiting(stepping: StepDriver) -> None:
    stepping.deploy(Ticking)
    stepping.run()
    stepping.engine.breakpoints.hold(actor("ticking"), None)

    for _ in range(10):
        stepping.advance(1)
        stepping.run()

    assert len(stepping.engine.breakpoints.waiting(actor("ticking"))) == 1


def test_stop_answers_those_who_wait_at_a_hold(stepping: StepDriver) -> None:
    [sent] = held_with(stepping, 1)

    stepping.carry_out(stepping.engine.stop(0))

    with pytest.raises(errors.SystemStopped):
        sent.result()


def test_message_can_be_dropped_from_a_waiting_line_outside(stepping: StepDriver) -> None:
    class Small(Counter, name="counter", mailbox=(1, "wait")):
        pass

    stepping.deploy(Small)
    stepping.engine.breakpoints.hold(COUNTER, None)
    first = stepping.send("counter", "add", {"value": 1})
    second = stepping.send("counter", "add", {"value": 2})
    stepping.run()

    stepping.carry_out(stepping.engine.breakpoints.drop(COUNTER, first.invocation.id, 0))

    assert waiting_ids(stepping) == [second.invocation.id]


def test_template_for_children_cannot_be_held_itself(stepping: StepDriver) -> None:
    stepping.deploy(Account)

    with pytest.raises(errors.BadSetting, match="it is a template without a mailbox of its own"):
        stepping.engine.breakpoints.hold(actor("account"), None)


def test_step_of_an_actor_that_is_not_held_says_so(stepping: StepDriver) -> None:
    stepping.deploy(Counter)

    with pytest.raises(errors.BadSetting, match="counter is not held"):
        stepping.engine.breakpoints.step(COUNTER)


def call(system: System, event: Callable[[Engine, int], Any]) -> Any:
    """An event of the engine, under either driver; carries out what it commands."""
    if isinstance(system, Stepped):
        result = event(system.driver.engine, system.driver.clock.now_us())
        system.driver.carry_out(result if isinstance(result, list) else [])
        system.driver.run()
        return result
    assert isinstance(system, Threaded)
    kept: list[Any] = []

    def keep(engine: Engine, now_us: int) -> Any:
        kept.append(event(engine, now_us))
        return kept[0] if isinstance(kept[0], list) else None

    system.system.driver.call(keep)
    return kept[0]


def test_condition_and_release_work_under_both_drivers(system: System) -> None:
    system.deploy(Counter)
    call(system, lambda engine, _: engine.breakpoints.hold(COUNTER, is_add))

    assert system.ask("counter", "look") == 0
    system.send("counter", "add", {"value": 3}, asynchronous=True)
    call(system, lambda engine, _: engine.breakpoints.release(COUNTER))

    assert system.ask("counter", "look") == 3


def test_every_caller_of_a_held_actor_is_answered_once() -> None:
    with embedded() as system:
        system.deploy(Counter)
        system.driver.call(lambda engine, _: engine.breakpoints.hold(ActorId(system.name, "counter"), None))
        answers: list[Any] = []

        def ask(value: int) -> None:
            try:
                answers.append(system.invoke("counter", "add", {"value": value}))
            except errors.SpawnError as error:
                answers.append(error.code)

        callers = [threading.Thread(target=ask, args=(value,)) for value in range(8)]
        for each in callers:
            each.start()
        identity = ActorId(system.name, "counter")
        _until(lambda: len(_waiting(system, identity)) == 8, "eight messages wait")
        for invocation in _waiting(system, identity)[:3]:
            system.driver.call(lambda engine, now, it=invocation: engine.breakpoints.drop(identity, it, now))  # type: ignore[misc]
        system.driver.call(lambda engine, _: (engine.breakpoints.release(identity) and []) or [])
        for each in callers:
            each.join(120)

    assert len(answers) == 8
    assert answers.count("message_dropped") == 3


def _waiting(system: EmbeddedSystem, identity: ActorId) -> list[str]:
    return system.driver.look(lambda engine, _: [each.invocation.id for each in engine.breakpoints.waiting(identity)])


def _until(condition: Callable[[], bool], what: str) -> None:
    done = threading.Event()
    for _ in range(2_000):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError(f"it did not happen that {what}")
