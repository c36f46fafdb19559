"""Replies of the engine for a server's loop: at once when they come on that loop, else in batches with one wake-up."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from typing import Protocol

from runtime.records import Reply


class Settling(Protocol):
    """Whoever wants a reply."""

    def settle(self, reply: Reply) -> None:
        """Called on the loop, once; raises nothing."""
        ...


class ReplyPort:
    """What `drivers.outbox` sees as a port: something to wake."""

    __slots__ = ("_arrived", "_is_scheduled", "_loop", "_thread")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[tuple[Settling, Reply]] = deque()
        self._is_scheduled = False
        self._thread = 0

    def here(self) -> None:
        """The loop runs in this thread."""
        self._thread = threading.get_ident()

    def put(self, waiter: Settling, reply: Reply) -> ReplyPort | None:
        """Called by any thread; a port that comes back must be woken."""
        if threading.get_ident() == self._thread:
            waiter.settle(reply)
            return None
        self._arrived.append((waiter, reply))
        return None if self._is_scheduled else self

    def wake(self) -> None:
        """Have the loop look at what arrived.  Called by any thread."""
        if not self._is_scheduled and self._arrived:
            self._is_scheduled = True
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self._is_scheduled = False  # first, so that what arrives from here on wakes the loop again
        arrived = self._arrived
        while arrived:
            waiter, reply = arrived.popleft()
            waiter.settle(reply)
