"""What commands answer: plain values that also read well as the output of a cell.

Each is usable as data first (a tuple of records, or the record itself) and shows itself as text and as static HTML, which
stays readable in a saved notebook.  Nothing here asks a system for anything.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from runtime.api import ActorInfo, SystemStatus, Waiting
from runtime.codecs.values import decode_value
from runtime.errors import shown
from workbench.data_frames import as_dict, to_arrow, to_pandas, to_polars
from workbench.redaction import redacted, redacted_text
from workbench.tables import SHOWN_ROWS, html_lines, html_table, local_time, plural, text_table

T = TypeVar("T")

Bundle = dict[str, str]

_LONG_S = 1.0
"""From here on it is said how long an action runs already."""


class Rows(tuple[T, ...], Generic[T]):
    """A tuple of records that shows itself as a table; at most 60 rows are shown, all are there."""

    __slots__ = ()
    columns: tuple[str, ...] = ()
    empty = "Nothing."
    noun = "row"

    def cells(self, record: T) -> Sequence[object]:
        """One line of the table."""
        raise NotImplementedError

    def row(self, record: T) -> dict[str, Any]:
        """One row for a data frame: plain values by field."""
        return as_dict(record)

    def dicts(self) -> list[dict[str, Any]]:
        """All rows as plain values."""
        return [self.row(record) for record in self]

    def df(self) -> Any:
        """All rows as a pandas DataFrame."""
        return to_pandas(self.dicts())

    def pl(self) -> Any:
        """All rows as a polars DataFrame."""
        return to_polars(self.dicts())

    def arrow(self) -> Any:
        """All rows as an Arrow table."""
        return to_arrow(self.dicts())

    def _lines(self) -> list[Sequence[object]]:
        return [self.cells(record) for record in self[:SHOWN_ROWS]]

    def _rest(self) -> str:
        hidden = len(self) - SHOWN_ROWS
        return f"… and {hidden:,} more ({plural(len(self), self.noun)} in all)" if hidden > 0 else ""

    def __repr__(self) -> str:
        if not self:
            return self.empty
        table, rest = text_table(self.columns, self._lines()), self._rest()
        return f"{table}\n{rest}" if rest else table

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        shown = html_table(self.columns, self._lines(), self._rest()) if self else html_lines(self.empty)
        return {"text/plain": repr(self), "text/html": shown}


class Actors(Rows[ActorInfo]):
    """Actors, by name."""

    __slots__ = ()
    columns = ("actor", "of", "kind", "phase", "revision", "waiting", "turns", "failures", "last turn")
    empty = "No actors yet. Define one with %%actor, or deploy a class with wb.deploy."
    noun = "actor"

    def cells(self, record: ActorInfo) -> Sequence[object]:
        of = record.parent if record.parent != record.id.name else ""
        # Counted from an activation on: of an actor that is only in the store, nothing is known.
        counted = (record.turns, record.failures) if record.phase != "passive" or record.turns else ("", "")
        return (
            record.id.name, of, record.kind, _phase(record), record.revision, record.waiting, *counted,
            local_time(record.last_turn_us),
        )  # fmt: skip


class Mailbox(Rows[Waiting]):
    """The invocation in progress, then those that wait, in order."""

    __slots__ = ()
    columns = ("", "action", "payload", "from", "since", "invocation")
    empty = "The mailbox is empty."
    noun = "message"

    def cells(self, record: Waiting) -> Sequence[object]:
        mark = "running" if record.running else "waiting"
        since = record.started_us if record.running and record.started_us else record.enqueued_us
        payload = "" if record.payload is None else _shown(decode_value(record.payload))
        return mark, record.action, payload, record.caller, local_time(since), record.invocation


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One finished turn of an actor, decoded."""

    sequence: int
    revision: int
    at: datetime
    action: str
    payload: Any
    response: Any
    failure: str
    """Class and text of what went wrong; empty for a turn that succeeded."""
    state: Any
    """The new state; None where it did not change or is not at hand."""
    took_ms: float
    caller: str
    invocation: str
    definition: str


class History(Rows[Entry]):
    """An actor's last turns, oldest first."""

    __slots__ = ()
    columns = ("revision", "at", "action", "payload", "outcome", "state", "ms", "from")
    empty = "No turns yet."
    noun = "turn"

    def cells(self, record: Entry) -> Sequence[object]:
        outcome = record.failure or f"→ {_shown(record.response)}"
        state = "" if record.state is None else _shown(record.state)
        payload = "" if record.payload is None else _shown(record.payload)
        at = local_time(round(record.at.timestamp() * 1_000_000))
        return record.revision, at, record.action, payload, outcome, state, f"{record.took_ms:.1f}", record.caller


class Status(SystemStatus, frozen=True, kw_only=True):
    """A `SystemStatus` that shows itself, with where the store and its key are."""

    key: str = ""
    """Where the store's key is; empty if unknown or not made yet."""
    durability: str = ""
    notes: tuple[str, ...] = ()
    """What is done to it on purpose just now: actors that are held, injected faults."""

    @classmethod
    def of(cls, status: SystemStatus, *, key: str = "", durability: str = "", notes: tuple[str, ...] = ()) -> Status:
        """The same status, showable."""
        known = msgspec.structs.asdict(status)
        return cls(**{**known, "key": key, "durability": durability or known.get("durability", ""), "notes": notes})

    def __repr__(self) -> str:
        if not self.running:
            return f"Actor system {self.system!r} is not running; it starts at first use.\n  store       {self.store}"
        lines = [f"Actor system {self.system!r} is running.", f"  store       {self.store}"]
        lines += [f"  key         {self.key}"] if self.key else []
        lines += [f"  durability  {self.durability}"] if self.durability else []
        lines += [f"  it tells    {self.told}"] if self.told else self._counts()
        if self.store_error:
            lines.append(f"  STORE ERROR {self.store_error}")
        if self.loop_blocked_by:
            lines.append(f"  HELD UP     all coroutine actions wait for {self.loop_blocked_by}")
        lines += [f"  PROBLEM     {problem}" for problem in self.problems]
        lines += [f"  GUEST       {guest}" for guest in self.guests]
        lines += [f"  ON PURPOSE  {note}" for note in self.notes]
        return redacted_text("\n".join(lines))

    def _counts(self) -> list[str]:
        behind = self.sequence - self.committed
        return [
            f"  actors      {self.actors:,} active, {plural(self.waiting, 'waiting message')}",
            f"  turns       {self.sequence:,}" + (f", {behind:,} not yet on disk" if behind > 0 else ", all on disk"),
        ]

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}


def _shown(value: Any) -> str:
    return redacted_text(shown(redacted(value)))


def _for_long(record: ActorInfo) -> str:
    """How long an action runs already, if that is longer than most do."""
    seconds = time.time() - record.action_started_us / 1e6
    return f", for {seconds:.0f} s" if record.action_started_us and seconds >= _LONG_S else ""


def _phase(record: ActorInfo) -> str:
    text = f"running {record.action}{_for_long(record)}" if record.action else record.phase
    return text if record.deployed else f"{text}, no code"
