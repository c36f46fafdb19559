"""What one thread prints and what its actors log, kept apart from what all others do."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

_ACTORS_LOGGER = "runtime.actors"

Take = Callable[[str], object]


@contextmanager
def caught(take: Take) -> Iterator[None]:
    """Give `take` what this thread prints and what actors log in it meanwhile."""
    thread = threading.get_ident()
    with ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stack.enter_context(_diverted(name, thread, take))
        stack.enter_context(_unlogged(thread, take))
        yield


class _Sorted:
    """A standard stream that gives one thread's text to somebody else; for all other threads it is as before."""

    def __init__(self, original: TextIO, thread: int, take: Take) -> None:
        self._original, self._thread, self._take = original, thread, take

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            return self._original.write(text)
        self._take(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@contextmanager
def _diverted(name: str, thread: int, take: Take) -> Iterator[None]:
    original = getattr(sys, name)
    mine = _Sorted(original, thread, take)
    setattr(sys, name, mine)
    try:
        yield
    finally:
        if getattr(sys, name) is mine:
            setattr(sys, name, original)


@contextmanager
def _unlogged(thread: int, take: Take) -> Iterator[None]:
    """Without this, lines of an actor that only plays would stand in the log of the real one of that name."""

    def keep(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        take(f"{getattr(record, 'line', None) or record.getMessage()}\n")
        return False

    logger = logging.getLogger(_ACTORS_LOGGER)
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
