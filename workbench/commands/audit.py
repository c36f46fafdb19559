"""What this notebook did to actor systems."""

from __future__ import annotations

from datetime import datetime

from workbench.commands.since import since_us
from workbench.presenters.acts import Acts
from workbench.session import current


def audit(actor: str | None = None, *, since: datetime | float | str | None = None, limit: int = 50) -> Acts:
    """The last acts of this notebook on actor systems, oldest first, and what was refused to it.

    Of an attached system: attaching, leaving, each call, deployment, undeployment and restoring in mode `act`, and what mode `look`
    refused.  Of one's own: what does not come by message, such as deploying, retrying, holding and dropping messages, injecting
    faults; its calls are in its history.  An act is recorded before it is sent; one without an end was cut short.  Of payloads
    size and hash are kept, never what is in them.  The record is a file beside the store, which only its owner can read; for a
    system in memory it is in memory.  Also as SQL: `SELECT * FROM audit`.

    Its lines are chained: where one was changed or removed, or cannot be read, the answer says which; `damages` has it as data.

    Args:
        actor: only acts on this actor.
        since: only later acts: an aware datetime, or how long ago in seconds or as text such as `"1h"`.
        limit: how many.

    Raises:
        BadSetting: `since` is no time.
    """
    first_us = since_us(since)
    found = [act for act in current.audits.acts() if act.at_us >= first_us and actor in (None, act.actor)]
    return Acts.of(found[-limit:] if limit > 0 else (), current.audits.damages())
