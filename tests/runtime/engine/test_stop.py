"""The end of a system."""

from __future__ import annotations

import threading

import pytest

from runtime import Actor, action, errors
from runtime.config import RuntimeConfig
from runtime.drivers.stepping import SteppingDriver
from runtime.local import EmbeddedSystem
from runtime.statestores.registry import open_store
from tests.runtime.engine.actors import Counter
from tests.runtime.engine.conftest import KEY

started, may_end = threading.Event(), threading.Event()


class Slow(Actor, name="slow"):
    done: int = 0

    @action
    def work(self) -> int:
        started.set()
        assert may_end.wait(120), "the test never let the action end"
        self.done += 1
        return self.done


def test_messages_that_wait_are_refused_at_the_end(stepping: SteppingDriver) -> None:
    stepping.deploy(Counter)
    waiting = stepping.send("counter", "add", {"value": 1})

    for command in stepping.engine.stop(stepping.clock.now_us()):
        command.waiter.deliver(command.reply)  # type: ignore[union-attr]

    with pytest.raises(errors.SystemStopped):
        waiting.result()
    with pytest.raises(errors.SystemStopped):
        stepping.ask("counter", "look")


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
