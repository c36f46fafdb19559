"""What other processes did to an embedded system: who deployed which definition here, took it back, undeployed or
restored, and what they called, counted by the minute.

Each single call is in the history, with its caller.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from runtime.background import start_daemon

_KEPT = 1_000
_MOST_TALLIES = 4_096
"""Counted at once; further calls are counted together by caller, without their actor."""
_OTHERS = "(other actors)"
_MINUTE_US = 60_000_000
_IDLE_MINUTES = 2
_NICENESS = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GuestAct:
    """One act of another process, or the calls of one minute that are alike."""

    at_us: int
    """The first one's time."""
    who: str
    """The process and its user, as it calls itself, and its address."""
    act: str
    """`deploy`, `take back`, `undeploy`, `restore`, `confirm_dropped`, `discard`, `retry`, `invoke`, or `spawn` for calls that name
    a parent."""
    actor: str
    detail: str = ""
    """The definition's hash, the revision, or the action."""
    count: int = 1
    until_us: int = 0
    """The last one's time; 0 for a single act."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """Of calls: how many ended as `done`, `sent` (no one waits for the answer), `failed`."""

    @property
    def is_of_calls(self) -> bool:
        return bool(self.outcomes)

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.at_us / 1e6).strftime("%H:%M")  # noqa: DTZ006 - the reader's own clock
        match self.act:
            case "deploy":
                return f"{self.actor} now runs code of {self.who}, deployed {at} (definition {self.detail[:8]})."
            case "take back":
                return f"{self.who} has left: {self.actor} no longer runs its code ({at})."
        return f"{self.who} did {self.act} {self.actor} {self.detail}".rstrip() + f" ({at})."


class Call(NamedTuple):
    """What calls that are counted together have in common."""

    who: str
    act: str
    actor: str
    action: str


class _Tally:
    __slots__ = ("first_us", "last_us", "outcomes")

    def __init__(self, now_us: int) -> None:
        self.first_us = self.last_us = now_us
        self.outcomes: Counter[str] = Counter()

    def told(self, call: Call) -> GuestAct:
        count = sum(self.outcomes.values())
        return GuestAct(
            self.first_us, call.who, call.act, call.actor, call.action, count, self.last_us, dict(self.outcomes)
        )


class GuestCalls:
    """Counts answered calls, and tells of them when their minute is over, on a thread of low priority that ends when idle.

    Any thread.  Memory is bounded; a kill loses what was counted in the last minute.
    """

    def __init__(
        self, tell: Callable[[GuestAct], object], *, now_us: Callable[[], int] = lambda: time.time_ns() // 1_000
    ) -> None:
        """`tell` gets each count, one at a time."""
        self._tell, self._now_us = tell, now_us
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._tallies: dict[tuple[int, Call], _Tally] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._is_stopped = False

    def add(self, call: Call, outcome: str) -> None:
        """Count one answered call."""
        now_us = self._now_us()
        with self._lock:
            identity = now_us // _MINUTE_US, call
            tally = self._tallies.get(identity)
            if tally is None:
                tally = self._new(identity, now_us)
            tally.last_us = now_us
            tally.outcomes[outcome] += 1

    def flush(self) -> None:
        """Tell of everything that was counted."""
        self._tell_until(self._now_us() + _MINUTE_US)

    def stop(self) -> None:
        """Flush, and end the thread.  Later calls are told of at the next `flush` only."""
        with self._lock:
            self._is_stopped, thread = True, self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
        self.flush()

    def _new(self, identity: tuple[int, Call], now_us: int) -> _Tally:
        if len(self._tallies) >= _MOST_TALLIES:
            self._wake.set()  # what is complete goes at once
            minute, call = identity
            identity = minute, Call(call.who, call.act, _OTHERS, "")
        tally = self._tallies.setdefault(identity, _Tally(now_us))
        if self._thread is None and not self._is_stopped:
            self._thread = start_daemon("wb-guest-calls", self._run)
        return tally

    def _run(self) -> None:
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        idle = 0
        while True:
            self._wake.wait((_MINUTE_US - self._now_us() % _MINUTE_US) / 1e6)
            is_full = len(self._tallies) >= _MOST_TALLIES
            self._wake.clear()
            self._tell_until(self._now_us() + (_MINUTE_US if is_full else 0))
            with self._lock:
                idle = 0 if self._tallies else idle + 1
                if self._is_stopped or idle > _IDLE_MINUTES:
                    self._thread = None
                    return

    def _tell_until(self, before_us: int) -> None:
        """Of the minutes that begin before the one of that time."""
        with self._telling:
            minute = before_us // _MINUTE_US
            with self._lock:
                over = {identity: tally for identity, tally in self._tallies.items() if identity[0] < minute}
                for identity in over:
                    del self._tallies[identity]
            for (_, call), tally in over.items():
                self._tell(tally.told(call))


class GuestActs:
    """The last 1,000 of them, and whose code runs now.  Any thread."""

    def __init__(self) -> None:
        self.kept: deque[GuestAct] = deque(maxlen=_KEPT)
        self.running: dict[str, GuestAct] = {}
        """By actor, the deployment of the code that runs now, where that is another process's."""
        self.listener: Callable[[GuestAct], object] | None = None
        """Gets each act, on the thread of the server or of the counts; counts of calls once their minute is over."""
        self.calls = GuestCalls(self.note)

    def note(self, act: GuestAct) -> None:
        """Never raises: what was done does not depend on whether it is told."""
        self.kept.append(act)
        if act.act == "deploy":
            self.running[act.actor] = act
        elif act.act in ("take back", "undeploy"):
            self.running.pop(act.actor, None)
        if self.listener is not None:
            try:
                self.listener(act)
            except Exception:  # noqa: BLE001 - the listener's own trouble
                _log.exception("An act of %s could not be told", act.who)

    def replaced(self, actor: str) -> None:
        """The owner has deployed code of its own."""
        self.running.pop(actor, None)
