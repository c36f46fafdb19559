"""The one thread that sends to the browser: at most ten messages a second for all panels, the latest wins.

It works while a cell is busy (sending from a thread goes through the kernel's own output thread), never prints, never
touches the user's names, and costs a bounded share of the kernel's time.  `step` holds all the logic and waits for nothing, so
that a test can be the thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextvars import Context

from runtime.api import SystemApi
from runtime.clock import Clock, SystemClock
from workbench.widgets.entry import UNSEEN_S, Entry, Outlet
from workbench.widgets.feeds import Feed
from workbench.widgets.intents import Intent, IntentWorker, parse_intent

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
        self._entries: list[Entry] = []
        self._feeds: dict[int, Feed] = {}
        self._feeding = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._worker = IntentWorker()
        self._sent_at = float("-inf")

    def add(self, entry: Entry, outlet: Outlet) -> None:
        """Serve a panel from now on.  From any thread."""
        entry.outlet = outlet
        with self._lock:
            self._entries.append(entry)
            if self._thread is None or not self._thread.is_alive():
                self._start()
        self._wake.set()

    def remove(self, entry: Entry) -> None:
        """Stop serving a panel; after the last one the thread ends.  From any thread, safe to call twice."""
        with self._lock:
            self._entries = [e for e in self._entries if e is not entry]
        self._wake.set()

    def receive(self, entry: Entry, content: object) -> None:
        """Take a message of the browser.  Only queues it: whoever delivers it may be in the middle of a user's cell."""
        intent = parse_intent(content)
        if intent is not None:
            entry.inbox.append((intent, threading.current_thread() is not threading.main_thread()))
            self._wake.set()

    def refresh(self, entry: Entry) -> None:
        """A panel is being displayed: somebody will look at it in a moment."""
        entry.presume_visible()
        self._wake.set()

    def catch_up(self) -> None:
        """Have the panels that are looked at know what happened until now, before their next step.  From any thread."""
        self._absorb([entry for entry in list(self._entries) if not entry.is_paused])

    def stop(self, timeout_s: float = 2.0) -> None:
        """Serve nobody any more and wait for the thread to end."""
        with self._lock:
            self._entries = []
            thread = self._thread
        self._wake.set()
        self._worker.stop()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    def step(self) -> float | None:
        """Send at most one picture or sign of life, and answer what was asked; the seconds until the next step.

        None: nobody looks, there is nothing to do until something is received or added.
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
        self._thread = threading.Thread(target=Context().run, args=(self._run,), name="wb-publisher", daemon=True)
        self._thread.start()

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

    def _absorb(self, watched: list[Entry]) -> None:
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

    def _send(self, entry: Entry, now_s: float) -> bool:
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

    def _answer(self, entry: Entry) -> None:
        while entry.inbox:
            intent, was_beside_cells = entry.inbox.popleft()
            entry.hears(was_beside_cells)
            if intent.type == "visible":
                entry.see(intent.text("view"), intent.text("state"))
            else:
                self._serve(entry, intent)

    def _serve(self, entry: Entry, intent: Intent) -> None:
        try:
            is_done = entry.source.handle(intent)
            if is_done:
                entry.hurry()
            is_done = self._forward(entry, intent) or is_done
            entry.outlet.tell({"type": "heard", "id": intent.id, "known": is_done})
        except Exception:  # noqa: BLE001 - a closed comm, a dying kernel: the other panels go on
            _log.debug("an intent could not be answered", exc_info=True)

    def _forward(self, entry: Entry, intent: Intent) -> bool:
        on_intent = entry.on_intent
        if on_intent is None:
            return False
        return self._worker.submit(lambda: on_intent(intent.type, dict(intent.data)))
