"""What a panel in the browser asks for.  It is hostile input: anybody can write a saved notebook."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Annotated, Any

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=10_000)]
OnIntent = Callable[[str, dict[str, Any]], object]
"""Called with type and data of an intent that a panel does not handle itself, on a thread of its own."""

_log = logging.getLogger(__name__)
_MOST_WAITING = 100


class Intent(msgspec.Struct, frozen=True):
    """A wish: `type` says what, `id` lets the browser see that it was heard."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    id: Annotated[int, msgspec.Meta(ge=0)] = 0
    data: Annotated[dict[Text, Text | int | float | bool | None], msgspec.Meta(max_length=100)] = {}

    def text(self, name: str) -> str:
        """A text among the data; empty if it is missing or something else."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""


def parse_intent(content: object) -> Intent | None:
    """The intent in a message from the browser, or None for anything that is not one."""
    try:
        return msgspec.convert(content, Intent)
    except msgspec.ValidationError:
        return None


class IntentWorker:
    """Runs callbacks one after another on a daemon thread that starts at the first and ends with `stop`.

    A callback may take as long as it likes: it holds up neither the publisher nor the kernel's message loop.
    """

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None

    def submit(self, job: Callable[[], object]) -> bool:
        """Have it run; False if too many wait already."""
        if self._thread is None:
            # A fresh context: what a callback prints must not land in the cell that happened to start the thread.
            self._thread = threading.Thread(target=Context().run, args=(self._run,), name="wb-intents", daemon=True)
            self._thread.start()
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def stop(self) -> None:
        """End the thread after the callback it is in; those that wait are forgotten."""
        if self._thread is None:
            return
        while True:
            try:
                self._jobs.get_nowait()
            except queue.Empty:
                break
        self._jobs.put(None)
        self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001 - somebody else's code; the next callback runs all the same
                _log.debug("an intent's callback raised", exc_info=True)
