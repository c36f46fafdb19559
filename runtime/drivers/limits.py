"""Turns of actions that may take only so long: at its limit a turn fails, its caller is told, and the action is ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from runtime.drivers.replies import frozen_s
from runtime.drivers.service import Problems, ServiceThread


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
