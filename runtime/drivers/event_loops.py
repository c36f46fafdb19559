"""Event loops on threads of their own: the one that runs coroutine actions, and the one that gRPC shares.

The kernel's own loop stands still while a cell runs, so nothing of an actor may depend on it.  A watchdog says which action
keeps a loop from running the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from runtime.drivers.service import Problems, ServiceThread
from runtime.hosts.tracebacks import code_place
from runtime.records import Invocation

LOOP_ENDS_S = 2.0
"""How long a stop waits for a loop and the thread that it is on."""


class LoopThread:
    """A daemon thread with a running loop (uvloop where it is installed)."""

    def __init__(self, name: str, problems: Problems | None = None) -> None:
        """`problems` is told what would have ended the loop."""
        self.loop: asyncio.AbstractEventLoop = new_loop()
        self._name, self._problems = name, problems or Problems()
        self._is_ending = False
        self._posted: deque[Callable[[], Coroutine[Any, Any, None]]] = deque()
        self._is_scheduled = False
        self._at_pause: dict[Callable[[], None], None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._running_in = 0
        self._thread = ServiceThread(self._run, name, self._problems)

    def start(self) -> None:
        self._thread.start()

    def post(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have the coroutine that `make` makes run as a task of its own.  Called by any thread."""
        self._posted.append(make)
        if not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon_threadsafe(self._launch)

    def at_pause(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once, however often it was asked for, after the tasks that are ready now.  On the loop."""
        if self.loop.is_closed():
            return  # only a coroutine that no one will go on with asks for it now
        if not self._at_pause:
            self.loop.call_soon(self._pause)
        self._at_pause[callback] = None

    def stop(self, timeout_s: float = LOOP_ENDS_S) -> None:
        """Cancel what runs, end the loop and the thread."""
        if not self._thread.is_alive:
            return
        self.loop.call_soon_threadsafe(self._wind_up)
        self._thread.join(timeout_s)

    @property
    def ident(self) -> int:
        """The thread's identifier; 0 before it runs."""
        return self._thread.ident

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this loop's thread."""
        return threading.get_ident() == self._running_in

    def _launch(self) -> None:
        self._is_scheduled = False
        posted = self._posted
        while posted:
            task = self.loop.create_task(posted.popleft()())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _pause(self) -> None:
        callbacks, self._at_pause = self._at_pause, {}
        for callback in callbacks:
            callback()

    def _wind_up(self) -> None:
        self._is_ending = True
        for task in self._tasks:
            task.cancel()
        self.loop.call_soon(self.loop.stop)

    def _run(self) -> None:
        self._running_in = threading.get_ident()
        asyncio.set_event_loop(self.loop)
        while not self._is_ending:
            run_on(self.loop, self._name, self._problems)
        try:
            pending = [task for task in self._tasks if not task.done()]
            if pending:
                self.loop.run_until_complete(asyncio.wait(pending, timeout=1.0))
        except BaseException as error:  # noqa: BLE001 - of a task that was cancelled and exits instead
            self._problems.note(f"A task on {self._name} failed while the loop ended", error)
        finally:
            self.loop.close()


def run_on(loop: asyncio.AbstractEventLoop, name: str, problems: Problems) -> None:
    """Run the loop until something stops it; `SystemExit` or the like of a task is noted and ends nothing but that task."""
    try:
        loop.run_forever()
    except BaseException as error:  # noqa: BLE001 - asyncio lets a task's SystemExit and KeyboardInterrupt out of the loop
        problems.note(f"The event loop {name} was interrupted and goes on", error)


_CLOSED = "Event loop is closed"


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed, which it is not on Windows."""
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
    loop.set_exception_handler(_report)
    return loop


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """As asyncio does, but for what is no error: an answer of gRPC that comes for a loop that has ended.

    gRPC has one queue of answers in a process; whichever loop reads it hands each to the loop that waits for it, and finds some
    closed.  No one waits for those any more.
    """
    is_late = "PollerCompletionQueue" in str(context.get("message")) and str(context.get("exception")) == _CLOSED
    if not is_late:
        loop.default_exception_handler(context)


# --- An event loop on a thread of its own, for one server or client ---------------------------------------------------

T = TypeVar("T")


class OwnLoop:
    """Runs from the start until `stop`; the thread is a daemon, so it never keeps a process alive."""

    def __init__(self, name: str) -> None:
        self.loop = new_loop()
        self._name, self._problems = name, Problems()
        self._is_ending = False
        self._thread = ServiceThread(self._run, name, self._problems)
        self._thread.start()

    def wait(self, coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """Have the loop run the coroutine; its result.  From any other thread.

        Raises:
            TimeoutError: it did not end in time; it is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    def stop(self, timeout_s: float = 2.0) -> None:
        """Cancel what runs, end the loop and the thread.  Safe to call twice."""
        if self._thread.is_alive and not self.loop.is_closed():
            self._is_ending = True
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout_s)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._is_ending:
            run_on(self.loop, self._name, self._problems)
        try:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
        except BaseException as error:  # noqa: BLE001 - of a task that was cancelled and exits instead
            self._problems.note(f"A task on {self._name} failed while the loop ended", error)
        finally:
            self.loop.close()


