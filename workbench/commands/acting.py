"""Recording what is done to one's own system outside messages; attached systems record by themselves."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from runtime.api import SystemApi
from workbench.session import current


def acting(
    system: SystemApi, act: str, actor: str = "", action: str = "", payload: Any = None
) -> AbstractContextManager[object]:
    """Record an act around doing it.  One that cannot be recorded is done all the same, and the user is told."""
    from runtime.local import EmbeddedSystem  # not at the top: loading the extension must not load the engine

    if not isinstance(system, EmbeddedSystem):
        return nullcontext()
    return current.audits.own(system.name).act(act, actor, action, payload)
