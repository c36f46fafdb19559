"""A bounded load on one actor, from a cell."""

from __future__ import annotations

import asyncio
import importlib
import math
import sys
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from runtime.api import SystemApi
from runtime.background import start_daemon
from runtime.errors import ActionFailed, BadSetting, Mistake, SpawnError, UnknownAction
from runtime.records import IMPLICIT_READS
from workbench.presenters.load import LoadResult
from workbench.presenters.messages import call_text
from workbench.session import current

MOST_CALLS = 1_000_000

_LOOK_S = 0.1
_SHORTEST_REST_S = 0.001

Payload = Mapping[str, Any] | Callable[[int], Any] | Any


def load(
    actor: str,
    action: str,
    payload: Payload = None,
    *,
    rate: float = 100.0,
    seconds: float = 5.0,
    at_most: int = 1_000,
    timeout: float = 10.0,
    parent: str | None = None,
    progress: bool = True,
) -> LoadResult:
    """Call an action at a steady rate, and say what was answered, what failed, and how long the answers took.

    Calls are due at even distances, and each latency counts from there: an actor that cannot keep up shows in it.  An interrupt
    of the cell ends the load and gives what there is so far.  Calls that were sent are processed either way.

    Args:
        payload: as for `wb.invoke`, or a function that makes that of call 0, 1, 2, ...: `lambda number: {"value": number}`.
        rate: calls per second.
        seconds: how long.
        at_most: so many calls may be without an answer; until one is answered no further one is sent.
        timeout: seconds to wait for each answer.
        parent: the template to make the actor from at its first call.
        progress: show a bar, with tqdm where it is installed.

    Raises:
        UnknownActor, UnknownAction, BadPayload, NotDeployed: it cannot be called so; nothing more is sent.
        BadSetting: a number out of its range; more than 1,000,000 calls.
    """
    _check(rate, seconds, at_most, timeout)
    system = current.open()
    _check_call(system, actor, action, parent)
    run = _Run(system, actor, action, payload, rate, seconds, at_most, timeout, parent)
    run.wait(f"{actor}.{action}" if progress else "")
    return run.result()


