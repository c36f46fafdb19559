"""Turns that are given up, and the actions that go on all the same: whoever waits is told, and the action is ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.drivers.service import ServiceThread
from runtime.engine.commands import Run
from runtime.errors import InvocationAbandoned
from runtime.hosts.outcomes import refused

if TYPE_CHECKING:
    from runtime.drivers.threaded import ThreadedDriver

_LOOK_S = 0.005
_TRIED_S = 2.0
"""For how long it is tried to end an action."""
_SOON_S = 0.5
"""How long who gives a turn up waits for its action to end."""
_PAUSE_S = 0.02
_COMES_ROUND_S = 0.1


def let_turns_end(driver: ThreadedDriver, timeout_s: float) -> None:
    """Give actions that run the time to end; a turn that does not is given up, its caller told, and its action ended."""
    deadline = time.monotonic() + timeout_s
    while (running := _running(driver)) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    for run in running:
        name = run.activation.name
        _fence(
            driver,
            run,
            f"{name} did not answer: its actor system was stopped while the action was running.\n"
            f"The state of {name} is as it was before; what the action still does has no effect on it.",
        )
    if running:
        end_actions(driver, running, _SOON_S)


def give_up(driver: ThreadedDriver, run: Run, why: str) -> None:
    """Fail the turn, and end its action: it is tried for seconds, in the background after half of one."""
    _fence(driver, run, why)
    end_soon(driver, run).join(_SOON_S)


def end_soon(driver: ThreadedDriver, run: Run) -> ServiceThread:
    """End the action of a turn that was given up, on a thread of its own."""
    thread = ServiceThread(lambda: end_actions(driver, [run], _TRIED_S), "wb-ending", driver.problems)
    thread.start()
    return thread


def end_actions(driver: ThreadedDriver, runs: Sequence[Run], timeout_s: float) -> None:
    """Try to end the actions of turns that were given up.  What cannot be ended is noted, with where it is.

    An action that keeps the loop of coroutines and cannot be ended is left to itself with that loop: another one goes on, and turns
    of other actors that waited on it fail.
    """
    ways = [_WayOut(driver, run) for run in runs]
    deadline = time.monotonic() + timeout_s
    while (left := [each for each in ways if not each.is_over()]) and time.monotonic() < deadline:
        for each in left:
            each.attempt()
        time.sleep(_PAUSE_S)
    for each in left:
        driver.problems.note(each.advice())
        if each.keeps_loop and not driver.is_stopping():
            _go_on_without(driver, each.run)


class _WayOut:
    """One action that is to end."""

    def __init__(self, driver: ThreadedDriver, run: Run) -> None:
        self.run, self._driver, self._place = run, driver, ""
        self._is_async = run.host.is_async(run)
        with driver.lock:
            self._ending = None if self._is_async else driver.pool.mark(run)
        self._came_round = driver.coroutines.cancel(run) if self._is_async else None
        self._cancelled_at = time.monotonic()

    def is_over(self) -> bool:
        if self._is_async:
            return not any(each is self.run for each in self._driver.coroutines.running())
        return self._ending is None or self._ending.is_over

    @property
    def keeps_loop(self) -> bool:
        return self._came_round is not None and not self._came_round.is_set()

    def attempt(self) -> None:
        coroutines = self._driver.coroutines
        if self._is_async and time.monotonic() - self._cancelled_at < _COMES_ROUND_S:
            return
        if self._is_async and not self.keeps_loop:  # it caught the cancellation
            self._came_round, self._cancelled_at = coroutines.cancel(self.run), time.monotonic()
            return
        ending = coroutines.ending_of(self.run) if self._is_async else self._ending
        if ending is not None:
            self._place = ending.attempt() or self._place

    def advice(self) -> str:
        run = self.run
        place = f", at {self._place}" if self._place else ""
        return (
            f"{run.activation.name}.{run.invocation.action} was given up and could not be ended{place}. Its turn has no effect any "
            "more, but it goes on until that call returns: code outside Python cannot be interrupted, and code that catches every "
            "exception goes on. Restart the kernel to be rid of it; @action(timeout=…) or a time-out of the call itself prevents it"
        )


def _running(driver: ThreadedDriver) -> list[Run]:
    active = driver.look(lambda engine, _: list(engine.directory.active.values()))
    return [run for each in active if (run := each.running) is not None]


def _fence(driver: ThreadedDriver, run: Run, why: str) -> None:
    outcome = refused(InvocationAbandoned(why))
    driver.call(lambda engine, now: engine.finish(run, outcome, now))


def _go_on_without(driver: ThreadedDriver, culprit: Run) -> None:
    name = f"{culprit.activation.name}.{culprit.invocation.action}"
    for run in driver.coroutines.replace():
        if run is not culprit:
            _fence(
                driver,
                run,
                f"{run.activation.name}.{run.invocation.action} was lost: {name} kept the event loop that both ran on, and could "
                f"not be ended.\nThe state of {run.activation.name} is as it was before. Call again: another loop goes on.",
            )
    time.sleep(_PAUSE_S)
    driver.coroutines.urge()
