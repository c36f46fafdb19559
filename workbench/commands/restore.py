"""Give an actor a past state again."""

from __future__ import annotations

from typing import Any

from workbench.commands.acting import acting
from workbench.session import current


def restore(actor: str, revision: int) -> Any:
    """Continue an actor from the state of a past revision; that state, decoded.

    The past stays as it was: the state is copied into a new revision, in the order of the mailbox, and history goes on from there.
    To try something from a past revision without touching the actor, use `wb.fork`.

    Raises:
        UnknownActor, UnknownRevision: the actor, or that revision of it, is not known.
        NotDeployed, BadState: its code is not loaded, or the old state does not fit it.
        NotCapable: the system only looks, or cannot do it.
    """
    system = current.open()
    with acting(system, "restore", actor, str(revision)):
        return system.state(actor, system.restore(actor, revision))
