"""The last turns of a driver that stops: they may end, and whoever waits for one that does not is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runtime.errors import InvocationAbandoned
from runtime.ids import ActorId

if TYPE_CHECKING:
    from runtime.drivers.threaded import ThreadedDriver

_LOOK_S = 0.005


def let_turns_end(driver: ThreadedDriver, timeout_s: float) -> None:
    """Give actions that run the time to end; a turn that does not is given up, and its caller told."""
    deadline = time.monotonic() + timeout_s
    while (running := driver.look(lambda engine, _: engine.running)) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    for actor in running:
        _give_up(driver, actor)


def _give_up(driver: ThreadedDriver, actor: ActorId) -> None:
    error = InvocationAbandoned(
        f"{actor.name} did not answer: its actor system was stopped while the action was running.\n"
        f"The state of {actor.name} is as it was before; what the action still does has no effect on it."
    )
    driver.call(lambda engine, now: engine.abandon(actor, error, now))
