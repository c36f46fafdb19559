"""The end of an actor system: what waits is processed for a while, an interrupt cuts that short, and what is left is said.

A stop may take seconds, and its user may lose patience: an interrupt is noted instead of raised, so that none hits a line that is
not ready for it, and the system is closed whole in any case.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import TYPE_CHECKING

from runtime.api import SystemApi, is_local
from runtime.errors import SpawnError
from workbench.render.tables import plural

if TYPE_CHECKING:
    from runtime.records import Left

_LOOK_S = 0.1
_LISTED = 1_000
_QUIET_S = 0.5
_TELL_S = 1.0
"""How often at most it is told how many messages wait, after the first half second."""


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
            if is_local(system) and drain_s is not None:
                system.close(drain=drain_s)
            else:
                system.close()
        except BaseException as error:  # noqa: BLE001 - raised below, where someone waits
            errors.append(error)
        finally:
            is_closed.set()

    thread = threading.Thread(target=Context().run, args=(close,), name="wb-stopping")
    with noted_interrupts() as interrupted:
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends, and lets no thread begin
            close()
        _wait(is_closed, interrupted, system, tell)
    if errors:
        raise errors[0]


@contextmanager
def noted_interrupts() -> Iterator[threading.Event]:
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
    progress = Progress(tell, time.monotonic)
    while not is_closed.wait(_LOOK_S):
        if interrupted.is_set():
            interrupted.clear()
            _cut_short(system, tell)
        elif is_local(system):
            progress.see(system.waiting_at_close or {})


def _cut_short(system: SystemApi, tell: Callable[[str], object]) -> None:
    if is_local(system):
        system.cut_short()
    if given_up := _give_up(system):
        tell(f"Given up, since the stop was interrupted: {', '.join(given_up)}.")


class Progress:
    """Tells how many messages a stop still processes, after the first half second; the advice only the first time."""

    def __init__(self, tell: Callable[[str], object], now_s: Callable[[], float]) -> None:
        self._tell, self._now_s = tell, now_s
        self._next_s = now_s() + _QUIET_S
        self._told: dict[str, int] = {}

    def see(self, waiting: dict[str, int]) -> None:
        """Tell it, if there is something to tell that differs from what was told."""
        if not waiting or waiting == self._told or self._now_s() < self._next_s:
            return
        text = f"Still processing before the stop: {by_actor(waiting)}."
        self._tell(text if self._told else f"{text} Interrupt to leave them as dead letters.")
        self._told, self._next_s = waiting, self._now_s() + _TELL_S


def by_actor(counts: dict[str, int]) -> str:
    """`12 messages (mail 11, orders 1)`: how many, and for whom; the three actors that have most."""
    most = sorted(counts, key=lambda name: (-counts[name], name))[:3]
    named = ", ".join(f"{name} {counts[name]:,}" for name in most) + (", …" if len(counts) > 3 else "")
    return f"{plural(sum(counts.values()), 'message')} ({named})"


def _give_up(system: SystemApi) -> list[str]:
    """End the turns in progress without a result; their actors and actions."""
    if not is_local(system):
        return []
    with suppress(SpawnError):
        running = [each for each in system.actors(limit=_LISTED) if each.action]
        return [f"{each.id.name}.{each.action}" for each in running if system.abandon(each.id.name)]
    return []


# --- What a stop has done, in words -----------------------------------------------------------------------------------


class Stopped:
    """Shows itself as a sentence, which holds: what is on disk, and what was left."""

    def __init__(self, was_running: bool, store: str, left: Left | None) -> None:
        """`store` is its URL; `left` None where the messages that wait are in another process."""
        self.was_running, self.left = was_running, left
        self._is_kept = not store.startswith("memory")

    def __repr__(self) -> str:
        if not self.was_running:
            return "No actor system was running."
        end = (
            "everything it answered is on disk."
            if self._is_kept
            else "it was in memory only, and nothing of it is kept."
        )
        return "\n".join([f"The actor system is stopped; {end}", *self._left_lines()])

    def _left_lines(self) -> list[str]:
        if self.left is None:
            return []
        letters, durable, lines = self.left.letters, self.left.durable, list[str]()
        if letters and self._is_kept:
            lines.append(f"Left as dead letters: {by_actor(letters)}, accepted and not processed.")
            lines.append("After the next start, wb.dead_letters() lists them and %retry ID sends one again.")
        elif letters:
            lines.append(f"Lost: {by_actor(letters)}, accepted and not processed.")
        if durable:
            lines.append(f"{plural(durable, 'durable message')} left, processed after the next start.")
        return [*lines, *(f"{each}." for each in self.left.given_up)]
