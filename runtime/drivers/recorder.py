"""The thread that writes: groups of finished turns, and now and then a checkpoint.

A group gathers for at most the configured interval, or until a caller waits for it, or as long as the previous one takes:
that is the whole of group commit.  A group that cannot be written is tried again, with growing pauses, until it can.  Where
no store could write it, because something in it cannot be encoded, that is isolated (`isolation`): the rest is written, and the
owner is told what is missing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from runtime.background import Backoff
from runtime.config import RuntimeConfig
from runtime.drivers.service import Problems, ServiceThread
from runtime.errors import BadSetting, SpawnError, StoreError, StoreUnavailable, shown_text, type_name
from runtime.records import StoredDefinition
from runtime.stores.base import Group, Isolated, Limits, Retention, StateStore
from runtime.stores.isolation import isolated

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
        """A caller waits for the commit."""
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
                self._wake.set()  # recorded while the last group was written, when no one notified
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
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
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
            pause_s = backoff.next_s()
            if self._gives_up_at is not None and time.monotonic() + pause_s >= self._gives_up_at:
                return False
            self._urgent.wait(pause_s)
            self._urgent.clear()

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


# --- What a store gets done beside its writing: old turns removed, columns made ---------------------------------------
# Each step is short, and between two steps there is a pause several times as long: a thread that has something to write waits
# for one step at most, and a kernel that is otherwise idle spends a fifth of a core.  While there is load, which may be
# always, pauses are so long that the steps take a twentieth of a core.  Removing a turn takes 4 µs, and a look at a
# turn for the limits of its actor 3 µs, so that this keeps up with some ten thousand turns a second; a journal that
# grows by more than a half all the same has them take a fifth until it is as it should be.

PAUSE_S = 0.03
"""So long no one has written when a step begins, unless there is load."""

SHARE = 0.05
"""What steps may take of a core while there is load."""
_LARGER_SHARE = 0.2
_STEP_S = 0.005
_NOTHING_S = 0.1
"""After a look that found nothing to do, though there is load: to look after each commit would cost more than it finds."""
_FEWEST_BEHIND = 20_000
"""A journal that grew by less is not behind, however short it is."""
_PAUSES, _FEWER_PAUSES = 3, 1
"""In lengths of a step, at least: the recorder's thread is there to write."""

_DAY_US = 86_400_000_000


class Housekeeping:
    """The steps for one store; called by the recorder's thread."""

    def __init__(
        self,
        store: StateStore,
        retention: Retention,
        now_us: Callable[[], int],
        failed: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        """Cleans up after what is stored.

        Args:
            retention: what is kept of actors whose definitions do not say.
            failed: is told what the user has to know.
            clock: seconds.
            work: seconds of work that the calling thread did.
        """
        self._store, self._general, self._now_us, self._failed = store, retention, now_us, failed
        self._retention: Retention | None = None
        self.has_more = True
        """Another step may find something to do."""
        self._gave_up = False
        self._clock, self._work = clock, work
        self._tasks = deque((self._retain, self._store.seal))
        """They take turns, so that none waits for another's end."""
        self._next_at = 0.0
        self._settled: tuple[int, int] | None = None
        """The head, and how many turns there were, when last there was nothing to remove."""

    @property
    def is_due(self) -> bool:
        """Whether a step may be made now, though there is load."""
        return self.has_more and self._clock() >= self._next_at

    def deployed(self) -> None:
        """A definition was stored, which may say what is kept of its actors.  Any thread."""
        self._retention = None

    def committed(self) -> None:
        """There are new turns."""
        self.has_more = not self._gave_up

    def step(self) -> None:
        """One step, or as many as take some milliseconds; errors are told, and never reach the journal."""
        began, worked = self._clock(), self._work()
        try:
            while (has_more := self._take_turns()) and self._clock() - began < _STEP_S:
                pass
            self.has_more = has_more
        except StoreUnavailable:
            self.has_more = False  # the next commit says so, if it lasts
        except SpawnError as error:
            self.has_more, self._gave_up = False, True
            self._failed(str(error))
        now = self._clock()
        share, pauses = (_LARGER_SHARE, _FEWER_PAUSES) if self._is_behind() else (SHARE, _PAUSES)
        self._next_at = now + max((self._work() - worked) * (1 / share - 1), (now - began) * pauses)
        if not self.has_more:
            self._next_at = max(self._next_at, now + _NOTHING_S)

    def _take_turns(self) -> bool:
        for _ in range(len(self._tasks)):
            task = self._tasks[0]
            self._tasks.rotate(-1)
            if task():
                return True
        return False

    def _retain(self) -> bool:
        has_more = self._store.retain(self._wanted(), self._now_us())
        if self._settled is None or not has_more:
            head = self._store.head()
            self._settled = head, head - self._store.retention_mark().gone
        return has_more

    def _is_behind(self) -> bool:
        if self._settled is None:
            return False
        head, size = self._settled
        return self._store.head() - head > max(size // 2, _FEWEST_BEHIND)

    def _wanted(self) -> Retention:
        retention = self._retention
        if retention is None:
            # Those that are not deployed (yet) too: a restart must not take what a definition wants kept.
            retention = self._retention = with_definitions(self._general, self._store.definitions())
        return retention


def with_definitions(general: Retention, definitions: Iterable[StoredDefinition]) -> Retention:
    """A retention in which each actor's last definition has the say, as far as it says something."""
    of: dict[str, Limits] = {}
    for definition in definitions:
        limits = _limits(definition.settings, general.every)
        of.pop(definition.name, None)
        if limits != general.every:
            of[definition.name] = limits
    return msgspec.structs.replace(general, of=of)


def _limits(settings: Mapping[str, Any], general: Limits) -> Limits:
    days = settings.get("keep_days")
    return Limits(
        revisions=_limit(settings.get("keep_revisions"), general.revisions),
        invocations=_limit(settings.get("keep_invocations"), general.invocations),
        age_us=_limit(days if days in (None, "all") else round(float(days) * _DAY_US), general.age_us),
    )


def _limit(own: Any, general: int | None) -> int | None:
    if own is None:
        return general
    return None if own == "all" else int(own)


def retention_of(config: RuntimeConfig) -> Retention:
    """What the settings say is to be kept.

    Raises:
        BadSetting: one of them is negative.
    """
    for name in ("keep_revisions", "keep_invocations", "keep_days", "keep_turns"):
        value = getattr(config, name)
        if value is not None and value < 0:
            raise BadSetting(f"{name}={value} makes no sense: it is how much is kept. Leave it out to keep everything.")
    every = Limits(
        revisions=config.keep_revisions,
        invocations=config.keep_invocations,
        age_us=None if config.keep_days is None else round(config.keep_days * _DAY_US),
    )
    return Retention(every=every, turns=config.keep_turns)
