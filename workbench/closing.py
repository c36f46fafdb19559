"""Stopping a system without being deaf to an impatient user."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context

from runtime.api import SystemApi
from runtime.errors import SpawnError

_LOOK_S = 0.1
_LISTED = 1_000


def close_attentively(system: SystemApi, tell: Callable[[str], object]) -> None:
    """Close a system.  An interrupt does not leave it half closed: turns in progress are given up, and it ends sooner.

    Raises:
        StoreUnavailable: something could not be written.
    """
    errors: list[BaseException] = []

    def close() -> None:
        try:
            system.close()
        except BaseException as error:  # noqa: BLE001 - raised below, where somebody waits
            errors.append(error)

    thread = threading.Thread(target=Context().run, args=(close,), name="wb-stopping")
    try:
        thread.start()
    except RuntimeError:  # the interpreter ends, and lets no thread begin
        close()
    else:
        _join(thread, system, tell)
    if errors:
        raise errors[0]


def _join(thread: threading.Thread, system: SystemApi, tell: Callable[[str], object]) -> None:
    while thread.is_alive():
        try:
            thread.join(_LOOK_S)
        except KeyboardInterrupt:
            given_up = _give_up(system)
            if given_up:
                tell(f"Given up, since the stop was interrupted: {', '.join(given_up)}.")


def _give_up(system: SystemApi) -> list[str]:
    """End the turns in progress without a result; their actors and actions."""
    abandon = getattr(system, "abandon", None)
    if abandon is None:
        return []
    with suppress(SpawnError):
        running = [each for each in system.actors(limit=_LISTED) if each.action]
        return [f"{each.id.name}.{each.action}" for each in running if abandon(each.id.name)]
    return []
