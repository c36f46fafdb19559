"""What stands behind a panel: what the publisher asks of it, the feed of events that panels share, and what users click."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Annotated, Any, Protocol

import msgspec

from runtime.api import Capability, Subscription, SystemApi, SystemStatus
from runtime.background import start_daemon
from runtime.errors import SpawnError
from runtime.records import EventKind, Turn
from workbench.presenters.panels.actor import ActorView
from workbench.presenters.panels.form import FormView
from workbench.presenters.panels.system import SystemView
from workbench.presenters.panels.timeline import TimelineView
from workbench.presenters.panels.topology import TopologyView
from workbench.render.html import Rendering

View = ActorView | FormView | SystemView | TimelineView | TopologyView


class Source(Protocol):
    """Reads a system and presents it.

    Used by one thread at a time.
    """

    system: SystemApi

    def absorb(self, news: FeedBatch) -> None:
        """Take note of what happened since the last look."""
        ...

    def read(self, now_us: int) -> View:
        """The panel as it is now.  Never raises: what is wrong becomes part of the picture."""
        ...

    def handle(self, intent: Intent) -> bool:
        """Do what the browser wishes, if it is about this panel alone; False for everything else."""
        ...

    def rendering(self, now_us: int) -> Rendering:
        """The last picture as text and static HTML."""
        ...


# --- How a system is doing, asked once for all panels -----------------------------------------------------------------

LOOK_AGAIN_US = 1_000_000
"""While nothing is known to have happened, the system's numbers are looked at so often."""


class StatusReading:
    """The status of one system, for all panels of it: each reading costs the system a count, or two requests of a proxy.

    It is read at most once a second, for all who ask, and whether it could be read or not, unless something is known to have
    happened.  Used by one thread at a time.
    """

    def __init__(self, system: SystemApi) -> None:
        self.system = system
        self._read_us = 0
        self._status: SystemStatus | None = None
        self._error: Exception | None = None

    def read(self, now_us: int, *, is_outdated: bool = False) -> SystemStatus:
        """The status, less than a second old; read now if something has happened since.

        Raises:
            Exception: whatever reading it raised, again for a second.
        """
        is_read = self._status is not None or self._error is not None
        if is_outdated or not is_read or not 0 <= now_us - self._read_us < LOOK_AGAIN_US:
            self._read_us, self._status, self._error = now_us, None, None
            try:
                self._status = self.system.status()
            except Exception as error:  # noqa: BLE001 - a client may fail in any way; raised below
                self._error = error
        if self._status is None:
            assert self._error is not None
            raise self._error.with_traceback(None)
        return self._status


# --- What happened in a system since the last look, read once for all panels that watch it ----------------------------

_LIMIT = 2_000
"""Undrained events: ten times a second that many are read, which costs a busy kernel less than one per cent."""


class FeedBatch(msgspec.Struct, frozen=True):
    """Turns since the last look."""

    turns: dict[str, list[Turn]] = {}
    """By actor name, oldest first."""
    others: int = 0
    """Other events, such as arrivals, activations and deployments."""
    dropped: int = 0
    """Events lost since the subscription began."""
    has_gap: bool = False
    """Something may have happened between the last look and this one of which nothing is told here."""


NO_NEWS = FeedBatch()


class Feed:
    """One system's feed, subscribed to while someone looks.  Used by one thread at a time."""

    def __init__(self, system: SystemApi) -> None:
        self.system = system
        self._subscription: Subscription | None = None
        self._dropped = self._dropped_before = 0

    def pull(self) -> FeedBatch:
        """What came since the last pull; a feed that cannot be read is tried again at the next one."""
        try:
            is_new = self._subscription is None
            subscription = self._subscribed()
            if subscription is None:
                return NO_NEWS
            events = subscription.drain()
            turns: dict[str, list[Turn]] = {}
            for turn in [event.turn for event in events if event.kind is EventKind.TURN]:
                if turn is not None:
                    turns.setdefault(turn.actor.name, []).append(turn)
            others = len(events) - sum(map(len, turns.values()))
            has_gap = is_new or subscription.dropped > self._dropped
            self._dropped = subscription.dropped
            return FeedBatch(turns, others, self._dropped_before + subscription.dropped, has_gap)
        except SpawnError:  # the sources meet the same error and show it
            self.pause()
            return NO_NEWS

    def pause(self) -> None:
        """Unsubscribe; the next `pull` subscribes again."""
        subscription, self._subscription, self._dropped = self._subscription, None, 0
        if subscription is not None:
            self._dropped_before += subscription.dropped
            subscription.close()

    def _subscribed(self) -> Subscription | None:
        if self._subscription is None and Capability.WATCH in self.system.capabilities:
            self._subscription = self.system.subscribe(limit=_LIMIT)
        return self._subscription


# --- What a panel in the browser asks for -----------------------------------------------------------------------------
# It is hostile input: anybody can write a saved notebook.

Text = Annotated[str, msgspec.Meta(max_length=10_000)]
OnIntent = Callable[[str, dict[str, Any]], object]
"""Called with type and data of an intent that a panel does not handle itself, on a thread of its own."""

_log = logging.getLogger(__name__)
_MOST_WAITING = 100


class Intent(msgspec.Struct, frozen=True):
    """A wish: `type` says what, `id` lets the browser see that it was heard."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    id: Annotated[int, msgspec.Meta(ge=0)] = 0
    data: Annotated[dict[Text, Text | int | float | bool | None], msgspec.Meta(max_length=100)] = {}

    def text(self, name: str) -> str:
        """A text among the data; empty if it is missing or something else."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""


def parse_intent(content: object) -> Intent | None:
    """The intent in a message from the browser, or None for anything that is not one."""
    try:
        return msgspec.convert(content, Intent)
    except msgspec.ValidationError:
        return None


class IntentWorker:
    """Runs callbacks one after another on a daemon thread that starts at the first and ends with `stop`.

    A callback may take as long as it likes: it holds up neither the publisher nor the kernel's message loop.
    """

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None

    def submit(self, job: Callable[[], object]) -> bool:
        """Have it run; False if too many wait already."""
        if self._thread is None:
            # A fresh context: what a callback prints must not land in the cell that happened to start the thread.
            self._thread = start_daemon("wb-intents", self._run)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def stop(self) -> None:
        """End the thread after the callback it is in; those that wait are forgotten."""
        if self._thread is None:
            return
        while True:
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        self._jobs.put(None)
        self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001 - someone else's code; the next callback runs all the same
                _log.debug("an intent's callback raised", exc_info=True)
