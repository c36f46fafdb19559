"""Where replies go: to a thread that blocks, or to futures of an event loop."""

from __future__ import annotations

import _thread
import asyncio
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from runtime.drivers.spin_wait import SpinWait
from runtime.errors import InternalError, InvocationTimeout, SpawnError, rebuild
from runtime.hosts.tracebacks import passed_on
from runtime.records import Invocation, Reply
from runtime.wire.codecs.values import decode_answer

_SLICE_S = 0.1


def error_of(reply: Reply, invocation: Invocation) -> BaseException | None:
    """The exception that a failed reply means for its caller, who alone has it; None for a success.

    A user's own exception comes as `ActionFailed` with the exception as its cause.
    """
    failure = reply.failure
    if failure is None:
        return None
    if isinstance(reply.error, SpawnError):
        return passed_on(reply.error)
    if failure.code == "action_failed":
        return _action_failed(reply, invocation)
    return rebuild(failure.code, failure.message)


def _action_failed(reply: Reply, invocation: Invocation) -> BaseException:
    from runtime.errors import ActionFailed

    failure = reply.failure
    if failure is None:
        raise InternalError("A failed reply carries no failure.")
    error = ActionFailed(
        invocation.actor.name, invocation.action, failure.type_name, failure.text, failure.trace, reply.invocation
    )
    error.__cause__ = reply.error
    return error


class Waiter(Protocol):
    """The one who waits for the answer to one message."""

    def deliver(self, reply: Reply) -> ReplyPort | None:
        """Called once, by any thread.  A port that comes back must be woken for this, soon."""
        ...


class Settling(Protocol):
    """A waiter on a loop."""

    def settle(self, reply: Reply) -> None:
        """Called on the loop, once; raises nothing."""
        ...


class BlockingWaiter(msgspec.Struct, eq=False):
    """One reply for one thread."""

    watch: SpinWait | None = None
    """Where to look out for the reply before going to sleep."""
    reply: Reply | None = None
    lock: Any = None
    """What the thread sleeps on, once it does.  A raw lock: half the price of a condition or an event."""

    def deliver(self, reply: Reply) -> None:
        """Called once, by any thread."""
        self.reply = reply
        if self.lock is not None:
            self.lock.release()

    def is_answered(self) -> bool:
        return self.reply is not None

    def wait(self, invocation: Invocation, timeout_s: float) -> Any:
        """The decoded response.  An interrupt of the main thread ends the wait, within 0.1 s, and nothing else.

        Raises:
            InvocationTimeout: no reply within `timeout_s`; time that the process stands still does not count.
            SpawnError: what the reply says.
        """
        if self.watch is not None and self.reply is None:
            self.watch.until(self.is_answered)
        if self.reply is None:
            self._sleep(timeout_s)
        reply = self.reply
        if reply is None:
            raise InvocationTimeout(invocation.actor.name, invocation.action, timeout_s)
        if reply.failure is not None:
            error = error_of(reply, invocation)
            assert error is not None
            raise error
        return decode_answer(reply.response)

    def _sleep(self, timeout_s: float) -> None:
        """In slices: a signal that another thread takes wakes no one, and is seen only between two of them."""
        lock = _thread.allocate_lock()
        lock.acquire()
        self.lock = lock
        # The thread that delivers sets the reply, then looks for the lock; here it is the other way round.  So one sees the other.
        began = time.monotonic()
        deadline = began + timeout_s
        while self.reply is None and (left_s := deadline - began) > 0:
            slice_s = min(left_s, _SLICE_S)
            lock.acquire(timeout=slice_s)
            deadline += frozen_s(began, slice_s)
            began = time.monotonic()


class LoopWaiter(msgspec.Struct, eq=False):
    """One reply for one future."""

    port: LoopPort
    future: asyncio.Future[Any]
    invocation: Invocation
    deadline: float
    timeout_s: float

    def deliver(self, reply: Reply) -> ReplyPort | None:
        """Called by any thread, which sees to it that the port that it gets is woken soon."""
        port = self.port
        port.arrived.append((self, reply))
        return None if port.is_scheduled else port

    def settle(self, reply: Reply) -> None:
        """Called on the loop."""
        future = self.future
        if future.done():
            return  # no one waits any more
        if reply.failure is None:
            future.set_result(decode_answer(reply.response))
            return
        error = error_of(reply, self.invocation)
        assert error is not None
        future.set_exception(error)

    def expire(self) -> None:
        """Called on the loop, when the time is up."""
        if self.future.done():
            return
        now = time.monotonic()
        if (late_s := now - self.deadline) > MOST_LATE_S or is_at_breakpoint():
            more_s = max(_SLICE_S, late_s)
            self.deadline = now + more_s
            self.future.get_loop().call_later(more_s, self.expire)
        else:
            invocation = self.invocation
            self.future.set_exception(InvocationTimeout(invocation.actor.name, invocation.action, self.timeout_s))


