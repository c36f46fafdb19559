"""What other processes did to an embedded system's code: who deployed which definition here, took it back, undeployed or restored.

Calls are not noted: they are in the history, with their caller.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

_KEPT = 1_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GuestAct:
    """One act of another process."""

    at_us: int
    who: str
    """The process, as it calls itself, or its address."""
    act: str
    """`deploy`, `take back`, `undeploy`, `restore` or `confirm_dropped`."""
    actor: str
    detail: str = ""
    """The definition's hash or the revision."""

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.at_us / 1e6).strftime("%H:%M")  # noqa: DTZ006 - the reader's own clock
        match self.act:
            case "deploy":
                return f"{self.actor} now runs code of {self.who}, deployed {at} (definition {self.detail[:8]})."
            case "take back":
                return f"{self.who} has left: {self.actor} no longer runs its code ({at})."
        return f"{self.who} did {self.act} {self.actor} {self.detail}".rstrip() + f" ({at})."


class GuestActs:
    """The last 1,000 of them, and whose code runs now.  Any thread."""

    def __init__(self) -> None:
        self.kept: deque[GuestAct] = deque(maxlen=_KEPT)
        self.running: dict[str, GuestAct] = {}
        """By actor, the deployment of the code that runs now, where that is another process's."""
        self.listener: Callable[[GuestAct], object] | None = None
        """Gets each act, on the thread of the server."""

    def note(self, act: GuestAct) -> None:
        """Never raises: what was done does not depend on whether it is told."""
        self.kept.append(act)
        if act.act == "deploy":
            self.running[act.actor] = act
        elif act.act in ("take back", "undeploy"):
            self.running.pop(act.actor, None)
        if self.listener is not None:
            try:
                self.listener(act)
            except Exception:  # noqa: BLE001 - the listener's own trouble
                _log.exception("An act of %s could not be told", act.who)

    def replaced(self, actor: str) -> None:
        """The owner has deployed code of its own."""
        self.running.pop(actor, None)
