"""What a worker of the pool does: take a step, run it, tell the engine, take the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runtime.authoring.context import Calls
from runtime.drivers.spin_wait import SpinWait
from runtime.drivers.worker_pool import Worker
from runtime.engine.commands import Command, FindKey, Judge, Load, Run, Step
from runtime.engine.engine import Engine
from runtime.engine.state import NOTHING
from runtime.errors import InternalError, InvocationAbandoned, SpawnError, shown_text, type_name
from runtime.hosts.in_process import is_being_closed
from runtime.records import Failure, Outcome
from runtime.stores.base import StateStore

if TYPE_CHECKING:
    from runtime.drivers.thread_driver import ThreadDriver

_REPLIES_TOGETHER = 64


class WorkerLoop:
    """A part of `ThreadDriver` in a file of its own; its methods run in the pool's threads and on the loop of coroutines."""

    def __init__(self, driver: ThreadDriver) -> None:
        self._driver = driver
        self._idle = SpinWait(0.000_015)
        """For a worker that has run out of work."""

    @property
    def _calls(self) -> Calls:
        calls = self._driver.calls
        assert calls is not None, "the owner sets it before the first turn"
        return calls

    def drain(self, worker: Worker) -> None:
        """Run steps until there are none, or too many workers, then park the worker.

        What goes wrong in between fails the step that the worker was at, and ends its thread; another one goes on.
        """
        try:
            self._drain(worker)
        except BaseException as error:
            if worker.ending is None:
                self._give_up(worker.step, error)
                raise
        if worker.ending is not None:
            worker.ending.absorb()
            self._driver.pool.replace(worker)

    def _give_up(self, step: Step | None, error: BaseException) -> None:
        """No one will go on with this step: tell the engine, and through it those who wait."""
        if step is None:
            return
        event, driver = given_up(step, error), self._driver
        driver.call(lambda engine, now_us: event(engine, now_us))

    def _drain(self, worker: Worker) -> None:
        """The loop of `drain`.

        One lock acquisition a turn: finish the last, let in what has arrived, take the next.
        """
        driver, calls = self._driver, self._calls
        driver.remember(worker)
        lock, engine, pool, outbox, recorder = driver.lock, driver.engine, driver.pool, driver.outbox, driver.recorder
        journal, due_queue, now, inbox = engine.journal, engine.due_queue, driver.now_us, driver.inbox
        arrived = inbox.arrived
        done: Run | None = None
        outcome: Outcome | None = None
        commands: list[Command] = NOTHING
        may_watch, another = True, None
        while worker.ending is None:  # else the turn was given up, and what it came to is no one's business
            with lock:
                now_us = now()
                if done is not None and outcome is not None:
                    commands, done = engine.finish(done, outcome, now_us), None
                worker.step = None
                if arrived and (refused := inbox.drain_inbox()):
                    commands = [*commands, *refused]
                worker.steps += 1
                is_surplus = pool.has_surplus if not worker.is_detached else not pool.takes_back(worker)
                step = engine.take(now_us) if not is_surplus else None
                worker.is_busy = step is not None
                if type(step) is not list:
                    worker.step = step
                is_parked = step is None and (is_surplus or not may_watch)
                another = self._park(worker) if is_parked else None
            if commands:
                outbox.carry_out(commands)
                commands = NOTHING
            if step is None or worker.steps % _REPLIES_TOGETHER == 0:
                outbox.wake_ports()
            if recorder.is_idle or journal.is_urgent or due_queue.has_earlier:
                driver.record()
            if is_parked:
                break
            may_watch = step is not None
            if type(step) is Run and not step.host.is_async(step):
                done = step
                try:
                    outcome = step.host.run(step, calls) if not step.timeout_ms else self._limited(step)
                except BaseException as error:  # noqa: BLE001 - a defect of a host ends its turn and nothing else
                    outcome = host_broke(error)
            else:
                commands = self._do(step)
        if another is not None:
            pool.wake(another)

    def _limited(self, step: Run) -> Outcome:
        """Run an action that may take only so long."""
        limits = self._driver.limits
        limits.begin(step)
        try:
            return step.host.run(step, self._calls)
        finally:
            limits.end(step)

    def _park(self, worker: Worker) -> Worker | None:
        """Under the lock: the worker is not needed.  Another one that is, in case work has come up."""
        driver = self._driver
        driver.pool.park(worker)
        return driver.pool.claim() if driver.backlog() else None

    def _do(self, step: Step | list[Command] | None) -> list[Command]:
        """A step that is no plain action, or a look-out where there is none: what is to be carried out next."""
        driver = self._driver
        if step is None:
            self._idle.until(driver.backlog)
            return NOTHING
        if isinstance(step, list):
            return step
        if isinstance(step, Run):
            driver.coroutines.post(step)
            return NOTHING
        event = look_up(step, driver.store)
        with driver.lock:
            return event(driver.engine, driver.now_us())

    async def perform(self, step: Run) -> None:
        """One turn of a coroutine action, from its start to its consequences.  Turns that can follow, follow on this loop."""
        driver = self._driver
        if step.timeout_ms:
            driver.limits.begin(step)
        try:
            outcome = await step.host.arun(step, self._calls)
        except BaseException as error:  # noqa: BLE001 - as in `_drain`
            outcome = ended_by(error, step, driver.is_stopping)
        finally:
            if step.timeout_ms:
                driver.limits.end(step)
        if driver.coroutines.endings:
            driver.coroutines.absorb()
        try:
            self._finish(step, outcome)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other actors go on
            driver.problems.note("A defect in the runtime ended a step", error)
            self._give_up(step, error)

    def _finish(self, step: Run, outcome: Outcome) -> None:
        driver = self._driver
        coroutines = driver.coroutines
        with driver.lock:
            refused = driver.inbox.drain_inbox() if driver.inbox.arrived else NOTHING
            commands = driver.engine.finish(step, outcome, driver.now_us())
            steps, worker = driver.next_up()
        for each in steps:
            coroutines.add(each)
        if worker is not None:
            driver.pool.wake(worker)
        driver.record()
        if refused or commands:
            driver.outbox.carry_out([*refused, *commands] if refused else commands)
            coroutines.at_pause(driver.outbox.wake_ports)