class _Run:
    """One load: an event loop on a thread of its own sends; the cell waits."""

    def __init__(
        self,
        system: SystemApi,
        actor: str,
        action: str,
        payload: Payload,
        rate: float,
        seconds: float,
        at_most: int,
        timeout: float,
        parent: str | None,
    ) -> None:
        self.total = max(1, math.ceil(rate * seconds))
        self._system, self._actor, self._action, self._payload = system, actor, action, payload
        self._rate, self._seconds, self._at_most = rate, seconds, at_most
        self._options: dict[str, Any] = {"timeout": timeout, "parent": parent}
        self._timeout = timeout
        self._sent = self._open = 0
        self._was_full = False
        """Calls are late because of the actor, which leaves too many without an answer."""
        self._latencies_us, self._late_us = array("d"), array("d")
        self._failed: Counter[str] = Counter()
        self._mistake: BaseException | None = None
        self._stop = threading.Event()
        self._is_interrupted = False
        self._elapsed_s = 0.0

    def wait(self, title: str) -> None:
        """Run to the end, or until an interrupt.

        Args:
            title: of a bar, which appears once the first answers can be there; empty for none.
        """
        thread = start_daemon("wb-load", lambda: asyncio.run(self._go()))
        bar: _Bar | None = None
        shown, is_running = 0, True
        try:
            while is_running:
                thread.join(_LOOK_S)
                is_running = thread.is_alive()  # before the count is read: the last one must be shown too
                done = self._done
                if bar is None and title and is_running and self._mistake is None:
                    bar = _bar(self.total, title)
                if bar is not None:
                    bar.update(done - shown)
                shown = done
        except KeyboardInterrupt:
            self._is_interrupted = True
        finally:
            self._stop.set()
            thread.join(2.0)
            if bar is not None:
                bar.close()
        if self._mistake is not None:
            raise self._mistake.with_traceback(None)

    @property
    def _done(self) -> int:
        return self._sent - self._open

    def result(self) -> LoadResult:
        shown = f"{self._action}(…)" if callable(self._payload) else call_text(self._action, self._payload, 60)
        return LoadResult(
            f"{self._actor}.{shown}",
            rate=self._rate,
            seconds=self._seconds,
            sent=self._sent,
            unsent=0 if self._is_interrupted else self.total - self._sent,
            unanswered=self._open,
            failed=dict(self._failed),
            latencies_us=self._latencies_us,
            elapsed_s=self._elapsed_s,
            late_us=self._late_us,
            interrupted=self._is_interrupted,
        )

    async def _go(self) -> None:
        began = time.perf_counter()
        await self._send_all(began)
        deadline = time.perf_counter() + self._timeout + 1.0
        while self._open and not self._stop.is_set() and time.perf_counter() < deadline:  # noqa: ASYNC110 - a thread stops it
            await asyncio.sleep(_SHORTEST_REST_S)
        self._elapsed_s = time.perf_counter() - began

    async def _send_all(self, began: float) -> None:
        while self._sent < self.total and not self._stop.is_set():
            now = time.perf_counter() - began
            if now >= self._seconds + _LOOK_S:
                return
            due = min(self.total, int(now * self._rate) + 1)
            while self._sent < due and self._open < self._at_most:
                self._send(began + self._sent / self._rate)
            rest = _SHORTEST_REST_S if self._sent < due else self._sent / self._rate - (time.perf_counter() - began)
            self._was_full = self._sent < due
            await asyncio.sleep(min(_LOOK_S, max(_SHORTEST_REST_S, rest)))

    def _send(self, due: float) -> None:
        number = self._sent
        self._sent += 1
        self._open += 1
        if not self._was_full:
            self._late_us.append(max(0.0, time.perf_counter() - due) * 1e6)
        try:
            payload = self._payload(number) if callable(self._payload) else self._payload
            answer = asyncio.ensure_future(self._system.ainvoke(self._actor, self._action, payload, **self._options))
        except Exception as error:  # noqa: BLE001 - of the user's function, or a payload that has no encoding
            self._mistake = error
            self._open -= 1
            self._stop.set()
            return
        answer.add_done_callback(lambda done: self._answered(done, due))

    def _answered(self, done: asyncio.Future[Any], due: float) -> None:
        self._open -= 1
        error = None if done.cancelled() else done.exception()
        if done.cancelled():
            self._failed["cancelled"] += 1
        elif error is None:
            self._latencies_us.append((time.perf_counter() - due) * 1e6)
        else:
            self._failed[_kind(error)] += 1
            if isinstance(error, Mistake):
                self._mistake = error
                self._stop.set()


def _kind(error: BaseException) -> str:
    if isinstance(error, ActionFailed):
        return error.type_name
    return type(error).__name__


def _check(rate: float, seconds: float, at_most: int, timeout: float) -> None:
    for name, value in (("rate", rate), ("seconds", seconds), ("timeout", timeout), ("at_most", at_most)):
        if not 0 < value < math.inf:
            raise BadSetting(f"{name}={value!r} must be more than 0.")
    if rate * seconds > MOST_CALLS:
        raise BadSetting(
            f"{rate:g} calls per second for {seconds:g} s are more than {MOST_CALLS:,}, which is the most."
        )


def _check_call(system: SystemApi, actor: str, action: str, parent: str | None) -> None:
    """Say what is wrong before a thousand calls fail for it."""
    try:
        actions = system.actions(parent or actor)
    except SpawnError:
        return  # a system that cannot tell, or an actor that it does not know: its answer says so
    if action not in actions and action not in IMPLICIT_READS:
        raise UnknownAction(actor, action, actions)


class _Bar(Protocol):
    def update(self, n: int) -> object: ...

    def close(self) -> object: ...


class _TextBar:
    """A line that is written again and again."""

    def __init__(self, total: int, title: str) -> None:
        self._total, self._title, self._done = total, title, 0

    def update(self, n: int) -> None:
        self._done += n
        sys.stderr.write(f"\r{self._title}: {self._done:,} of {self._total:,}")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\r\x1b[K")


def _bar(total: int, title: str) -> _Bar:
    try:
        tqdm = importlib.import_module("tqdm.auto")
    except ImportError:
        return _TextBar(total, title)
    # Without the thread by which tqdm looks after slow bars, and which stays for ever: this one is updated ten times a second.
    kind = type("LoadBar", (tqdm.tqdm,), {"monitor_interval": 0})
    bar: _Bar = kind(total=total, desc=title, unit=" calls", leave=False)
    return bar