# --- The one event loop on which everything of gRPC in this process runs ----------------------------------------------
# gRPC's asyncio side has one poller for the process, which hands events to the loops that its objects were made on.
# With several loops, those of a client that has just been closed get events that are late, and others wait for them.

_LATE_S = 0.05
"""How long the loop goes on after its last user, for what is still being cancelled."""


class SharedLoop:
    """A loop's thread that is there while it is used."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        self._users = self._process = 0

    def acquire(self) -> LoopThread:
        """The thread, which runs until each `acquire` has had its `release`."""
        with self._lock:
            if self._thread is None or self._process != os.getpid():  # threads do not survive a fork
                self._thread, self._users, self._process = LoopThread(self._name), 0, os.getpid()
                self._thread.start()
            self._users += 1
            return self._thread

    def release(self, thread: LoopThread) -> None:
        """The caller has closed all that it made on the loop; the last one ends the thread."""
        with self._lock:
            if thread is not self._thread:
                return
            self._users -= 1
            if self._users:
                return
            self._thread = None
        run(thread, asyncio.sleep(_LATE_S))
        thread.stop()


def run(thread: LoopThread, work: Coroutine[Any, Any, T], timeout_s: float = 10.0) -> T:
    """The result of a coroutine of the loop, for a thread that may wait.

    Raises:
        TimeoutError: there is none in time.
    """
    return asyncio.run_coroutine_threadsafe(work, thread.loop).result(timeout_s)


grpc_loop = SharedLoop("wb-grpc")
"""For every gRPC server and client of this process."""


# --- Who keeps an event loop from running everybody else --------------------------------------------------------------
# A coroutine action that calls something that blocks (`time.sleep`, `requests.get`, a long computation) stops all other
# coroutine actions, and nothing says so.  The watchdog does: in the actor's log, with the line, and in the system's
# status.

PATIENCE_S = 0.1
"""How long one action may keep the loop before it is named."""


class Blocker(NamedTuple):
    """The action that holds a loop up."""

    invocation: Invocation
    since: float
    """On the monotonic clock."""
    where: str
    """File, line and text of the code that does not come back."""

    def __str__(self) -> str:
        action = f"{self.invocation.actor.name}.{self.invocation.action}"
        return f"{action} since {time.monotonic() - self.since:.1f} s, at {self.where}"


class Watchdog:
    """Watches one loop for as long as there are coroutine actions on it."""

    def __init__(
        self,
        thread: LoopThread,
        invocation_of: Callable[[asyncio.Task[Any]], Invocation | None],
        name: str,
        problems: Problems,
    ) -> None:
        """`invocation_of` says which invocation a task of the loop runs."""
        self._loop_thread, self._loop, self._invocation_of = thread, thread.loop, invocation_of
        self._has_work, self._is_watching = threading.Event(), False
        self._has_beaten = threading.Event()
        self._stopped = threading.Event()
        self.blocker: Blocker | None = None
        self._thread = ServiceThread(self._run, name, problems)

    def start(self) -> None:
        self._thread.start()

    def watch(self, has_work: bool) -> None:
        """Called on the loop: there are coroutine actions from now on, or there are none any more."""
        if has_work == self._is_watching:
            return
        self._is_watching = has_work
        if has_work:
            self._has_work.set()
        else:
            self._has_work.clear()

    def stop(self) -> None:
        self._stopped.set()
        self._has_work.set()
        self._has_beaten.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._has_work.wait()
            asked = time.monotonic()
            if self._ask() and not self._has_beaten.wait(PATIENCE_S):
                self._wait_for(asked)
            self._stopped.wait(PATIENCE_S)

    def _ask(self) -> bool:
        """Have the loop show that it comes round; False once it is closed."""
        self._has_beaten.clear()
        try:
            self._loop.call_soon_threadsafe(self._has_beaten.set)
        except RuntimeError:
            self._stopped.set()
        return not self._stopped.is_set()

    def _wait_for(self, since: float) -> None:
        """The loop does not come round: say who keeps it, until it does."""
        while not self._stopped.is_set():
            found = self._find(since)
            if found is not None and (self.blocker is None or found.invocation is not self.blocker.invocation):
                self._tell(found)
            self.blocker = found
            if self._has_beaten.wait(PATIENCE_S):
                break
        self.blocker = None

    def _find(self, since: float) -> Blocker | None:
        task = asyncio.current_task(self._loop)
        invocation = self._invocation_of(task) if task is not None else None
        if invocation is None:
            return None
        return Blocker(invocation, since, code_place(sys._current_frames().get(self._loop_thread.ident)))

    def _tell(self, blocker: Blocker) -> None:
        invocation = blocker.invocation
        logging.getLogger(f"runtime.actors.{invocation.actor.name}").warning(
            "%s.%s keeps every other coroutine action waiting, at %s. "
            "Await something that does not block there, or make the action a plain def, which may block.",
            invocation.actor.name,
            invocation.action,
            blocker.where,
            extra={"invocation": invocation.id},
        )
