"""What commands answer: plain values that also read well as the output of a cell.

Each is usable as data first (a tuple of records, or the record itself) and shows itself as text and as static HTML, which
stays readable in a saved notebook.  Nothing here asks a system for anything.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

import msgspec

from runtime.api import ActorInfo, DeployReport, FieldChange, SystemStatus, Waiting
from runtime.errors import Mistake, shown
from runtime.ids import ActorId
from runtime.records import Encoded
from runtime.wire.codecs.values import decode_value
from workbench.redaction import redacted, redacted_text
from workbench.render.tables import SHOWN_ROWS, cut, html_lines, html_table, local_time, plural, text_table

# --- Rows of results as pandas, polars or Arrow, whichever is installed -----------------------------------------------

_SCALARS = (str, int, float, bool, datetime, type(None))


class UnknownName(Mistake, AttributeError):
    """`workbench` has nothing of that name."""

    code = "unknown_name"


class NotInstalled(Mistake):
    """A package that the conversion needs is missing."""

    code = "not_installed"

    def __init__(self, package: str) -> None:
        super().__init__(f"This needs {package}, which is not installed here. Install it with: %pip install {package}")


def as_dict(record: Any) -> dict[str, Any]:
    """A record's fields as plain values: names for actors, decoded payloads and states."""
    return {name: _plain(getattr(record, name)) for name in record.__struct_fields__}


def to_pandas(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A pandas DataFrame; values that are no scalars stay the objects that they are.

    Raises:
        NotInstalled: there is no pandas.
    """
    return _package("pandas").DataFrame(list(rows))


def to_polars(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A polars DataFrame; values that are no scalars are JSON text.

    Raises:
        NotInstalled: there is no polars.
    """
    return _package("polars").DataFrame([_flat(row) for row in rows], strict=False, infer_schema_length=None)


def to_arrow(rows: Sequence[Mapping[str, Any]]) -> Any:
    """An Arrow table; values that are no scalars are JSON text, and so is a column of several types.

    Raises:
        NotInstalled: there is no pyarrow.
    """
    flat = [_flat(row) for row in rows]
    mixed = {name for name in (flat[0] if flat else ()) if len({type(r[name]) for r in flat} - {type(None)}) > 1}
    uniform = [{k: _json(v) if k in mixed and v is not None else v for k, v in row.items()} for row in flat]
    return _package("pyarrow").Table.from_pylist(uniform)


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise NotInstalled(name) from None


def _plain(value: Any) -> Any:
    if isinstance(value, ActorId):
        return value.name
    return decode_value(value) if isinstance(value, Encoded) else value


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, _SCALARS) else _json(value) for name, value in row.items()}


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        return repr(value)


# --- Results ----------------------------------------------------------------------------------------------------------

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
    cause: str = ""
    """The invocation during which the message was sent; empty from outside."""


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
            head = f"Actor system {self.system!r} is not running; it starts at first use."
            return "\n".join([head, f"  store       {self.store}", *(f"  {note}" for note in self.notes)])
        what = "proxy" if self.store.startswith("http") else "store"
        lines = [f"Actor system {self.system!r} is running.", f"  {what}       {self.store}"]
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


# --- What a deploy changed, or would change, as a cell shows it -------------------------------------------------------

_LINE_CHARACTERS = 86


class Deployed(DeployReport, frozen=True, kw_only=True):
    """A `DeployReport` that shows itself."""

    @classmethod
    def of(cls, report: DeployReport) -> Self:
        """The same report, showable."""
        return cls(**{name: getattr(report, name) for name in report.__struct_fields__})

    def __repr__(self) -> str:
        changes = self._changes() if self.changed else []
        return redacted_text("\n".join([self._headline(), *changes, *self._notes()]))

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}

    def _headline(self) -> str:
        if not self.changed:
            return f"{self.actor}: unchanged (definition {self.definition[:8]})."
        verb = "redeployed" if self.previous else "deployed"
        before = f"{self.previous[:8]} → " if self.previous else ""
        return f"{self.actor}: {verb} (definition {before}{self.definition[:8]})."

    def _changes(self) -> list[str]:
        actions = [f"+ {a}" for a in self.added_actions] + [f"− {a}" for a in self.removed_actions]
        parts = [*_listed("actions", [*actions, *(f"~ {a}" for a in self.changed_actions)])]
        parts += _listed("settings", [f"~ {s}" for s in self.changed_settings])
        return parts + _listed("state", [_field(change) for change in self.fields])

    def _notes(self) -> list[str]:
        notes = []
        if self.dropped_fields:
            fields = ", ".join(self.dropped_fields)
            notes.append(
                f"  Dropped: the values of {fields} are kept; delete them with wb.confirm_dropped({self.actor!r})."
            )
        if self.changed and self.previous:
            revision = [f"revision {self.revision}"] if self.revision else []
            waiting = [plural(self.waiting, "waiting message")] if self.waiting else []
            kept = " and ".join([*revision, *waiting])
            notes.append(f"  {f'Kept: {kept}. ' if kept else ''}The next turn runs the new code.")
        if self.changed and self.children > 1:
            notes.append(f"  It is the code of {plural(self.children, 'active actor')}.")
        return [*notes, *(f"  ! {note}" for note in self.notes)]


class Previewed(Deployed, frozen=True, kw_only=True):
    """What a deploy would change; nothing was deployed."""

    def _headline(self) -> str:
        if not self.changed:
            return f"{self.actor}: nothing would change (definition {self.definition[:8]})."
        verb = "redeployed" if self.previous else "deployed"
        before = f"{self.previous[:8]} → " if self.previous else ""
        return f"{self.actor}: would be {verb} (definition {before}{self.definition[:8]}). Nothing was deployed."

    def _notes(self) -> list[str]:
        notes = []
        if self.dropped_fields:
            notes.append(f"  Dropped: the values of {', '.join(self.dropped_fields)} would be kept.")
        if self.changed and self.previous:
            kept = [f"revision {self.revision}"] if self.revision else []
            kept += [plural(self.waiting, "waiting message")] if self.waiting else []
            notes += [f"  Kept: {' and '.join(kept)}."] if kept else []
        if self.changed and self.children > 1:
            notes.append(f"  It would be the code of {plural(self.children, 'active actor')}.")
        return [*notes, *(f"  ! {note}" for note in self.notes)]


class Deployments(tuple[Deployed, ...]):
    """The reports of a cell with several actors, in its order."""

    __slots__ = ()

    def __repr__(self) -> str:
        return redacted_text("\n".join(map(repr, self)))

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}


def _field(change: FieldChange) -> str:
    sign = {"kept": "=", "added": "+", "dropped": "−", "retyped": "~"}.get(change.change, "?")
    return f"{sign} {change.name}" + (f" ({cut(change.detail)})" if change.detail else "")


def _listed(title: str, items: list[str]) -> list[str]:
    """Items under a title, broken between items only."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) < _LINE_CHARACTERS:
            lines[-1] += f"   {item}"
        else:
            lines.append(f"  {'' if lines else title:<9} {item}")
    return lines
