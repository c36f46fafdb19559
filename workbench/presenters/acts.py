"""What was done to actor systems, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from runtime.clock import as_datetime
from workbench.remote.audit_chain import Damage
from workbench.remote.audit_log import Act
from workbench.render.tables import html_lines, local_time
from workbench.results import Bundle, Rows

_MOST_DAMAGES = 10


class Acts(Rows[Act]):
    """Acts in the order in which they began; those that were refused included."""

    damages: tuple[Damage, ...] = ()
    """What does not fit in the record: lines that were changed or removed, or that cannot be read."""
    columns = ("at", "who", "target", "act", "actor", "action", "payload", "outcome", "reason")
    empty = "Nothing was done that is recorded here. Calls to one's own system are in its history, see %history."
    noun = "act"

    def cells(self, record: Act) -> Sequence[object]:
        act = f"{record.act} ({record.mode})" if record.act == "attach" else record.act
        act = f"{act} × {record.count:,}" if record.count > 1 else act
        payload = f"{record.payload_bytes:,} bytes" if record.payload_bytes else ""
        return (
            local_time(record.at_us), record.who, record.target, act, record.actor, record.action, payload,
            outcome_of(record), record.reason,
        )  # fmt: skip

    @classmethod
    def of(cls, acts: Iterable[Act], damages: Iterable[Damage]) -> Acts:
        """Acts of a record in which this does not fit."""
        made = cls(acts)
        made.damages = tuple(damages)
        return made

    def _warnings(self) -> str:
        if not self.damages:
            return ""
        shown = [f"  {each}" for each in self.damages[:_MOST_DAMAGES]]
        hidden = len(self.damages) - len(shown)
        return "\n".join(
            [
                "The record is not as it was written; what it says from there on may be incomplete:",
                *shown,
                *([f"  … and {hidden:,} more places"] if hidden > 0 else []),
            ]
        )

    def __repr__(self) -> str:
        shown, warnings = super().__repr__(), self._warnings()
        return f"{warnings}\n\n{shown}" if warnings else shown

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        shown, warnings = super()._repr_mimebundle_(), self._warnings()
        return {**shown, "text/html": html_lines(warnings) + shown["text/html"]} if warnings else shown

    def row(self, record: Act) -> dict[str, Any]:
        """One row for a data frame, with times as datetimes."""
        plain = super().row(record)
        at_us, ended_us = plain.pop("at_us"), plain.pop("ended_us")
        return {"at": as_datetime(at_us), **plain, "ended_at": as_datetime(ended_us) if ended_us else None}


def outcome_of(act: Act) -> str:
    """`done`, `failed (timeout)`, `117 done, 3 failed` of counted calls; an act without an end says so."""
    if len(act.outcomes) > 1:
        return ", ".join(f"{count:,} {outcome}" for outcome, count in act.outcomes.items())
    if not act.outcome:
        return "no end recorded"
    return f"{act.outcome} ({act.error})" if act.error and act.outcome == "failed" else act.outcome
