"""A cell that waits says behind what: which action of which actor, for how long by then, and what ends it.

Said once for each call of the main thread, a second after it began, if another action keeps its actor or a breakpoint does;
taken back when the call ends, so that a saved notebook is not littered.  An action that takes long itself is nothing to be told.

A call costs a few microseconds; all else is done by one thread, which sleeps while no calls are made.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from runtime.api import Capability, SystemApi, offers
from runtime.background import start_daemon
from runtime.errors import SpawnError
from workbench.presenters.availability import advised

AFTER_S = 1.0
_LOOK_S = 0.25
_QUIET_LOOKS = 8

Show = Callable[[str], Callable[[], object]]
"""Shows a line in the cell that runs, and gives what takes it away."""


class _Call(NamedTuple):
    system: SystemApi
    actor: str
    action: str
    began_s: float
    context: contextvars.Context
    """Of the cell, which says where its output goes."""


class WaitNotice:
    """Watches the calls of the main thread, one at a time."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._lock = threading.Lock()
        self._wake, self._is_stopped = threading.Event(), False
        self._thread: threading.Thread | None = None
        self._call: _Call | None = None
        self._take_back: Callable[[], object] | None = None

    @contextmanager
    def watched(self, system: SystemApi, actor: str, action: str) -> Iterator[None]:
        """Say so if a call that is made inside has to wait.  Other threads have no cell to say it in."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._begin(_Call(system, actor, action, time.monotonic(), contextvars.copy_context()))
        try:
            yield
        finally:
            with self._lock:
                self._call, take_back, self._take_back = None, self._take_back, None
            if take_back is not None:
                take_back()

    def stop(self) -> None:
        """End the thread; nothing more is said."""
        self._is_stopped = True
        self._wake.set()

    def _begin(self, call: _Call) -> None:
        with self._lock:
            self._call = call
        if self._thread is None:
            self._thread = start_daemon("wb-wait-notice", self._run)
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while not self._is_stopped:
            self._wake.wait()
            self._wake.clear()  # before the looks: a call that begins after the last of them wakes it again
            quiet = 0
            while quiet < _QUIET_LOOKS and not self._is_stopped:
                time.sleep(_LOOK_S)
                quiet = 0 if self._look() else quiet + 1

    def _look(self) -> bool:
        """Whether there is a call."""
        call = self._call
        if call is None or self._take_back is not None or time.monotonic() - call.began_s < AFTER_S:
            return call is not None
        text = waits_behind(call.system, call.actor, call.action)
        with self._lock:
            if text and self._call is call:
                self._take_back = call.context.run(self._show, text)
        return True


def waits_behind(system: SystemApi, actor: str, action: str) -> str:
    """What keeps the last call of that kind from being processed, and what can be done; empty if nothing does."""
    try:
        mailbox = system.mailbox(actor)
        mine = next((each for each in reversed(mailbox) if each.action == action), None)
        if mine is None or mine.running:
            return ""
        if offers(system, Capability.HOLD) and not mailbox[0].running and system.info(actor).phase == "held":
            ways = advised("step release", actor).replace(" and ", " or ")
            return f"{actor}.{action} waits, since {actor} is held. Interrupt the cell, then {ways}."
    except SpawnError:
        return ""
    running = mailbox[0]
    seconds = time.time() - running.started_us / 1e6
    if not running.running or seconds < AFTER_S / 2:
        return ""
    what = f"{actor}.{running.action}"
    ends = f"; a second interrupt at once ends {what}" if hasattr(system, "abandon") else ""
    return (
        f"{actor}.{action} waits behind {what}, which has been running for {seconds:.1f} s. "
        f"An interrupt of the cell ends the wait{ends}."
    )
