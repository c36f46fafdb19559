"""Ending an action whose turn was given up: an exception raised in the middle of the user's code, in that thread.

Python can raise an exception in another thread, which sees it at its next bytecode.  In code of the runtime that could leave a lock
held or a turn half done, so it is raised only while the innermost code is the user's own, and nothing of the runtime waits below it
but the host that called the action.  The order of steps makes sure of it:

1. the turn is given up: what the action still does is fenced off;
2. the thread is marked.  From here on it passes `Ending.absorb` on its way out of the action, before it touches anything of ours;
3. under the lock of the ending, its frames are looked at, and the exception is raised if they are the user's;
4. `absorb` takes that lock, and takes back what was raised and has not arrived.

An action may catch the exception, and sits in C code as long as it likes; so it is tried again for a bounded time.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from runtime.drivers.replies import frozen_s
from runtime.drivers.service import Problems, ServiceThread
from runtime.engine.commands import Run
from runtime.errors import ActionTimeout, InvocationAbandoned, SpawnError
from runtime.hosts.in_process import refused
from runtime.hosts.tracebacks import code_place
from runtime.records import Invocation, Outcome

if TYPE_CHECKING:
    from runtime.drivers.thread_driver import ThreadDriver

_OURS = tuple(str(Path(__file__).parents[2] / package) + "/" for package in ("runtime", "workbench"))
_CALLING = tuple(
    str(Path(__file__).parents[1] / part)
    for part in ("hosts/in_process.py", "hosts/program.py", "wire/codecs/", "fields.py", "admission.py")
)
"""Our code that calls the user's, and holds no lock meanwhile."""

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = [ctypes.c_ulong, ctypes.py_object]
_take_back = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


class ActionEnded(BaseException):
    """Raised inside an action whose turn was given up.  No `Exception`, so that `except Exception` lets it through."""


class Ending:
    """The end of what one thread runs."""

    def __init__(self, ident: int) -> None:
        """`ident` is the thread's identifier."""
        self._ident = ident
        self._lock = threading.Lock()
        self.is_over = False
        """The thread has come out of the action; nothing is raised in it any more."""

    def attempt(self) -> str:
        """Raise the exception if the thread is in the user's code; where it is, as file, line and text.  From another thread."""
        with self._lock:
            frame = sys._current_frames().get(self._ident)
            if not self.is_over and is_in_users_code(frame):
                _raise_in(self._ident, ActionEnded)
            return code_place(frame)

    def absorb(self) -> None:
        """Nothing is raised from here on, and what was raised does not arrive.  On the thread itself."""
        while not self.is_over:
            try:
                with self._lock:
                    _take_back(self._ident, None)
                    self.is_over = True
            except ActionEnded:
                continue


def is_in_users_code(frame: FrameType | None) -> bool:
    """Whether the innermost frames are the user's, or a library's for the user, right above the host's call of the action."""
    innermost = frame
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS):
            return frame is not innermost and name.startswith(_CALLING)
        frame = frame.f_back
    return False


# --- Turns that are given up, and the actions that go on all the same: their callers are told, and the action is ended -----

_LOOK_S = 0.005
_TRIED_S = 2.0
"""For how long it is tried to end an action."""
_SOON_S = 0.5
"""How long who gives a turn up waits for its action to end."""
_PAUSE_S = 0.02
_COMES_ROUND_S = 0.1


def let_turns_end(driver: ThreadDriver, timeout_s: float) -> tuple[str, ...]:
    """Give actions that run the time to end; a turn that does not is given up, its caller told, and its action ended.

    Returns:
        A sentence for each that was given up, now or earlier and goes on: whether it has ended.
    """
    earlier = driver.attempts.copy()
    deadline = time.monotonic() + timeout_s
    while (running := _running(driver)) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    for run in running:
        name = run.activation.name
        why = (
            f"{name} did not answer: its actor system was stopped while the action was running.\n"
            f"The state of {name} is as it was before; what the action still does has no effect on it."
        )
        fence(driver, run, InvocationAbandoned(why))
    left = {id(each.run): each.advice() for each in end_actions(driver, running, _SOON_S)} if running else {}
    said = [left.get(id(run), f"{_name(run)} did not end by itself and was ended") for run in running]
    return (*said, *(each.advice() for each in earlier if not each.is_over()))


def give_up(driver: ThreadDriver, run: Run, why: str) -> None:
    """Fail the turn, and end its action: it is tried for seconds, in the background after half of one."""
    fence(driver, run, InvocationAbandoned(why))
    end_soon(driver, run).join(_SOON_S)


