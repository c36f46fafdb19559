"""Actors of kind `task`: each action runs in a worker process, so that computing does not hold up anybody else.

An actor is one and takes its messages one after the other, as any; only its actions are elsewhere.  What it prints, logs and
asks of others goes through this process, in its name.  Its code goes to workers pickled (cloudpickle), from this process to its
own children and to nobody else: a class of a notebook by value, one of a module by the module's name.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from typing import NoReturn

import msgspec

from runtime.config import RuntimeConfig
from runtime.context import Calls, Context
from runtime.definition import ActorDefinition
from runtime.errors import DefinitionError, HostFailed, SpawnError
from runtime.hosts.carrying import carried
from runtime.hosts.inprocess import InProcessHost
from runtime.hosts.outcomes import refused
from runtime.hosts.task_pool import TaskLimits, TaskPool
from runtime.hosts.task_process import WorkerProcess
from runtime.ids import ActorId
from runtime.records import Failure, Outcome, State, Work

__all__ = ["TaskHost", "TaskLimits", "limits_of"]


class TaskHost:
    """Runs actions in worker processes.  Safe from several threads and loops."""

    def __init__(self, limits: TaskLimits = TaskLimits()) -> None:  # noqa: B008 - frozen
        """Starts nothing yet."""
        self._limits = limits
        self._local = InProcessHost()
        """For what needs no action: states before the first turn and in a new shape."""
        self._definitions: dict[str, ActorDefinition] = {}
        self._pickled: dict[str, bytes] = {}
        self.pool = TaskPool(limits)
        # Not a finalizer of this object: workers have to be gone before the interpreter waits for its children.
        atexit.register(_close, weakref.ref(self.pool))

    def prepare(self, definition: ActorDefinition) -> None:
        """See `Host.prepare`.  Workers that have run another definition of this name are replaced by new ones."""
        pickled = _pickled(definition)
        self._local.prepare(definition)
        if any(each.name == definition.name and each.hash != definition.hash for each in self._definitions.values()):
            self.pool.renew()
        self._definitions[definition.hash] = definition
        self._pickled[definition.hash] = pickled

    def definition(self, definition: str) -> ActorDefinition | None:
        """A definition that was prepared here, by its hash."""
        return self._definitions.get(definition)

    def initial(self, definition: str) -> State:
        return self._local.initial(definition)

    def migrated(self, definition: str, state: State) -> State:
        return self._local.migrated(definition, state)

    def is_async(self, work: Work) -> bool:
        return True

    def run(self, work: Work, calls: Calls) -> NoReturn:
        raise NotImplementedError("every turn of a worker process is awaited")

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        """Run the action in a worker.  Cancelling kills that worker, and so does the time-out of calls."""
        if work.invocation.action not in self._definitions[work.definition].actions:
            return self._local.run(work, calls)  # the runtime's own action, which runs no code of the user's
        try:
            worker = await self._worker()
        except SpawnError as error:
            return refused(error)
        worker.turn = Context(work, calls, None, is_async=True)
        try:
            worker.teach(work.definition, self._pickled[work.definition])
            outcome = await asyncio.wait_for(worker.stream.arun(work, calls), self._limits.call_s)
        except TimeoutError:
            worker.end_soon()
            return Outcome(failure=self._stopped(work))
        except BaseException:
            worker.end_soon()
            raise
        finally:
            worker.turn = None
            self.pool.give_back(worker)
        if worker.is_over and outcome.failure is not None and outcome.failure.code == HostFailed.code:
            return msgspec.structs.replace(outcome, failure=_ended(work, await asyncio.to_thread(worker.end)))
        return outcome

    def forget(self, actor: ActorId) -> None:
        """Nothing is kept for an actor between turns."""

    def close(self) -> None:
        """Kill the workers; turns in progress fail.  Safe to call twice."""
        self.pool.close()

    async def _worker(self) -> WorkerProcess:
        taken = self.pool.take()
        try:
            return await asyncio.wrap_future(taken)
        except asyncio.CancelledError:
            if not taken.cancel() and taken.exception() is None:
                self.pool.give_back(taken.result())
            raise

    def _stopped(self, work: Work) -> Failure:
        return Failure(
            HostFailed.code,
            f"{_name(work)} was stopped after {self._limits.call_s:g} s, the time-out of task calls; its worker process was "
            f"killed.\nThe state of {work.invocation.actor.name} is as it was before.",
        )


def limits_of(config: RuntimeConfig) -> TaskLimits:
    """What a runtime's settings say of tasks."""
    return TaskLimits(
        workers=config.task_workers or max(2, os.cpu_count() or 1),
        idle_s=config.task_idle_s,
        boot_s=config.task_boot_timeout_s,
        call_s=config.task_call_timeout_s,
    )


def _pickled(definition: ActorDefinition) -> bytes:
    try:
        return carried(definition)
    except Exception as error:
        raise DefinitionError(
            f"{definition.name} cannot be a task: its code cannot be sent to a worker process ({type(error).__name__}: {error}).\n"
            "Make such things inside the action, or put them into a module and import it there."
        ) from error


def _ended(work: Work, code: int | None) -> Failure:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return Failure(
        HostFailed.code,
        f"{_name(work)} failed: the worker process that ran it ended in the middle ({how}): a crash in native code, "
        f"os._exit, or no memory left.\nIt is not run again; the state of {work.invocation.actor.name} is as it was before.",
    )


def _name(work: Work) -> str:
    return f"{work.invocation.actor.name}.{work.invocation.action}"


def _close(pool: weakref.ref[TaskPool]) -> None:
    if (found := pool()) is not None:
        found.close()
