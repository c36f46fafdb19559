"""The end of a system."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from runtime import Actor, action, errors
from runtime.config import RuntimeConfig
from runtime.drivers.step_driver import Pending, StepDriver
from runtime.engine.engine import Engine
from runtime.invocations import build_invocation
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.engine.actors import Counter
from tests.runtime.engine.conftest import KEY, actor

started, may_end = threading.Event(), threading.Event()


class Slow(Actor, name="slow"):
    done: int = 0

    @action
    def work(self) -> int:
        started.set()
        assert may_end.wait(120), "the test never let the action end"
        self.done += 1
        return self.done


def test_messages_that_wait_are_refused_at_the_end(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    waiting = stepping.send("counter", "add", {"value": 1})

    for command in stepping.engine.stop(stepping.clock.now_us()):
        command.waiter.deliver(command.reply)  # type: ignore[union-attr]

    with pytest.raises(errors.SystemStopped):
        waiting.result()
    with pytest.raises(errors.SystemStopped):
        stepping.ask("counter", "look")


CLOSED: dict[str, tuple[Callable[[Engine, int], object], type[errors.SpawnError]]] = {
    "stopped": (lambda engine, now: engine.stop(now), errors.SystemStopped),
    "draining": (lambda engine, _: engine.begin_draining(), errors.SystemStopped),
    "not written": (lambda engine, now: engine.store_failed("The disk is full.", now), errors.StoreUnavailable),
}


@pytest.mark.parametrize("why", list(CLOSED))
def test_message_that_arrived_before_the_end_does_not_enter_after_it(stepping: StepDriver, why: str) -> None:
    close, refusal = CLOSED[why]
    stepping.deploy(Counter)
    stepping.ask("counter", "look")
    pending = Pending(build_invocation(stepping.ids(), actor("counter").system, "counter", "add", {"value": 1}, {}))
    arrival = stepping.engine.precheck(pending.invocation, pending, stepping.clock.now_us(), 0)
    assert arrival is not None, "nothing spoke against it when it arrived"

    close(stepping.engine, stepping.clock.now_us())
    stepping.carry_out(stepping.engine.admit(arrival))

    with pytest.raises(refusal):
        pending.result()
    assert arrival[0].waiting == 0


def test_turn_in_progress_ends_and_is_written_before_the_store_closes() -> None:
    store = open_store("memory://", key=KEY)
    system = EmbeddedSystem(RuntimeConfig(system="test"), store)
    system.deploy(Slow)
    system.invoke("slow", "work", asynchronous=True)
    assert started.wait(120), "the action did not start"

    closing = threading.Thread(target=system.close)
    closing.start()
    may_end.set()
    closing.join(120)

    assert not closing.is_alive()
    assert store.head() == 1


def test_closed_system_says_so() -> None:
    system = EmbeddedSystem(RuntimeConfig(system="test"), open_store("memory://", key=KEY))
    system.close()

    with pytest.raises(errors.SystemStopped, match="'test' is stopped"):
        system.invoke("counter", "add")