def end_overdue(driver: ThreadDriver, run: Run) -> None:
    """Fail a turn that takes longer than its limit, and end its action."""
    invocation, place = run.invocation, ""
    if not run.host.is_async(run):  # of a coroutine, the thread may be anywhere
        with driver.lock:
            ident = driver.pool.ident_of(run)
        frame = sys._current_frames().get(ident)
        place = code_place(frame) if frame is not None else ""
    fence(driver, run, ActionTimeout(invocation.actor.name, invocation.action, run.timeout_ms / 1_000, place))
    end_soon(driver, run)


def end_soon(driver: ThreadDriver, run: Run) -> ServiceThread:
    """End the action of a turn that was given up, on a thread of its own."""

    def end() -> None:
        end_actions(driver, [run], _TRIED_S)

    thread = ServiceThread(end, "wb-ending", driver.problems)
    thread.start()
    return thread


def end_actions(driver: ThreadDriver, runs: Sequence[Run], timeout_s: float) -> list[Attempt]:
    """Try to end the actions of turns that were given up; those that could not be ended, which are noted, with where they are.

    An action that keeps the loop of coroutines and cannot be ended is left to itself with that loop: another one goes on, and turns
    of other actors that waited on it fail.
    """
    attempts = [Attempt(driver, run) for run in runs]
    driver.attempts += attempts
    deadline = time.monotonic() + timeout_s
    while (left := [each for each in attempts if not each.is_over()]) and time.monotonic() < deadline:
        for each in left:
            each.repeat()
        time.sleep(_PAUSE_S)
    for each in left:
        driver.problems.note(each.advice())
        if each.keeps_loop and not driver.is_stopping():
            each.is_left_alone = True
            _go_on_without(driver, each.run)
    driver.attempts[:] = [each for each in driver.attempts if not each.is_over()]
    return left


def runaways(driver: ThreadDriver) -> list[str]:
    """Actions that go on although their turns were given up, as `actor.action`; none a moment after the last one has ended."""
    return [_name(each.run) for each in driver.attempts.copy() if not each.is_over()]


class Attempt:
    """To end one action."""

    def __init__(self, driver: ThreadDriver, run: Run) -> None:
        self.run, self._driver, self._place = run, driver, ""
        self.is_left_alone = False
        """The loop that it keeps was left to it."""
        self._loop_ident = driver.coroutines.ident
        self._is_async = run.host.is_async(run)
        with driver.lock:
            self._ending = None if self._is_async else driver.pool.mark(run)
        self._came_round = driver.coroutines.cancel(run) if self._is_async else None
        self._cancelled_at = time.monotonic()

    def is_over(self) -> bool:
        if self.is_left_alone:
            return self._loop_ident not in sys._current_frames()
        if self._is_async:
            return not any(each is self.run for each in self._driver.coroutines.running())
        return self._ending is None or self._ending.is_over

    @property
    def keeps_loop(self) -> bool:
        return self._came_round is not None and not self._came_round.is_set()

    def repeat(self) -> None:
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
        return advice(_name(self.run), self._place)


def advice(name: str, place: str) -> str:
    """What to say of an action (`actor.action`) that could not be ended, and is at `place`."""
    at = f", at {place}" if place else ""
    return (
        f"{name} was given up and could not be ended{at}. Its turn has no effect any "
        "more, but it goes on until that call returns: code outside Python cannot be interrupted, and code that catches every "
        "exception goes on. Restart the kernel to be rid of it; a time-out of the call itself prevents it"
    )


def _running(driver: ThreadDriver) -> list[Run]:
    active = driver.look(lambda engine, _: list(engine.directory.active.values()))
    return [run for each in active if (run := each.running) is not None]


def _name(run: Run) -> str:
    return f"{run.activation.name}.{run.invocation.action}"


def fence(driver: ThreadDriver, run: Run, error: SpawnError) -> None:
    """Fail the turn, unless it has ended: its caller is told, and what its action still does has no effect."""
    outcome = refused(error)
    driver.call(lambda engine, now: engine.finish(run, outcome, now))


def _go_on_without(driver: ThreadDriver, culprit: Run) -> None:
    name = _name(culprit)
    for run in driver.coroutines.replace():
        if run is not culprit:
            why = (
                f"{_name(run)} was lost: {name} kept the event loop that both ran on, and could "
                f"not be ended.\nThe state of {run.activation.name} is as it was before. Call again: another loop goes on."
            )
            fence(driver, run, InvocationAbandoned(why))
    time.sleep(_PAUSE_S)
    with suppress(RuntimeError):  # the driver was stopped meanwhile, and the new loop is closed
        driver.coroutines.urge()


# --- An action that runs in this process for a system of another one, which may give its turn up -------------------------