class ReplyPort:
    """Hands replies to one event loop: those that come on its thread at once, others in batches with one wake-up for each."""

    __slots__ = ("_thread", "arrived", "is_scheduled", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.arrived: deque[tuple[Settling, Reply]] = deque()
        self.is_scheduled = False
        """The loop will look at what arrived: it need not be woken."""
        self._thread = 0

    def here(self) -> None:
        """The loop runs in this thread, and in no other from now on."""
        self._thread = threading.get_ident()

    def put(self, waiter: Settling, reply: Reply) -> ReplyPort | None:
        """Called by any thread; a port that comes back must be woken."""
        if threading.get_ident() == self._thread:
            waiter.settle(reply)
            return None
        self.arrived.append((waiter, reply))
        return None if self.is_scheduled else self

    def wake(self) -> None:
        """Have the loop look at what arrived.  Called by any thread; a call that is not needed costs nothing."""
        if not self.is_scheduled and self.arrived:
            self.is_scheduled = True
            with suppress(RuntimeError):  # the loop was closed: no one waits any more
                self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self.is_scheduled = False  # first, so that what arrives from here on wakes the loop again
        arrived = self.arrived
        while arrived:
            waiter, reply = arrived.popleft()
            waiter.settle(reply)


class LoopPort(ReplyPort):
    """A port whose waiters are futures with a time-out."""

    __slots__ = ("_is_sweeping", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._waiting: deque[LoopWaiter] = deque()
        self._is_sweeping = False

    def waiter(self, invocation: Invocation, timeout_s: float, *, default_s: float) -> LoopWaiter:
        """A waiter whose future gets the decoded response.  Called on the loop."""
        waiter = LoopWaiter(self, self.loop.create_future(), invocation, time.monotonic() + timeout_s, timeout_s)
        if timeout_s == default_s:
            waiting = self._waiting
            while waiting and waiting[0].future.done():
                waiting.popleft()  # not left to the sweep, which would let a second's worth of them pile up
            waiting.append(waiter)
            if not self._is_sweeping:
                self._is_sweeping = True
                self.loop.call_later(min(1.0, timeout_s), self._sweep)
        else:
            self.loop.call_later(timeout_s, waiter.expire)
        return waiter

    def _sweep(self) -> None:
        """Expire what is overdue.  Waiters with the default time-out are in order of their deadline."""
        waiting, now = self._waiting, time.monotonic()
        while waiting and (waiting[0].future.done() or waiting[0].deadline <= now):
            waiting.popleft().expire()
        self._is_sweeping = bool(waiting)
        if waiting:
            self.loop.call_later(min(1.0, max(0.001, waiting[0].deadline - now)), self._sweep)


# --- Freezes of the whole process -------------------------------------------------------------------------------------
# Time that does not count: a process that stands still, at a breakpoint or because the machine slept, answers no one.

MOST_LATE_S = 0.5
"""A wait that ends so much later than it was to end shows that the process stood still meanwhile."""

_SUSPENDED = 2
"""pydevd's word for a thread at a breakpoint."""


def is_at_breakpoint() -> bool:
    """Whether a thread of this process is stopped by a debugger (debugpy, as in JupyterLab and VS Code)."""
    if "pydevd" not in sys.modules:
        return False
    infos = (getattr(thread, "additional_info", None) for thread in threading.enumerate())
    return any(getattr(info, "pydev_state", 0) == _SUSPENDED for info in infos)


def frozen_s(began: float, wanted_s: float) -> float:
    """How much of a wait does not count.

    Args:
        began: `time.monotonic()` then.
        wanted_s: how long it was to take.
    """
    took_s = time.monotonic() - began
    if is_at_breakpoint():
        return took_s
    return took_s - wanted_s if took_s - wanted_s > MOST_LATE_S else 0.0
