"""Replies, not decoded, for one event loop of a server: one wake-up of the loop for all that came meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Protocol, cast

from runtime.drivers.waiters import LoopPort
from runtime.records import Reply


class Settler(Protocol):
    """Whoever passes a reply on."""

    def settle(self, reply: Reply) -> None:
        """Called once, on the loop."""
        ...


class ReplyPort:
    """`put` is called by any thread, as is `wake`, which the driver calls for many replies at once."""

    __slots__ = ("_arrived", "_is_scheduled", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._arrived: deque[tuple[Settler, Reply]] = deque()
        self._is_scheduled = False

    def put(self, settler: Settler, reply: Reply) -> LoopPort | None:
        """Keep a reply for the loop.  What comes back is to be woken soon, as a waiter's `deliver` promises."""
        self._arrived.append((settler, reply))
        return None if self._is_scheduled else cast(Any, self)

    def wake(self) -> None:
        if not self._is_scheduled and self._arrived:
            self._is_scheduled = True
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        self._is_scheduled = False  # first: what arrives from here on wakes the loop again
        arrived = self._arrived
        while arrived:
            settler, reply = arrived.popleft()
            settler.settle(reply)
