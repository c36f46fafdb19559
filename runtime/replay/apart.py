"""A user's code on a thread of its own, waited for a bounded time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

T = TypeVar("T")

_LOOK_S = 0.2


def apart(run: Callable[[], T], timeout_s: float) -> T:
    """What `run` gives, on a new thread that knows nothing of this one's turn.

    An interrupt ends the wait at once.  A thread that does not end in time is left to itself.

    Raises:
        TimeoutError: it has not ended in time.
        Exception: what `run` raises.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(run())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    thread = threading.Thread(target=Context().run, args=(body,), name="wb-copy", daemon=True)
    thread.start()
    waited_s = 0.0
    while thread.is_alive() and waited_s < timeout_s:
        part_s = min(_LOOK_S, timeout_s - waited_s)
        thread.join(part_s)
        waited_s += part_s
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
