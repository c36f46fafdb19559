"""An interrupt, said in words instead of a traceback."""

from __future__ import annotations

import time

from runtime.errors import SpawnError
from workbench.session import current

_LOOKED_AT = 1_000
_NAMED = 3


class WaitInterrupted(KeyboardInterrupt):
    """A wait was interrupted; what was waited for was not, unless the message says so."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows an error by this instead of a traceback through our code."""
        return [str(self)]


def still_at_work() -> str:
    """Which actions run now, whoever called them, as a sentence; empty if none does, or it cannot be seen."""
    system = current.system
    if system is None:
        return ""
    try:
        running = [each for each in system.actors(limit=_LOOKED_AT) if each.action]
    except SpawnError:
        return ""
    if not running:
        return ""
    now_us = time.time_ns() // 1_000
    named = [
        f"{e.id.name}.{e.action} (for {max(0, now_us - e.action_started_us) / 1e6:.1f} s)" for e in running[:_NAMED]
    ]
    more = [f"{len(running) - _NAMED} more"] if len(running) > _NAMED else []
    verb, until = ("runs", "until it ends by itself") if len(running) == 1 else ("run", "until they end by themselves")
    end = f"; wb.abandon({running[0].id.name!r}) ends it" if hasattr(system, "abandon") else ""
    return f"Still {verb} {until}{end}: {', '.join([*named, *more])}."
