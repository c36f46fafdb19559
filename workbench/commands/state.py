"""Read what an actor's state is, or was."""

from __future__ import annotations

from typing import Any

from workbench.session import current


def state(actor: str, revision: int | None = None) -> Any:
    """The committed state, decoded, now or at a past revision; None for an actor without one.  Never wakes the actor.

    Raises:
        UnknownActor: nothing is known under that name, or not that revision.
    """
    return current.open().state(actor, revision)
