"""What a step asks for, done: an action run, the store read.  Whatever goes wrong becomes part of what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from runtime.context import Calls
from runtime.engine.commands import Command, FindKey, Judge, Load, Run
from runtime.engine.system import Engine
from runtime.errors import InternalError, InvocationAbandoned, SpawnError, shown_text, type_name
from runtime.hosts.inprocess import is_being_closed
from runtime.records import Failure, Outcome
from runtime.statestores.base import StateStore

Event = Callable[[Engine, int], list[Command]]
"""Something to tell the engine, under the driver's lock."""


def run(step: Run, calls: Calls) -> Outcome:
    """Run a plain action to its end, in this thread."""
    try:
        return step.host.run(step, calls)
    except BaseException as error:  # noqa: BLE001 - a defect of a host ends its turn and nothing else
        return host_broke(error)


async def arun(step: Run, calls: Calls, is_stopping: Callable[[], bool]) -> Outcome:
    """Run a coroutine action to its end.  A task that is cancelled ends only if the driver stops: its turns go on in it."""
    try:
        return await step.host.arun(step, calls)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if is_stopping() or task is None:
            raise
        while task.uncancel():
            pass
        return _cancelled(step)
    except GeneratorExit as error:
        if is_being_closed(error):
            raise
        return host_broke(error)
    except BaseException as error:  # noqa: BLE001 - as in `run`
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
    """What tells the engine that a step ended without a result, so that nobody waits for one."""
    if isinstance(step, Run):
        return lambda engine, now_us: engine.finish(step, host_broke(error), now_us)
    if isinstance(step, Judge):
        return lambda engine, _: engine.holds.judged(step, True, f"{type_name(error)}: {shown_text(error)}")
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
    return lambda engine, _: engine.holds.judged(step, is_meant, trouble)


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
