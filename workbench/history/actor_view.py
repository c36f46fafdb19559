"""One view of schema `history`: an actor's or a template's revisions with the state's fields as typed columns.

The fields are parsed once, when a query first mentions the view, into a table beside the journal; later queries add what is
new to it.  A value that does not fit its column's type (an integer above 64 bits) makes the column wider, never the query
fail and never a value vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec
from duckdb import DuckDBPyConnection

from workbench.history import field_types
from workbench.history.interrupts import run, transaction
from workbench.history.names import UniqueNames, literal, quoted

FIXED = {
    "actor": "VARCHAR",
    "revision": "BIGINT",
    "at": "TIMESTAMP WITH TIME ZONE",
    "cause": "VARCHAR",
    "definition": "VARCHAR",
}
"""The columns that every view has, in this order."""

_FIXED_NAMES = ", ".join(map(quoted, FIXED))
_WHOLE_STATE = "state"
_POSITION = "journal sequence"
"""Column of the table beneath, not shown: the turn that a row comes from."""


@dataclass(frozen=True, slots=True)
class Column:
    """A state field and how it is shown."""

    field: str | None
    """None for the whole state, where no definition tells its fields."""
    name: str
    type: str
    is_in_structure: bool = True
    """False for a field that has to be taken out on its own."""

    @property
    def expression(self) -> str:
        """Its value, from the JSON `state` or from the structure `s` parsed from it."""
        if self.field is None:
            return "state"
        if not self.is_in_structure:
            return f"TRY(from_json_strict(json_extract(state, {self.pointer}), {literal(_text(self.type))}))"
        inside = f"s.{quoted(self.field)}"
        return f"TRY(from_base64({inside}))" if self.type == field_types.BLOB else inside

    @property
    def pointer(self) -> str:
        """Where it is in the state, as a SQL string."""
        return literal("/" + (self.field or "").replace("~", "~0").replace("/", "~1"))

    def widened(self) -> Column:
        return replace(self, type=field_types.wider(self.type))


def columns_of(
    fields: Mapping[str, Iterable[str]], *, has_state: bool, is_inferred: bool = False
) -> tuple[Column, ...]:
    """The columns for state fields with the annotations that each had.

    Args:
        has_state: there are states; without a known field they are then shown whole.
        is_inferred: no definition tells the fields; behind them the states are shown whole, too.
    """
    if not fields:
        return (Column(None, _WHOLE_STATE, field_types.JSON),) if has_state else ()
    names, keys = UniqueNames((*FIXED, _POSITION)), set[str]()
    columns = []
    for field, types in fields.items():
        name = names.claim(f"state_{field}" if field.lower() in FIXED else field)
        kind = field_types.column_type(types)
        # Not in one structure: keys that differ only in case, the empty key, and values that fit as a whole or not at all.
        is_plain = bool(field) and field.lower() not in keys and not field_types.is_nested(kind)
        if is_plain:
            keys.add(field.lower())
        columns.append(Column(field, name, kind, is_plain))
    if is_inferred:
        columns.append(Column(None, names.claim(_WHOLE_STATE), field_types.JSON))
    return tuple(columns)


class ActorView:
    """A view and the table behind it.  One thread at a time, in a database that others may query meanwhile."""

    def __init__(self, system: str, actor: str, schema: str, name: str, number: int) -> None:
        self.system, self.actor, self.schema, self.name = system, actor, schema, name
        self.columns: tuple[Column, ...] = ()
        self.declared: tuple[Column, ...] | None = None
        self._number, self._generation = number, 0
        self._is_sound = False
        """False from the first statement that changes the table to the commit: an interrupt then means to begin anew."""

    @property
    def sql_name(self) -> str:
        """As a query writes it."""
        return f"{_plain(self.schema)}.{_plain(self.name)}"

    @property
    def _table(self) -> str:
        return f"journal.{quoted(f'fields_{self._number}_{self._generation}')}"

    def is_mentioned(self, lowered_sql: str) -> bool:
        """Whether a query may read it: its name is somewhere in the text."""
        name = self.name.lower()
        return name in lowered_sql or name.replace('"', '""') in lowered_sql

    def declare(self, connection: DuckDBPyConnection, columns: tuple[Column, ...]) -> None:
        """Have the view with these columns, as the definitions tell them."""
        if columns == self.declared:
            return
        self.declared = self.columns = columns
        self._is_sound = False
        with transaction(connection):
            self._shape(connection)
        self._is_sound = True

    def fill(self, connection: DuckDBPyConnection) -> bool:
        """Add the revisions that are new; whether a column had to become wider for it.  All of it or nothing."""
        before, was_sound, self._is_sound = self.columns, self._is_sound, False
        with transaction(connection):
            if not was_sound:
                self._shape(connection)
            after = self._insert(connection)
            while misfits := self._misfits(connection, after):
                self.columns = tuple(c.widened() if c.name in misfits else c for c in self.columns)
                self._shape(connection)
                after = self._insert(connection)
        self._is_sound = True
        return self.columns != before

    def forget(self, connection: DuckDBPyConnection, gone: int | None) -> None:
        """Turns up to that sequence were removed; None to read all anew, as others were too."""
        if gone is None:
            self._is_sound = False
        elif self.declared is not None:
            run(connection, f"DELETE FROM {self._table} WHERE {quoted(_POSITION)} <= ?", [gone])

    def _shape(self, connection: DuckDBPyConnection) -> None:
        """Make the table anew, still without rows, and the view over it."""
        before, self._generation = self._table, self._generation + 1
        types = [f"{quoted(name)} {kind}" for name, kind in FIXED.items()]
        types += [f"{quoted(c.name)} {c.type}" for c in self.columns]
        run(connection, f"CREATE TABLE {self._table} ({quoted(_POSITION)} BIGINT, {', '.join(types)})")
        shown = "".join(f", {quoted(c.name)}" for c in self.columns)
        view = f"{quoted(self.schema)}.{quoted(self.name)}"
        run(connection, f"CREATE OR REPLACE VIEW {view} AS SELECT {_FIXED_NAMES}{shown} FROM {self._table}")
        run(connection, f"DROP TABLE IF EXISTS {before}")

    def _insert(self, connection: DuckDBPyConnection) -> int:
        """Parse the revisions after the last one that is there; the sequence of that one."""
        (last,) = run(connection, f"SELECT coalesce(max({quoted(_POSITION)}), 0) FROM {self._table}")[0]
        structure = {c.field: _parsed_type(c.type) for c in self.columns if c.is_in_structure and c.field}
        parsed = f"from_json(state, {literal(_text(structure))})" if structure else "NULL"
        values = "".join(f", {c.expression}" for c in self.columns)
        run(
            connection,
            f"INSERT INTO {self._table} SELECT sequence, actor, revision, finished_at, id, definition{values} "
            f"FROM (SELECT *, {parsed} AS s FROM journal.turns WHERE sequence > ? AND revision > revision_before "
            "AND parent = ? AND system = ? AND state IS NOT NULL)",
            [last, self.actor, self.system],
        )
        return int(last)

    def _misfits(self, connection: DuckDBPyConnection, after: int) -> set[str]:
        """Columns that are NULL in a new row although the state has a value there."""
        doubtful = [c for c in self.columns if c.field is not None and not field_types.never_misfits(c.type)]
        if not doubtful:
            return set()
        counts = ", ".join(
            f"count(*) FILTER (f.{quoted(c.name)} IS NULL AND json_type(t.state, {c.pointer}) <> 'NULL')"
            for c in doubtful
        )
        is_empty = " OR ".join(f"f.{quoted(c.name)} IS NULL" for c in doubtful)
        found = run(
            connection,
            f"SELECT {counts} FROM {self._table} f JOIN journal.turns t ON t.sequence = f.{quoted(_POSITION)} "
            f"WHERE t.sequence > ? AND ({is_empty})",
            [after],
        )[0]
        return {column.name for column, count in zip(doubtful, found, strict=True) if count}


def _parsed_type(column: str) -> str:
    return field_types.VARCHAR if column == field_types.BLOB else column


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _plain(name: str) -> str:
    """In quotes only where SQL needs them."""
    return name if name.isascii() and name.isidentifier() and name.islower() else quoted(name)
