"""Messages that wait for one actor, in the order in which they arrived."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from runtime.records import Invocation


class Envelope(msgspec.Struct):
    """An invocation on its way, with the place where its reply goes."""

    invocation: Invocation
    waiter: Any
    """Opaque to the engine; None when nobody waits."""
    enqueued_us: int
    key_checked: bool = True
    """It has no idempotency key, or the key is known to be new."""
    is_init: bool = False


Mailbox = deque[Envelope]
"""First in, first out.  An actor without mail has none, which keeps 100,000 idle actors small."""
