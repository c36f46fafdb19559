"""The driver for real use: the engine under one lock, with threads for actions, recording, time and coroutines.

Every call of the engine happens under `_lock` and takes microseconds; running actions, writing and answering happen
outside it.  No action ever runs in the thread that invoked it, so an interrupt of a cell can only end the wait.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from runtime.authoring.context import Calls
from runtime.clock import Clock
from runtime.config import RuntimeConfig
from runtime.drivers.coroutines import Coroutines
from runtime.drivers.projections import Projections
from runtime.drivers.queues import Inbox, Outbox
from runtime.drivers.recorder import Housekeeping, Recorder, retention_of
from runtime.drivers.runaway import Attempt, Limits, end_overdue, let_turns_end
from runtime.drivers.service import Problems, ServiceThread
from runtime.drivers.spin_wait import SpinWait
from runtime.drivers.worker import WorkerLoop
from runtime.drivers.worker_pool import Worker, WorkerPool
from runtime.engine.commands import Command, Run
from runtime.engine.engine import Engine
from runtime.engine.ready import FairQueue
from runtime.engine.state import EngineOptions
from runtime.errors import StoreError, StoreUnavailable
from runtime.ids import IdSource
from runtime.records import Invocation, Left
from runtime.security.access_policies import rules_of
from runtime.stores.base import Group, Isolated, StateStore
from runtime.stores.isolation import stored_before

T = TypeVar("T")

_LAST_TURNS_S = 2.0
"""How long `stop` waits for turns in progress."""


class Fault(Protocol):
    """Something that goes wrong on purpose until it ends."""

    @property
    def seconds_left(self) -> float: ...

    def end(self) -> None: ...


class ThreadDriver:
    """Runs one engine.  All public methods may be called by any thread."""

    def __init__(self, config: RuntimeConfig, store: StateStore, clock: Clock, ids: IdSource) -> None:
        self.config, self.store, self._clock = config, store, clock
        self.peers: dict[str, ThreadDriver] = {}
        """Other actor systems of this runtime, by name."""
        self.problems = Problems()
        """What went wrong in the threads of this driver."""
        self.outbox = Outbox(config.system, self.peers, self.problems)
        self.projections: Projections | None = None
        """Who serves the projections, once there are any."""
        self.calls: Calls | None = None
        """Set by the owner before the first turn."""
        options = EngineOptions(
            system=config.system,
            durability=config.durability,
            mailbox_limit=config.mailbox_limit,
            rules=rules_of(config.policies),
        )
        bits = random.SystemRandom().getrandbits(64)
        chance = random.Random(bits)
        ready = FairQueue()
        self.engine = Engine(options, head=store.head(), ids=ids, seed=partial(chance.getrandbits, 63), ready=ready)
        self.engine.resume_schedules(store.schedules(), 0)
        self.lock = threading.Lock()
        self.inbox = Inbox(self.engine, clock.now_us)
        self._worker_loop = WorkerLoop(self)
        self.remainder = Remainder(self)
        """What waits when it is to stop."""
        self._local = threading.local()
        self.now_us = clock.now_us
        self.pool = WorkerPool(
            self.lock,
            self._worker_loop.drain,
            self.backlog,
            "wb-action",
            at_tick=self.outbox.wake_ports,
            crowded=partial(setattr, ready, "is_overfull"),
            problems=self.problems,
        )
        self.coroutines = Coroutines("wb-coroutines", self._worker_loop.perform, self._drain_inbox, self.problems)
        self.housekeeping = Housekeeping(store, retention_of(config), clock.now_us, self._note_problem)
        self.recorder = Recorder(
            store,
            has_work=lambda: self.engine.journal.has_work,
            take_group=self._take_group,
            committed=self._group_committed,
            failed=self._store_failed,
            corrected=self._correct,
            noted=self._note_problem,
            interval_s=config.group_interval_ms / 1_000,
            checkpoint_s=config.checkpoint_interval_ms / 1_000,
            name="wb-recorder",
            problems=self.problems,
            housekeeping=self.housekeeping,
        )
        self.limits = Limits[Run](partial(end_overdue, self), "wb-limits", self.problems)
        self.timekeeper = Timekeeper(self._next_wait_s, self._tick, "wb-timekeeper", self.problems)
        self._committed = threading.Condition()
        self.callers = SpinWait(0.000_025)
        """For a thread that waits for its answer."""
        self.attempts: list[Attempt] = []
        """To end actions whose turns were given up: those that may not have come to their end (see `runaway`)."""
        self.faults: Sequence[Fault] = ()
        """Faults that were asked for; they end when the driver stops."""
        self._is_closed = False

    # -- for the owner -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.engine.directory.deployed_before = self._deployed_before()
        self.pool.start()
        self.recorder.start()
        self.timekeeper.start()

    def _deployed_before(self) -> dict[str, bool]:
        """Names of the definitions in the store, and whether the latest one has durable mailboxes."""
        try:
            return {each.name: bool(each.settings.get("durable_mailbox")) for each in self.store.definitions()}
        except StoreError:
            return {}  # a reader of definitions is told

    def look(self, view: Callable[[Engine, int], T]) -> T:
        """What `view(engine, now_us)` sees, under the lock; it must change nothing."""
        self._drain_inbox()
        with self.lock:
            return view(self.engine, self.now_us())

    def call(self, event: Callable[[Engine, int], list[Command] | None]) -> None:
        """Run `event(engine, now_us)` under the lock, then see to what it set in motion."""
        self._drain_inbox()
        with self.lock:
            commands = event(self.engine, self.now_us())
            steps, worker = self.next_up()
        self.begin(steps, worker)
        self.record()
        if commands:
            self.carry_out(commands)

    def submit(self, invocation: Invocation, waiter: object) -> None:
        """Take a message; the waiter gets its answer from some thread."""
        engine = self.engine
        if not invocation.asynchronous and self._leave(invocation, waiter):
            return
        self._drain_inbox()
        with self.lock:
            commands = engine.submit(invocation, waiter, self.now_us())
            steps, worker = self.next_up()
        self.begin(steps, worker)
        if commands:
            self.carry_out(commands)
        if engine.due_queue.has_earlier or engine.journal.is_urgent:
            self.record()

    def post(self, invocation: Invocation) -> bool:
        """Take a message that no one waits for; False if it must be submitted, with a waiter that hears what is wrong."""
        return self._leave(invocation, None)

    def _leave(self, invocation: Invocation, waiter: object) -> bool:
        """Take a message without the lock, if nothing speaks against it, and see to it that a worker looks for it.

        Who parks looks for arrivals last, so one sees the other.
        """
        is_coroutine = self.inbox.leave(invocation, waiter)
        if is_coroutine is None:
            return False
        if self.pool.needs_worker if not is_coroutine else not self.coroutines.is_expected:
            self._drain_inbox()
        return True

    def _drain_inbox(self) -> None:
        """Let in what has arrived, before whatever the caller does next: what one thread does happens in its order."""
        if not self.inbox.arrived:
            return
        with self.lock:
            commands = self.inbox.drain_inbox()
            steps, worker = self.next_up()
        self.begin(steps, worker)
        if commands:
            self.carry_out(commands)

    def next_up(self) -> tuple[list[Run], Worker | None]:
        """Under the lock: the coroutines' turns that can begin now, and a worker for the rest if none drains."""
        engine = self.engine
        steps: list[Run] = []
        while engine.is_next_coroutine():
            step = engine.take(self.now_us())
            assert isinstance(step, Run)
            steps.append(step)
        return steps, self.pool.claim() if self.pool.needs_worker and engine.backlog() else None

    def begin(self, steps: list[Run], worker: Worker | None) -> None:
        """Without the lock: see to what `next_up` gave."""
        for step in steps:
            self.coroutines.post(step)
        if worker is not None:
            self.pool.wake(worker)

    def backlog(self) -> int:
        """Work for workers: how many actors are ready; else, whether messages have arrived that make one so."""
        return len(self.inbox.for_workers) or self.engine.backlog()

    def is_stopping(self) -> bool:
        return self._is_closed

    def serve_projections(self, ids: IdSource) -> Projections:
        """The server of projections, made at the first call."""
        if self.projections is None:
            self.projections = Projections(self.config.system, self.store, self._clock, ids, self, self.problems)
        return self.projections

    def remember(self, worker: Worker) -> None:
        """This thread is that worker."""
        self._local.worker = worker

    def current_worker(self) -> Worker | None:
        """The pool's worker that this thread is, if it is one."""
        return getattr(self._local, "worker", None)

    def flush(self, timeout_s: float) -> int:
        """Wait until all turns that ended before the call are on disk.

        Raises:
            StoreUnavailable: not in time.
        """
        target = self.engine.journal.sequence
        self.recorder.notify()
        self.recorder.hurry()
        with self._committed:
            done = self._committed.wait_for(lambda: self.engine.journal.committed >= target, timeout_s)
        if not done:
            raise StoreUnavailable(
                f"{self.engine.journal.unwritten_text} not yet on disk after {timeout_s:g} s. "
                f"{self.engine.store_error or 'They are retried.'}"
            )
        return self.engine.journal.committed

    def stop(self, timeout_s: float, drain_s: float = 0.0) -> bool:
        """Refuse new messages, let turns end, write everything, end the threads; False if something was left unwritten.

        Args:
            drain_s: for how long, in seconds, messages are processed that were accepted; `remainder` tells what is left.
        """
        if self._is_closed:
            return True
        self._is_closed = True
        for fault in self.faults:
            fault.end()
        turns_s = self.remainder.process(drain_s, _LAST_TURNS_S)
        self.call(lambda engine, now: engine.stop(now))
        self.timekeeper.stop()
        if self.projections is not None:
            self.projections.stop()
        self.remainder.given_up = let_turns_end(self, turns_s)
        self.limits.stop()
        self.pool.stop()
        self.coroutines.stop(is_kept=any(each.keeps_loop for each in self.attempts))
        self._drain_inbox()  # what was left after all is refused
        self.call(lambda engine, now: engine.save_all(now))
        self.remainder.count()
        is_whole = self.recorder.stop(timeout_s) and self.engine.journal.unwritten == 0
        if not is_whole:
            self.call(lambda engine, _: engine.give_up_writing())
        return is_whole

    # -- consequences --------------------------------------------------------------------------------------------------

    def record(self) -> None:
        """Tell the recorder and the timekeeper what there is for them."""
        journal, due_queue = self.engine.journal, self.engine.due_queue
        if journal.is_urgent:
            self.recorder.hurry()
        elif self.recorder.is_idle and journal.has_work:
            self.recorder.notify()
        if due_queue.has_earlier:
            due_queue.has_earlier = False
            self.timekeeper.notify()

    def carry_out(self, commands: list[Command]) -> None:
        self.outbox.carry_out(commands)
        self.outbox.wake_ports()

    # -- recorder and time ---------------------------------------------------------------------------------------------

    def _take_group(self) -> Group | None:
        with self.lock:
            return self.engine.take_group()

    def _group_committed(self) -> None:
        self.call(lambda engine, now: engine.group_committed(now))
        with self._committed:
            self._committed.notify_all()
        if self.projections is not None:
            self.projections.notify()

    def _correct(self, isolated: Isolated) -> None:
        stored = stored_before(self.store, isolated)
        with self.lock:
            self.engine.isolated(isolated, stored, self.now_us())

    def _note_problem(self, what: str) -> None:
        with self.lock:
            self.engine.note_problem(what)

    def _store_failed(self, reason: str) -> None:
        with self.lock:
            self.engine.store_failed(reason, self.now_us())

    def _next_wait_s(self) -> float | None:
        with self.lock:
            due_us = self.engine.due_queue.next_us()
            return None if due_us is None else (due_us - self.now_us()) / 1_000_000

    def _tick(self) -> None:
        self.call(lambda engine, now: engine.tick(now))