class HostedAction:
    """One action.  Made on the thread that runs it, or on that of its event loop; `end_soon` is called by any thread."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._ending = Ending(threading.get_ident())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Outcome] | None = None

    @contextmanager
    def here(self) -> Iterator[None]:
        """What is raised to end it does not leave this block."""
        try:
            yield
        except ActionEnded:
            pass  # it came late: no one waits for the outcome
        finally:
            self._ending.absorb()

    def run(self, perform: Callable[[], Outcome]) -> Outcome:
        """The outcome of a plain action; nothing is raised in this thread any more once it is there."""
        outcome = perform()
        self._ending.absorb()
        return outcome

    def start(self, performed: Coroutine[Any, Any, Outcome]) -> asyncio.Task[Outcome]:
        """The task of a coroutine action, on the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._perform(performed))
        return self._task

    async def _perform(self, performed: Coroutine[Any, Any, Outcome]) -> Outcome:
        try:
            return await performed
        finally:
            self._ending.absorb()

    def end_soon(self) -> None:
        """End it, on a thread of its own.  What cannot be ended is said in the actor's log, since it goes on here."""
        ServiceThread(self._end, "wb-ending", Problems()).start()

    def _end(self) -> None:
        if self._loop is not None and not self._keeps_loop(self._loop):
            return
        deadline, place = time.monotonic() + _TRIED_S, ""
        while not self._ending.is_over and time.monotonic() < deadline:
            place = self._ending.attempt() or place
            time.sleep(_PAUSE_S)
        if not self._ending.is_over:
            actor = self._invocation.actor.name
            said = advice(f"{actor}.{self._invocation.action}", place)
            log = logging.getLogger(f"runtime.actors.{actor}")
            log.warning("%s", said, extra={"invocation": self._invocation.id})

    def _keeps_loop(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Cancel the coroutine; whether it does not let its loop come round to that."""
        came_round = threading.Event()

        def cancel() -> None:
            if self._task is not None:
                self._task.cancel()
            came_round.set()

        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(cancel)
        return not came_round.wait(_COMES_ROUND_S) and asyncio.current_task(loop) is self._task


# --- Actions that may take only so long: at its limit a turn fails, its caller is told, and the action is ended -------


class Limited(Protocol):
    """A turn with a limit."""

    @property
    def timeout_ms(self) -> int: ...


T = TypeVar("T", bound=Limited)

_SLICE_S = 0.1
"""How long it waits at once while turns run: time at a breakpoint is noticed at its ends."""


class Limits(Generic[T]):
    """Watches turns that have a limit.  The thread starts with the first; `begin` and `end` are cheap, any thread."""

    def __init__(self, end: Callable[[T], None], name: str, problems: Problems) -> None:
        """`end` is called, by a thread of its own, with a turn whose time is up."""
        self._end, self._name, self._problems = end, name, problems
        self._running: dict[int, tuple[float, T]] = {}
        """By the turn's address: when its time is up, on a clock that stands still where the process does."""
        self._stood_s = 0.0
        """How long the process stood still, at a breakpoint or because the machine slept."""
        self._waits_until = 0.0
        """When the thread looks next, on the same clock."""
        self._changed = threading.Event()
        self._starting = threading.Lock()
        self._thread: ServiceThread | None = None
        self._is_stopped = False

    def begin(self, run: T) -> None:
        """The turn begins now."""
        due = self._now() + run.timeout_ms / 1_000
        self._running[id(run)] = (due, run)
        if due < self._waits_until or self._thread is None:
            self._changed.set()
            self._start()

    def end(self, run: T) -> None:
        """The action has ended, whatever came of it."""
        self._running.pop(id(run), None)

    def stop(self) -> None:
        self._is_stopped = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _now(self) -> float:
        return time.monotonic() - self._stood_s

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._is_stopped:
                self._thread = ServiceThread(self._watch, self._name, self._problems)
                self._thread.start()

    def _watch(self) -> None:
        while not self._is_stopped:
            self._changed.clear()
            self._wait()
            now = self._now()
            for due, run in self._running.copy().values():
                if due <= now and self._running.pop(id(run), None) is not None:
                    self._end(run)

    def _wait(self) -> None:
        """Until the next turn's time may be up, or another turn's is up earlier."""
        self._waits_until = float("inf")  # from here on, who begins wakes this thread
        next_due = min((due for due, _ in self._running.copy().values()), default=None)
        if next_due is None:
            self._changed.wait()
            return
        began = time.monotonic()
        wait_s = min(max(0.0, next_due - self._now()), _SLICE_S)
        self._waits_until = self._now() + wait_s
        self._changed.wait(wait_s)
        self._stood_s += frozen_s(began, wait_s)
