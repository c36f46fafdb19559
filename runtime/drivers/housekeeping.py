"""What a store gets done beside its writing: old turns removed, columns made.

Each step is short, and between two steps there is a pause several times as long: whoever has something to write waits for
one step at most, and a kernel that is otherwise idle spends a fifth of a core.  While there is load, which may be always,
pauses are so long that the steps take a twentieth of a core.  Removing a turn takes 4 µs, and a look at a turn for the
limits of its actor 3 µs, so that this keeps up with some ten thousand turns a second; a journal that grows by more than a
half all the same has them take a fifth until it is as it should be.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from runtime.config import RuntimeConfig
from runtime.errors import BadSetting, SpawnError, StoreUnavailable
from runtime.records import StoredDefinition
from runtime.statestores.base import Limits, Retention, StateStore

PAUSE_S = 0.03
"""So long nobody has written when a step begins, unless there is load."""

SHARE = 0.05
"""What steps may take of a core while there is load."""
_LARGER_SHARE = 0.2
_STEP_S = 0.005
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
            self._settled = head, head - self._store.kept().gone
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