# --- The thread that waits for the time: it calls back when the engine's next thing is due ----------------------------

_LONGEST_S = 3600.0


class Timekeeper:
    """Sleeps until the time that `next_wait_s` gives, then calls `tick`."""

    def __init__(
        self, next_wait_s: Callable[[], float | None], tick: Callable[[], None], name: str, problems: Problems
    ) -> None:
        self._next_wait_s, self._tick = next_wait_s, tick
        self._changed = threading.Event()
        self._is_stopped = False
        self._thread = ServiceThread(self._run, name, problems)

    def start(self) -> None:
        self._thread.start()

    def notify(self) -> None:
        """Something is due earlier than what was waited for."""
        self._changed.set()

    def stop(self) -> None:
        self._is_stopped = True
        self._changed.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._is_stopped:
            wait_s = self._next_wait_s()
            if wait_s is None or wait_s > 0:
                self._changed.wait(_LONGEST_S if wait_s is None else min(wait_s, _LONGEST_S))
                self._changed.clear()
            if not self._is_stopped:
                self._tick()


# --- The end: what waits when a driver is to stop ---------------------------------------------------------------------

_LOOK_S = 0.01
_COUNT_S = 0.2


class Remainder:
    """What waits when a driver is to stop: it is processed for a while; what is left then is kept as dead letters.

    `process` is called by the thread that stops the driver.
    """

    def __init__(self, driver: ThreadDriver) -> None:
        self._driver = driver
        self._is_over = threading.Event()
        self.waiting: dict[str, int] | None = None
        """While messages are processed: how many wait, by actor; some tenths of a second old.  None before and after."""
        self.given_up: tuple[str, ...] = ()
        """A sentence for each action that did not end by itself, once the driver has seen to them."""
        self.left = Left()
        """Once the driver has stopped."""

    def cut_short(self) -> None:
        """Leave what still waits, at once.  From any thread, once the stop has begun."""
        self._is_over.set()
        self._driver.call(lambda engine, now: engine.stop(now))

    def process(self, most_s: float, turns_s: float) -> float:
        """Refuse what comes from outside, and let turns run for as long as something that was accepted waits.

        Args:
            most_s: seconds; after these, what waits is left.
            turns_s: seconds for turns in progress when nothing else waits.

        Returns:
            Seconds that turns in progress may still have.
        """
        began, counted_at = time.monotonic(), 0.0
        if most_s <= 0:
            return turns_s
        self._driver.call(lambda engine, _: engine.begin_draining())
        has_waited, self.waiting = False, {}
        while not self._is_over.is_set():
            is_at_work, has_more = self._driver.look(lambda engine, _: (engine.is_at_work, engine.has_accepted()))
            has_waited = has_waited or has_more
            spent_s = time.monotonic() - began
            if not is_at_work or spent_s >= (most_s if has_more else min(most_s, turns_s)):
                break
            if spent_s >= counted_at:
                self.waiting = self._driver.look(lambda engine, _: engine.waiting())
                counted_at = spent_s + _COUNT_S
            self._is_over.wait(_LOOK_S)
        self.waiting = None
        return turns_s if has_waited else max(0.0, turns_s - (time.monotonic() - began))

    def count(self) -> None:
        """Note what is left, once nothing more is processed."""
        self.left = self._driver.look(
            lambda engine, _: Left(letters=engine.letters_left, durable=engine.durable_left, given_up=self.given_up)
        )