# --- What a step asks for, done: an action run, the store read --------------------------------------------------------
# Whatever goes wrong becomes part of what comes back.

Event = Callable[[Engine, int], list[Command]]
"""Something to tell the engine, under the driver's lock."""


def ended_by(error: BaseException, step: Run, is_stopping: Callable[[], bool]) -> Outcome:
    """The outcome of a coroutine action out of which this came, in its task.

    A task that is cancelled ends only if the driver stops: its turns go on in it.

    Raises:
        CancelledError, GeneratorExit: the task, or its coroutine, is to end.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if is_stopping() or task is None:
            raise error
        while task.uncancel():
            pass
        return _cancelled(step)
    if isinstance(error, GeneratorExit) and is_being_closed(error):
        raise error
    return host_broke(error)


def look_up(step: Load | FindKey | Judge, store: StateStore) -> Event:
    """Ask the store, or the condition of a hold; what is to be told to the engine then."""
    if isinstance(step, Judge):
        return _judged(step)
    try:
        if isinstance(step, Load):
            return _loaded(step, store.load(step.actor))
        return _found(step, store.find_key(step.actor, step.key))
    except BaseException as error:  # noqa: BLE001 - whatever a store raises, those who wait are told
        return _failed(step, error if isinstance(error, SpawnError) else _store_broke(store.url, error))


def given_up(step: Load | FindKey | Judge | Run, error: BaseException) -> Event:
    """What tells the engine that a step ended without a result, so that no one waits for one."""
    if isinstance(step, Run):
        return lambda engine, now_us: engine.finish(step, host_broke(error), now_us)
    if isinstance(step, Judge):
        return lambda engine, _: engine.breakpoints.judged(step, True, f"{type_name(error)}: {shown_text(error)}")
    return _failed(step, InternalError(f"Looking up an actor failed: {type_name(error)}: {shown_text(error)}"))


def _loaded(step: Load, snapshot: Any) -> Event:
    return lambda engine, now_us: engine.loaded(step.actor, snapshot, now_us)


def _found(step: FindKey, turn: Any) -> Event:
    return lambda engine, now_us: engine.key_looked_up(step.activation, turn, now_us)


def _judged(step: Judge) -> Event:
    try:
        is_meant, trouble = bool(step.when(step.invocation)), ""
    except BaseException as error:  # noqa: BLE001 - the user's condition: what it cannot judge stops
        is_meant, trouble = True, f"{type_name(error)}: {shown_text(error)}"
    return lambda engine, _: engine.breakpoints.judged(step, is_meant, trouble)


def _failed(step: Load | FindKey, error: SpawnError) -> Event:
    asking = step.actor if isinstance(step, Load) else step.activation
    return lambda engine, now_us: engine.load_failed(asking, error, now_us)


def _cancelled(step: Run) -> Outcome:
    actor, action = step.invocation.actor.name, step.invocation.action
    error = InvocationAbandoned(
        f"{actor}.{action} was cancelled: something in the action cancelled its own task.\nThe state of {actor} is as before."
    )
    return Outcome(failure=Failure(error.code, str(error)), error=error)


def host_broke(error: BaseException) -> Outcome:
    """The outcome of a turn that its host, or the driver itself, could not bring to an end."""
    defect = InternalError(f"The host failed to run an action: {type_name(error)}: {shown_text(error)}")
    defect.__cause__ = error
    return Outcome(failure=Failure(defect.code, str(defect)), error=defect)


def _store_broke(url: str, error: BaseException) -> SpawnError:
    defect = InternalError(f"The store {url} failed to read: {type_name(error)}: {shown_text(error)}")
    defect.__cause__ = error
    return defect
