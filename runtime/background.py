"""What goes on in the background: daemon threads, and the pauses between their tries.

Every thread of this package that is no worker of a pool begins with `start_daemon`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import ParamSpec

P = ParamSpec("P")


def start_daemon(name: str, work: Callable[P, object], /, *args: P.args, **keywords: P.kwargs) -> threading.Thread:
    """Start a thread that keeps no process alive, and that sees nothing of what its starter has set in context variables.

    An inherited turn would make each message of the thread one of that turn, and an inherited cell pin its output there.
    """
    thread = threading.Thread(target=Context().run, args=(work, *args), kwargs=dict(keywords), name=name, daemon=True)
    thread.start()
    return thread


class Backoff:
    """Gives the pause before each try: the first one, then twice the last, up to the longest.  One thread or task."""

    __slots__ = ("_first_s", "_longest_s", "pause_s")

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self.pause_s = first_s
        """The next pause, in seconds."""

    def next_s(self) -> float:
        """The pause to make now; the one after it is longer."""
        pause_s, self.pause_s = self.pause_s, min(self.pause_s * 2, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """Something came of a try: the next pause is the first one again."""
        self.pause_s = self._first_s
