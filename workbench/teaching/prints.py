"""What one thread prints, kept apart from what all others print."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class _Sorted:
    """A standard output that gives one thread's text to somebody else; for all other threads it is as before."""

    def __init__(self, original: TextIO, thread: int, take: Callable[[str], object]) -> None:
        self._original, self._thread, self._take = original, thread, take

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            return self._original.write(text)
        self._take(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@contextmanager
def caught(take: Callable[[str], object]) -> Iterator[None]:
    """Give `take` what this thread prints meanwhile."""
    original = sys.stdout
    mine: Any = _Sorted(original, threading.get_ident(), take)
    sys.stdout = mine
    try:
        yield
    finally:
        if sys.stdout is mine:
            sys.stdout = original
