"""Actors of kind `task`: each action runs in a worker process, so that computing does not hold up anybody else.

An actor is one and takes its messages one after the other, as any; only its actions are elsewhere.  What it prints, logs and
asks of others goes through this process, in its name.  Its code goes to workers pickled (cloudpickle), from this process to its
own children and to no one else: a class of a notebook by value, one of a module by the module's name.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
import weakref
from collections import deque
from concurrent.futures import Future
from typing import NoReturn

import msgspec

from runtime.authoring.context import Calls, Context
from runtime.authoring.definition import ActorDefinition
from runtime.background import start_daemon
from runtime.config import RuntimeConfig
from runtime.errors import DefinitionError, HostFailed, SpawnError, SystemStopped
from runtime.hosts.in_process import InProcessHost, refused
from runtime.hosts.pickling import carried
from runtime.hosts.task_worker import WorkerProcess
from runtime.hosts.tracebacks import code_names
from runtime.ids import ActorId
from runtime.records import Failure, Outcome, State, Work

# --- The pool of worker processes -------------------------------------------------------------------------------------
# The worker processes of `TaskHost`: none at rest, as many as turns ask for up to a limit, gone when idle for long.
#
# What a library does and what is done here.  No process pool that is kept both ends one call's process alone and shrinks to
# nothing: loky's and the standard library's executors lose all workers with one, pebble kills one but keeps a fixed number
# alive and looks at them ten times a second, deadpool begins with all of them.  None ties its processes to the life of the
# parent.  So each worker is a process of `child_process`, cloudpickle brings the code there, and which one gets the next turn
# is decided here.


class TaskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many workers, and how long they may take.  Seconds; Spawn's own defaults, but for the number."""

    workers: int = 4
    """At most; further turns wait for one."""
    idle_s: float = 60.0
    """A worker without a turn for so long is ended."""
    boot_s: float = 180.0
    """For a new process to report."""
    call_s: float | None = None
    """For one turn; its worker is killed then.  None for as long as it takes."""


class TaskPool:
    """Hands out workers, one turn to each.  Any thread."""

    def __init__(self, limits: TaskLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        """The one that worked last is last, and taken first: so the others grow old."""
        self._busy: set[WorkerProcess] = set()
        self._booting = 0
        self._wanted: deque[Future[WorkerProcess]] = deque()
        self._generation = 0
        self._janitor: threading.Timer | None = None
        self._is_closed = False

    def take(self) -> Future[WorkerProcess]:
        """A worker of one's own, when one is free.  Its exception: `HostFailed` (it did not start), `SystemStopped`."""
        found: Future[WorkerProcess] = Future()
        with self._lock:
            if self._is_closed:
                found.set_exception(SystemStopped("tasks"))
                return found
            if (worker := self._next_idle()) is not None:
                self._busy.add(worker)
                found.set_result(worker)
                return found
            self._wanted.append(found)
            self._boot_as_needed()
        return found

    def give_back(self, worker: WorkerProcess) -> None:
        """The turn is over; a worker that is not fit for another one is ended."""
        with self._lock:
            self._busy.discard(worker)
            is_fit = not (worker.is_over or self._is_closed or worker.generation != self._generation)
            if is_fit:
                self._hand_over(worker)
            else:
                self._boot_as_needed()
        if not is_fit:
            worker.end_soon()

    def renew(self) -> None:
        """No worker of before takes another turn: modules that they imported may have changed since."""
        with self._lock:
            self._generation += 1
            stale, self._idle = self._idle, []
        for worker in stale:
            worker.end_soon()

    def close(self) -> None:
        """End every worker, also those that work.  Safe to call twice."""
        with self._lock:
            self._is_closed = True
            workers, self._idle, self._busy = [*self._idle, *self._busy], [], set()
            wanted, self._wanted = self._wanted, deque()
            if self._janitor is not None:
                self._janitor.cancel()
        for waiting in wanted:
            if waiting.set_running_or_notify_cancel():
                waiting.set_exception(SystemStopped("tasks"))
        for worker in workers:
            worker.end()

    @property
    def size(self) -> int:
        """Processes that there are, busy or idle."""
        return len(self._idle) + len(self._busy)

    # -- with the lock held --------------------------------------------------------------------------------------------

    def _next_idle(self) -> WorkerProcess | None:
        while self._idle:
            if not (worker := self._idle.pop()).is_over:
                return worker
        return None

    def _boot_as_needed(self) -> None:
        room = self._limits.workers - len(self._idle) - len(self._busy) - self._booting
        for _ in range(min(room, len(self._wanted) - self._booting)):
            self._booting += 1
            start_daemon("wb-task-boot", self._boot, self._generation)

    def _hand_over(self, worker: WorkerProcess) -> None:
        while self._wanted:
            waiting = self._wanted.popleft()
            if waiting.set_running_or_notify_cancel():
                self._busy.add(worker)
                waiting.set_result(worker)
                return
        worker.idle_since = time.monotonic()
        self._idle.append(worker)
        self._watch_idle()

    def _watch_idle(self) -> None:
        if self._janitor is None and self._idle:
            wait_s = max(0.0, self._idle[0].idle_since + self._limits.idle_s - time.monotonic())
            self._janitor = threading.Timer(wait_s, self._end_idle)
            self._janitor.daemon = True
            self._janitor.start()

    # -- threads of their own ------------------------------------------------------------------------------------------

    def _boot(self, generation: int) -> None:
        worker: WorkerProcess | None = None
        problem = ""
        try:
            worker = WorkerProcess()
            worker.generation = generation
            if not worker.wait_until_ready(self._limits.boot_s):
                problem = f"it did not report within {self._limits.boot_s:g} s"
        except Exception as error:  # noqa: BLE001 - whatever the system says; the caller has to know
            problem = f"{type(error).__name__}: {error}"
        with self._lock:
            self._booting -= 1
            if not problem and worker is not None and not self._is_closed and generation == self._generation:
                self._hand_over(worker)
                return
            waiting = self._wanted.popleft() if problem and self._wanted else None
            self._boot_as_needed()
        if worker is not None:
            worker.end()
        if waiting is not None and waiting.set_running_or_notify_cancel():
            waiting.set_exception(HostFailed(f"A worker process for tasks could not be started: {problem}."))

    def _end_idle(self) -> None:
        with self._lock:
            self._janitor = None
            before = time.monotonic() - self._limits.idle_s
            old = [worker for worker in self._idle if worker.idle_since <= before or worker.is_over]
            self._idle = [worker for worker in self._idle if worker not in old]
            self._watch_idle()
        for worker in old:
            worker.end()


# --- Task host --------------------------------------------------------------------------------------------------------


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
        failure = outcome.failure
        if failure is None:
            return outcome
        if worker.is_over and failure.code == HostFailed.code:
            return msgspec.structs.replace(outcome, failure=_ended(work, await asyncio.to_thread(worker.end)))
        # The worker has the code of cells, and not the notebook that could name them.
        named = msgspec.structs.replace(failure, trace=code_names.within(failure.trace))
        return msgspec.structs.replace(outcome, failure=named)

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
