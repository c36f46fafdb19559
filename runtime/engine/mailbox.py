"""Messages that wait for one actor, in the order in which they arrived."""

from __future__ import annotations

from collections import deque
from typing import Any

from runtime.records import Invocation


class Envelope:
    """An invocation on its way, with the place where its reply goes."""

    __slots__ = ("enqueued_us", "invocation", "is_init", "key_checked", "waiter")

    def __init__(self, invocation: Invocation, waiter: Any, enqueued_us: int, *, is_init: bool = False) -> None:
        self.invocation = invocation
        self.waiter = waiter
        """Opaque to the engine; None when nobody waits."""
        self.enqueued_us = enqueued_us
        self.key_checked = not invocation.key
        self.is_init = is_init


Mailbox = deque[Envelope]
"""First in, first out.  An actor without mail has none, which keeps 100,000 idle actors small."""
