"""The one thread that sends to the browser: at most ten messages a second for all panels, the latest wins.

It works while a cell is busy (sending from a thread goes through the kernel's own output thread), never prints, never
touches the user's names, and costs a bounded share of the kernel's time.  `step` holds all the logic and waits for nothing, so
that a test can be the thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from runtime.api import SystemApi
from runtime.background import start_daemon
from runtime.clock import Clock, SystemClock
from workbench.presenters.panels.actor import ActorView
from workbench.presenters.panels.form import FormView
from workbench.presenters.panels.timeline import TimelineView
from workbench.presenters.panels.topology import TopologyView
from workbench.redaction import has_secrets, redacted_texts
from workbench.render.html import Rendering
from workbench.render.sparkline import NO_SERIES
from workbench.widgets.source import Feed, FeedBatch, Intent, IntentWorker, OnIntent, Source, View, parse_intent

INTERVAL_S = 0.1
_log = logging.getLogger(__name__)


class Publisher:
    """Serves panels from a daemon thread that starts with the first and ends with the last."""

    def __init__(
        self,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self.clock = clock or SystemClock()
        self._monotonic, self._cpu_s = monotonic, cpu_s
        self._lock = threading.Lock()
        self._entries: list[PanelState] = []
        self._feeds: dict[int, Feed] = {}
        self._feeding = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._worker = IntentWorker()
        self._sent_at = float("-inf")

    def add(self, entry: PanelState, outlet: Outlet) -> None:
        """Serve a panel from now on.  From any thread."""
        entry.outlet = outlet
        with self._lock:
            self._entries.append(entry)
            if self._thread is None or not self._thread.is_alive():
                self._start()
        self._wake.set()

    def remove(self, entry: PanelState) -> None:
        """Stop serving a panel; after the last one the thread ends.  From any thread, safe to call twice."""
        with self._lock:
            self._entries = [e for e in self._entries if e is not entry]
        self._wake.set()

    def receive(self, entry: PanelState, content: object) -> None:
        """Take a message of the browser.  Only queues it: its deliverer may be in the middle of a user's cell."""
        intent = parse_intent(content)
        if intent is not None:
            entry.inbox.append((intent, threading.current_thread() is not threading.main_thread()))
            self._wake.set()

    def refresh(self, entry: PanelState) -> None:
        """A panel is being displayed: someone will look at it in a moment."""
        entry.presume_visible()
        self._wake.set()

    def catch_up(self) -> None:
        """Have the panels that are looked at know what happened until now, before their next step.  From any thread."""
        self._absorb([entry for entry in list(self._entries) if not entry.is_paused])

    def stop(self, timeout_s: float = 2.0) -> None:
        """Serve no one any more and wait for the thread to end."""
        with self._lock:
            self._entries = []
            thread = self._thread
        self._wake.set()
        self._worker.stop()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def step(self) -> float | None:
        """Send at most one picture or sign of life, and answer what was asked; the seconds until the next step.

        None: no one looks, there is nothing to do until something is received or added.
        """
        entries = list(self._entries)
        for entry in entries:
            self._answer(entry)
        now_s = self._monotonic()
        if now_s < self._sent_at + INTERVAL_S:
            return self._sent_at + INTERVAL_S - now_s
        watched = [entry for entry in entries if not entry.is_paused]
        self._absorb(watched)
        for entry in sorted(watched, key=lambda e: e.sent_at):
            if self._send(entry, now_s):
                break
        if not watched:
            return None
        interval = INTERVAL_S if any(entry.is_visible for entry in watched) else UNSEEN_S
        return max(0.01, interval - (self._monotonic() - now_s))

    def _start(self) -> None:
        # A fresh context: an inherited one would pin what is sent to the cell that opened the first panel.
        self._thread = start_daemon("wb-publisher", self._run)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            delay = self.step()
            with self._lock:
                if not self._entries:
                    self._absorb([])
                    self._thread = None
                    return
            self._wake.wait(delay)

    def _absorb(self, watched: list[PanelState]) -> None:
        """Read the feed of each system that is watched, once; unsubscribe from the others."""
        systems = {id(entry.source.system): entry.source.system for entry in watched}
        with self._feeding:
            for key in self._feeds.keys() - systems.keys():
                self._feeds.pop(key).pause()
            news = {key: self._feed(key, system).pull() for key, system in systems.items()}
            for entry in watched:
                entry.absorb(news[id(entry.source.system)])

    def _feed(self, key: int, system: SystemApi) -> Feed:
        return self._feeds.setdefault(key, Feed(system))

    def _send(self, entry: PanelState, now_s: float) -> bool:
        now_us = self.clock.now_us()
        try:
            picture = entry.picture(now_s, now_us, self._cpu_s)
            if picture is not None:
                entry.outlet.show(picture)
            elif (beat := entry.beat(now_s, now_us)) is not None:
                entry.outlet.tell(beat)
            else:
                return False
        except Exception:  # noqa: BLE001 - a closed comm, a dying kernel: the other panels go on
            _log.debug("a panel could not be updated and is given up", exc_info=True)
            self.remove(entry)
            return False
        entry.sent_at = self._sent_at = now_s
        return True

    def _answer(self, entry: PanelState) -> None:
        while entry.inbox:
            intent, was_beside_cells = entry.inbox.popleft()
            entry.hears(was_beside_cells)
            if intent.type == "visible":
                entry.see(intent.text("view"), intent.text("state"))
            else:
                self._serve(entry, intent)

    def _serve(self, entry: PanelState, intent: Intent) -> None:
        try:
            is_done = entry.source.handle(intent)
            if is_done:
                entry.hurry()
            is_done = self._forward(entry, intent) or is_done
            entry.outlet.tell({"type": "heard", "id": intent.id, "known": is_done})
        except Exception:  # noqa: BLE001 - a closed comm, a dying kernel: the other panels go on
            _log.debug("an intent could not be answered", exc_info=True)

    def _forward(self, entry: PanelState, intent: Intent) -> bool:
        on_intent = entry.on_intent
        if on_intent is None:
            return False
        return self._worker.submit(lambda: on_intent(intent.type, dict(intent.data)))


