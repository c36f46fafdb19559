"""Lay a failed turn open."""

from __future__ import annotations

from typing import Any

from runtime.codecs.values import decode_value
from runtime.errors import SpawnError
from runtime.local import EmbeddedSystem
from runtime.records import DeadLetter
from workbench.commands.failures import NoSuchFailure, find_failure
from workbench.presenters.failed_turns import Failed
from workbench.presenters.postmortem import Postmortem
from workbench.session import current


def postmortem(which: Failed | str | None = None) -> Postmortem:
    """Message, state before, code and variables of a failed turn; the actor has long gone on.

    The last 20 failures of this process have live frames: `.locals` are the variables themselves, `.error` the exception.
    Of older ones and of those in other processes there is the text.

    Args:
        which: an actor's name for its last failure, an id or its end, one of `failures()`, or None for the last of all.

    Raises:
        NoSuchFailure: there is none.
    """
    failed = find_failure(which)
    if isinstance(failed, DeadLetter):
        raise NoSuchFailure(f"That message was never processed, so there is nothing to lay open: {failed.why}")
    return Postmortem(failed, state_before(failed), _is_current(failed))


def state_before(failed: Failed) -> Any:
    """The decoded state that the turn began with; None if it is not known any more."""
    system = current.open()
    if failed.capsule is not None and failed.capsule.work.state is not None:
        return decode_value(failed.capsule.work.state.value)
    if failed.capsule is not None and isinstance(system, EmbeddedSystem):
        return decode_value(system.host.initial(failed.definition).value)
    try:
        return system.state(failed.actor, failed.revision) if failed.revision else None
    except SpawnError:
        return None


def _is_current(failed: Failed) -> bool:
    system = current.open()
    if isinstance(system, EmbeddedSystem):
        deployed = system.deployed(failed.actor)
        return deployed is not None and deployed.hash == failed.definition
    try:
        return system.info(failed.actor).definition == failed.definition
    except SpawnError:
        return False
