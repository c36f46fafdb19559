"""What a store has found in itself that is not whole: said once in the log, and kept for whoever asks.

Only what was read since the store was opened is known here; `python -m runtime check` reads everything.
"""

from __future__ import annotations

import logging
import threading

from runtime.records import Quarantined

MOST = 1_000
"""Kept in full; more are counted."""

_log = logging.getLogger(__name__)


class Quarantine:
    """The findings of one store; any thread."""

    def __init__(self, store: str, *, most: int = MOST, is_logged: bool = True) -> None:
        """`store` is its URL, for messages."""
        self._store, self._most, self._is_logged = store, most, is_logged
        self._lock = threading.Lock()
        self._found: dict[tuple[str, int, str, str], Quarantined] = {}

    def add(self, finding: Quarantined) -> None:
        """Keep a finding; one that is known already, or one too many, is passed over."""
        actor = finding.actor
        identity = finding.what, finding.sequence, finding.id, "" if actor is None else f"{actor.system}/{actor.name}"
        with self._lock:
            if identity in self._found or len(self._found) >= self._most:
                return
            self._found[identity] = finding
        if self._is_logged:
            _log.error("%s is not whole: %s. The rest of it is used.", self._store, finding)

    def found(self) -> list[Quarantined]:
        """What is known, turns by their sequence first."""
        with self._lock:
            found = list(self._found.values())
        return sorted(found, key=lambda each: (each.what != "turn", each.sequence))