# --- One panel as the publisher sees it: who looks at it, what it was last shown, what is due -------------------------

BEAT_S = 2.0
"""A panel that is looked at hears from us at least so often; its browser side tells by that whether the kernel lives."""
UNSEEN_S = 1.0
"""A hidden panel whose browser cannot tell us when it comes back (the cell is busy) is updated this often."""
_SHARE = 0.05
"""Of the kernel's time, for reading what one panel shows."""


class Outlet(Protocol):
    """The browser's side of a panel."""

    def show(self, frame: str) -> None:
        """Replace the picture."""
        ...

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message that no one needs to remember."""
        ...


class PanelSnapshot(msgspec.Struct, frozen=True):
    """A picture that does not move; two of the same `facts` differ only in ages and in what was measured lately."""

    facts: View
    rendering: Rendering


class PanelState:
    """Used by the publisher thread; others only fill `inbox`, ask for `still` and say that it is displayed."""

    def __init__(self, source: Source, on_intent: OnIntent | None = None) -> None:
        self.source, self.on_intent = source, on_intent
        self.outlet: Outlet
        self.inbox: deque[tuple[Intent, bool]] = deque(maxlen=200)
        self.sent_at = float("-inf")
        self.is_visible = True
        """Presumed until a view says otherwise: what it says may be stuck behind a busy cell."""
        self._views: dict[str, bool] = {}
        self._is_heard_while_busy = False
        self._reading = threading.Lock()
        self._sequence = 0
        self._body = b""
        self._read_again_at = float("-inf")

    def hears(self, was_heard_beside_cells: bool) -> None:
        """Remember whether messages of the browser reach us while a cell is busy."""
        self._is_heard_while_busy = was_heard_beside_cells

    def see(self, view: str, state: str) -> None:
        """A view of the panel became `visible` or `hidden`, or is `gone`."""
        if state == "gone":
            self._views.pop(view, None)
        elif len(self._views) < 100 or view in self._views:
            self._views[view] = state == "visible"
        was_visible, self.is_visible = self.is_visible, any(self._views.values())
        if self.is_visible and not was_visible:
            self.hurry()

    def presume_visible(self) -> None:
        """It is being displayed (again)."""
        self.is_visible = True
        self.hurry()

    def hurry(self) -> None:
        """Have its next picture as the first of all."""
        self._read_again_at = self.sent_at = float("-inf")

    @property
    def is_paused(self) -> bool:
        """No one looks, and we will hear of it when that changes: from the browser, or because it is displayed again."""
        return not self.is_visible and (self._is_heard_while_busy or not self._views)

    def picture(self, now_s: float, now_us: int, cpu_s: Callable[[], float]) -> str | None:
        """The next picture, or None if there is no new one or it is too early.

        Args:
            cpu_s: this thread's processor time; a panel that is costly to read is read less often.  Waiting for a busy
                kernel costs nothing: just then a panel has to move.
        """
        if now_s < self._read_again_at or (not self.is_visible and now_s - self.sent_at < UNSEEN_S):
            return None
        before, cost_s = self._sequence, -cpu_s()
        picture = self.read(now_us)
        cost_s += cpu_s()
        self._read_again_at = now_s + min(5.0, cost_s / _SHARE)
        return picture if self._sequence > before else None

    def read(self, now_us: int) -> str:
        """The picture as it is now; its sequence number grows only when it shows something else."""
        with self._reading:
            body = _shown(self.source.read(now_us))
        if body != self._body:
            self._body = body
            self._sequence += 1
        return f'{{"seq":{self._sequence},"now":{now_us},"view":{body.decode()}}}'

    def absorb(self, news: FeedBatch) -> None:
        """Tell the source what happened."""
        with self._reading:
            self.source.absorb(news)

    def still(self, now_us: int) -> PanelSnapshot:
        """The panel as it is now, for a reader without a kernel.  From any thread, also while no one looks."""
        with self._reading:
            return PanelSnapshot(_facts(self.source.read(now_us)), self.source.rendering(now_us))

    def beat(self, now_s: float, now_us: int) -> dict[str, Any] | None:
        """A sign of life if one is due."""
        if now_s - self.sent_at < BEAT_S:
            return None
        return {"type": "beat", "seq": self._sequence, "now": now_us}


def _shown(view: View) -> bytes:
    """A view as JSON, without secrets: nbclient and papermill save what widgets show."""
    body = msgspec.json.encode(view)
    if not has_secrets(body.decode()):
        return body
    return msgspec.json.encode(redacted_texts(msgspec.json.decode(body)))


def _facts(view: View) -> View:
    """A view without what changes by time alone."""
    if isinstance(view, ActorView):
        return msgspec.structs.replace(view, rate=0.0, mailbox=msgspec.structs.replace(view.mailbox, depths=NO_SERIES))
    if isinstance(view, FormView | TimelineView):
        return view
    if isinstance(view, TopologyView):
        return msgspec.structs.replace(view, edges=tuple(msgspec.structs.replace(e, rate=0.0) for e in view.edges))
    return msgspec.structs.replace(view, rate=0.0, rates=NO_SERIES)
