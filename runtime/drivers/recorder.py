"""The thread that writes: groups of finished turns, and now and then a checkpoint.

A group gathers for at most the configured interval, or until somebody waits for it, or as long as the previous one takes:
that is the whole of group commit.  A group that cannot be written is tried again, with growing pauses, until it can.  Where
no store could write it, because something in it cannot be encoded, that is isolated (`isolation`): the rest is written, and the
owner is told what is missing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from runtime.drivers.housekeeping import PAUSE_S, Housekeeping
from runtime.drivers.service import Problems, ServiceThread
from runtime.errors import SpawnError, StoreError, StoreUnavailable, shown_text, type_name
from runtime.statestores.base import Group, Isolated, StateStore
from runtime.statestores.isolation import isolated

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


class Recorder:
    """Writes what `take_group` gives, in order, on a thread of its own."""

    def __init__(
        self,
        store: StateStore,
        *,
        has_work: Callable[[], bool],
        take_group: Callable[[], Group | None],
        committed: Callable[[], None],
        failed: Callable[[str], None],
        corrected: Callable[[Isolated], None],
        noted: Callable[[str], None],
        interval_s: float,
        checkpoint_s: float,
        name: str,
        problems: Problems | None = None,
        housekeeping: Housekeeping | None = None,
    ) -> None:
        self.store, self._has_work = store, has_work
        self._take_group, self._committed, self._failed = take_group, committed, failed
        self._corrected, self._noted = corrected, noted
        self._interval_s, self._checkpoint_s = interval_s, checkpoint_s
        self._housekeeping = housekeeping
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._gives_up_at: float | None = None
        """Once it is to end, how long a group that cannot be written is tried again."""
        self._gave_up = False
        self._has_unsaved = False
        self.is_idle = True
        """Whether `notify` is needed; read without a lock, since a needless `notify` does no harm."""
        self._thread = ServiceThread(self._run, name, problems or Problems())

    def start(self) -> None:
        self._thread.start()

    def notify(self) -> None:
        """Something was recorded."""
        self.is_idle = False
        self._wake.set()

    def hurry(self) -> None:
        """Somebody waits for the commit."""
        if not self._urgent.is_set():
            self._urgent.set()
        if not self._wake.is_set():
            self._wake.set()

    def stop(self, timeout_s: float) -> bool:
        """Write what there is and end the thread; False if that took too long (a store that fails, say)."""
        self._gives_up_at = time.monotonic() + timeout_s
        self._urgent.set()
        self._wake.set()
        return self._thread.join(timeout_s + _FIRST_PAUSE_S) and not self._gave_up

    def _run(self) -> None:
        checkpoint_at = time.monotonic() + self._checkpoint_s
        while True:
            self.is_idle = True
            if self._has_work():
                self._wake.set()  # recorded while the last group was written, when nobody notified
            woken = self._wake.wait(self._rest_s(checkpoint_at))
            self._wake.clear()
            self.is_idle = False
            if woken and self._gives_up_at is None:
                self._urgent.wait(self._interval_s)
            # First this, so that who hurries from here on is either in the group or seen at the next turn of the loop.
            self._urgent.clear()
            self._write_next()
            is_ending = self._gives_up_at is not None
            if self._has_unsaved and (is_ending or time.monotonic() >= checkpoint_at):
                self._checkpoint()
                checkpoint_at = time.monotonic() + (self._checkpoint_s if woken else PAUSE_S)
            elif self._housekeeping is not None and not is_ending and (not woken or self._housekeeping.is_due):
                self._housekeeping.step()
            if is_ending and (self._gave_up or not self._has_work()):
                return

    def _rest_s(self, checkpoint_at: float) -> float | None:
        """How long to wait for work before there is something else to do; None for as long as it takes."""
        rest_s = checkpoint_at - time.monotonic() if self._has_unsaved else None
        if self._housekeeping is not None and self._housekeeping.has_more:
            rest_s = PAUSE_S if rest_s is None else min(rest_s, PAUSE_S)
        return None if rest_s is None else max(0.0, rest_s)

    def _write_next(self) -> None:
        group = self._take_group()
        if group is None:
            return
        if not self._write(group):
            self._gave_up = True
            return
        self._has_unsaved = True
        if self._housekeeping is not None:
            self._housekeeping.committed()
        self._committed()

    def _write(self, group: Group) -> bool:
        """Commit, however long it takes; False when given up because of `stop`."""
        pause_s = _FIRST_PAUSE_S
        left: Isolated | None = None
        while True:
            try:
                self.store.commit(group if left is None else left.group)
            except SpawnError as error:
                reason = str(error)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the group must not be lost
                reason = f"Writing to {self.store.url} failed unexpectedly: {type_name(error)}: {shown_text(error)}"
            else:
                if left is not None:
                    self._say(left)
                return True
            if left is None and (left := isolated(group)) is not None:
                continue  # no store can write that; what it can is not kept waiting
            self._failed(reason)
            if self._gives_up_at is not None and time.monotonic() + pause_s >= self._gives_up_at:
                return False
            self._urgent.wait(pause_s)
            self._urgent.clear()
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _say(self, left: Isolated) -> None:
        for finding in left.findings:
            _log.error("%s: could not be written whole, the rest is: %s", self.store.url, finding)
        self._corrected(left)

    def _checkpoint(self) -> None:
        try:
            self._has_unsaved = self.store.checkpoint()
        except StoreUnavailable:
            pass  # not needed for correctness; the next one tries again
        except StoreError as error:
            self._has_unsaved = False  # as below; a store that cannot be written is noticed by the next commit
            self._noted(str(error))
        except Exception:  # noqa: BLE001 - this thread goes on, whatever it is
            self._has_unsaved = False  # until the next commit: nothing is lost, opening reads a longer tail
            _log.exception("A checkpoint of %s failed unexpectedly.", self.store.url)
