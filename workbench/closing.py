"""Stopping a system without being deaf to an impatient user."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context

from runtime.api import SystemApi
from runtime.errors import SpawnError
from workbench.tables import plural

_LOOK_S = 0.1
_LISTED = 1_000
_QUIET_S = 0.5
_TELL_S = 1.0
"""How often it is told how many messages wait, after the first half second."""


def close_attentively(system: SystemApi, tell: Callable[[str], object], drain_s: float | None = None) -> None:
    """Close a system, and tell how it gets on with the messages that wait.

    An interrupt does not leave it half closed: what waits is left, turns in progress are given up, and it ends sooner.

    Args:
        drain_s: for how long messages are processed that were accepted; None as the system is configured.

    Raises:
        StoreUnavailable: something could not be written.
    """
    errors: list[BaseException] = []
    is_closed = threading.Event()

    def close() -> None:
        try:
            if can_drain(system) and drain_s is not None:
                system.close(drain=drain_s)  # type: ignore[call-arg]
            else:
                system.close()
        except BaseException as error:  # noqa: BLE001 - raised below, where somebody waits
            errors.append(error)
        finally:
            is_closed.set()

    thread = threading.Thread(target=Context().run, args=(close,), name="wb-stopping")
    with _noted_interrupts() as interrupted:
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends, and lets no thread begin
            close()
        _wait(is_closed, interrupted, system, tell)
    if errors:
        raise errors[0]


@contextmanager
def _noted_interrupts() -> Iterator[threading.Event]:
    """Interrupts set the event instead of being raised: raised, one could hit a line that is not ready for it."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # which gets no interrupts
        yield interrupted
        return
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)


def _wait(
    is_closed: threading.Event, interrupted: threading.Event, system: SystemApi, tell: Callable[[str], object]
) -> None:
    from_s = time.monotonic() + _QUIET_S
    while not is_closed.wait(_LOOK_S):
        if interrupted.is_set():
            interrupted.clear()
            _cut_short(system, tell)
        elif time.monotonic() >= from_s and (waiting := getattr(system, "waiting_at_close", None)):
            tell(_progress(waiting))
            from_s = time.monotonic() + _TELL_S


def _cut_short(system: SystemApi, tell: Callable[[str], object]) -> None:
    if can_drain(system):
        system.cut_short()  # type: ignore[attr-defined]
    if given_up := _give_up(system):
        tell(f"Given up, since the stop was interrupted: {', '.join(given_up)}.")


def can_drain(system: SystemApi) -> bool:
    """Whether it is a system of this process: messages that wait in another are no business of whoever leaves it."""
    return hasattr(system, "cut_short")


def _progress(waiting: dict[str, int]) -> str:
    return f"Still processing before the stop: {by_actor(waiting)}. Interrupt to leave them as dead letters."


def by_actor(counts: dict[str, int]) -> str:
    """`12 messages (mail 11, orders 1)`: how many, and for whom; the three actors that have most."""
    most = sorted(counts, key=lambda name: (-counts[name], name))[:3]
    named = ", ".join(f"{name} {counts[name]:,}" for name in most) + (", …" if len(counts) > 3 else "")
    return f"{plural(sum(counts.values()), 'message')} ({named})"


def _give_up(system: SystemApi) -> list[str]:
    """End the turns in progress without a result; their actors and actions."""
    abandon = getattr(system, "abandon", None)
    if abandon is None:
        return []
    with suppress(SpawnError):
        running = [each for each in system.actors(limit=_LISTED) if each.action]
        return [f"{each.id.name}.{each.action}" for each in running if abandon(each.id.name)]
    return []
