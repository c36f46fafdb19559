"""What waits when a driver is to stop: it is processed for a while; what is left then is kept as dead letters."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from runtime.drivers.thread_driver import ThreadDriver

_LOOK_S = 0.01
_COUNT_S = 0.2


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted messages that a stop did not get to."""

    letters: dict[str, int] = {}
    """How many are kept as dead letters, by the actor that they were for."""
    durable: int = 0
    """How many are durable: they are processed after the next start."""
    given_up: tuple[str, ...] = ()
    """A sentence for each action that had to be ended, or could not be."""


class Remainder:
    """A part of `ThreadDriver` in a file of its own.  `process` is called by the thread that stops the driver."""

    def __init__(self, driver: ThreadDriver) -> None:
        self._driver = driver
        self._is_over = threading.Event()
        self.waiting: dict[str, int] | None = None
        """While messages are processed: how many wait, by actor; some tenths of a second old.  None before and after."""
        self.given_up: tuple[str, ...] = ()
        """A sentence for each action that did not end by itself, once the driver has seen to them."""
        self.left = Left()
        """Once the driver has stopped."""

    def cut_short(self) -> None:
        """Leave what still waits, at once.  From any thread, once the stop has begun."""
        self._is_over.set()
        self._driver.call(lambda engine, now: engine.stop(now))

    def process(self, most_s: float, turns_s: float) -> float:
        """Refuse what comes from outside, and let turns run for as long as something that was accepted waits.

        Args:
            most_s: seconds; after these, what waits is left.
            turns_s: seconds for turns in progress when nothing else waits.

        Returns:
            Seconds that turns in progress may still have.
        """
        began, counted_at = time.monotonic(), 0.0
        if most_s <= 0:
            return turns_s
        self._driver.call(lambda engine, _: engine.begin_draining())
        has_waited, self.waiting = False, {}
        while not self._is_over.is_set():
            is_at_work, has_more = self._driver.look(lambda engine, _: (engine.is_at_work, engine.has_accepted()))
            has_waited = has_waited or has_more
            spent_s = time.monotonic() - began
            if not is_at_work or spent_s >= (most_s if has_more else min(most_s, turns_s)):
                break
            if spent_s >= counted_at:
                self.waiting = self._driver.look(lambda engine, _: engine.waiting())
                counted_at = spent_s + _COUNT_S
            self._is_over.wait(_LOOK_S)
        self.waiting = None
        return turns_s if has_waited else max(0.0, turns_s - (time.monotonic() - began))

    def count(self) -> None:
        """Note what is left, once nothing more is processed."""
        self.left = self._driver.look(
            lambda engine, _: Left(letters=engine.letters_left, durable=engine.durable_left, given_up=self.given_up)
        )
