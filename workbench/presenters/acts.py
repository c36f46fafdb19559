"""What was done to actor systems, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runtime.clock import as_datetime
from workbench.audit_log import Act
from workbench.results import Rows
from workbench.tables import local_time


class Acts(Rows[Act]):
    """Acts in the order in which they began; those that were refused included."""

    __slots__ = ()
    columns = ("at", "who", "target", "act", "actor", "action", "payload", "outcome", "reason")
    empty = "Nothing was done that is recorded here. Calls to one's own system are in its history, see %history."
    noun = "act"

    def cells(self, record: Act) -> Sequence[object]:
        act = f"{record.act} ({record.mode})" if record.act == "attach" else record.act
        payload = f"{record.payload_bytes:,} bytes" if record.payload_bytes else ""
        return (
            local_time(record.at_us), record.who, record.target, act, record.actor, record.action, payload,
            outcome_of(record), record.reason,
        )  # fmt: skip

    def row(self, record: Act) -> dict[str, Any]:
        """One row for a data frame, with times as datetimes."""
        plain = super().row(record)
        at_us, ended_us = plain.pop("at_us"), plain.pop("ended_us")
        return {"at": as_datetime(at_us), **plain, "ended_at": as_datetime(ended_us) if ended_us else None}


def outcome_of(act: Act) -> str:
    """`done`, `failed (timeout)`; an act without an end says so."""
    if not act.outcome:
        return "no end recorded"
    return f"{act.outcome} ({act.error})" if act.error and act.outcome == "failed" else act.outcome
