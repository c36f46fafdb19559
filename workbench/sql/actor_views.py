"""The `history` schemas: which views there are, what they are called and when they are brought up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec
from duckdb import DuckDBPyConnection

from runtime.records import StoredDefinition
from workbench.sql import field_types
from workbench.sql.ingest import text_rows
from workbench.sql.statements import UniqueNames, literal, quoted, run, transaction

_LISTED = ("view", "name", "type", "actor", "field", "system")
_SCHEMAS_IN_USE = ("history", "journal", "main", "information_schema", "pg_catalog")
_DYNAMIC = ("query(", "query_table(")


class ActorViews:
    """All views of one database: one for each actor name, children under their template's.  One thread at a time."""

    def __init__(self, connection: DuckDBPyConnection, own_system: str) -> None:
        self._connection, self._own = connection, own_system
        self._views: dict[tuple[str, str], ActorView] = {}
        self._schemas: dict[str, str] = {}
        self._schema_names = UniqueNames(_SCHEMAS_IN_USE)
        self._view_names: dict[str, UniqueNames] = {}
        self._definitions: Sequence[StoredDefinition] = ()
        self._fields: dict[str, Fields] = {}
        self._inferred = InferredFields(connection)
        self._with_state: set[tuple[str, str]] = set()
        self._seen = 0
        self._is_listed = True
        """The table `columns` tells what the views have."""
        self._schema(own_system)

    @property
    def names(self) -> list[str]:
        """The views as a query writes them."""
        return sorted(view.sql_name for view in self._views.values())

    def refresh(self, definitions: Sequence[StoredDefinition]) -> None:
        """Have a view with the right columns for every actor that has a definition or a turn."""
        seen, turned = self._turned()
        defined = [] if definitions == self._definitions else list(dict.fromkeys(d.name for d in definitions))
        if defined:
            self._fields = _fields_by_actor(definitions)
            turned += [key for key in self._views if key[1] in self._fields]
        wanted = dict.fromkeys([*((self._own, name) for name in defined), *turned])
        for key in wanted:
            self._declare(*key)
        self._list_columns()
        self._seen, self._definitions = seen, definitions

    def fill(self, sql: str) -> None:
        """Bring up to date the views that a query may read."""
        lowered = sql.lower()
        if "history" not in lowered:
            return
        reads_any = any(function in lowered for function in _DYNAMIC)
        mentioned = [view for view in self._views.values() if reads_any or view.is_mentioned(lowered)]
        for view in mentioned:
            self._is_listed &= not view.fill(self._connection)
        self._list_columns()

    def forget(self, gone: int | None) -> None:
        """Turns up to that sequence were removed; None for turns here and there."""
        for view in self._views.values():
            view.forget(self._connection, gone)

    def _turned(self) -> tuple[int, list[tuple[str, str]]]:
        """The last turn, and the actors with turns that are new, in order of their first."""
        found = run(
            self._connection,
            "SELECT system, parent, bool_or(state IS NOT NULL), max(sequence) FROM journal.turns WHERE sequence > ? "
            "GROUP BY system, parent ORDER BY min(sequence)",
            [self._seen],
        )
        self._with_state |= {(system, actor) for system, actor, has_state, _ in found if has_state}
        return max([self._seen, *(row[3] for row in found)]), [(system, actor) for system, actor, _, _ in found]

    def _declare(self, system: str, actor: str) -> None:
        view = self._views.get((system, actor))
        if view is None:
            schema = self._schema(system)
            name = self._view_names[schema].claim(actor)
            view = self._views[system, actor] = ActorView(system, actor, schema, name, len(self._views))
        has_state = (system, actor) in self._with_state
        fields = self._fields.get(actor, {})
        is_inferred = has_state and not fields
        if is_inferred:
            fields = self._inferred.of(system, actor, self._seen)
        columns = columns_of(fields, has_state=has_state, is_inferred=is_inferred)
        self._is_listed &= columns == view.declared
        view.declare(self._connection, columns)

    def _schema(self, system: str) -> str:
        name = self._schemas.get(system)
        if name is None:
            name = "history" if system == self._own else self._schema_names.claim(f"history_{system}")
            run(self._connection, f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}")
            self._schemas[system] = name
            self._view_names[name] = UniqueNames()
        return name

    def _list_columns(self) -> None:
        if self._is_listed:
            return
        rows: list[tuple[str | None, ...]] = []
        for view in self._views.values():
            rows += [(view.sql_name, name, kind, view.actor, None, view.system) for name, kind in FIXED.items()]
            rows += [(view.sql_name, c.name, c.type, view.actor, c.field, view.system) for c in view.columns]
        self._connection.register("incoming", text_rows(_LISTED, rows))
        try:
            with transaction(self._connection):
                run(self._connection, "DELETE FROM columns")
                run(self._connection, "INSERT INTO columns BY NAME SELECT * FROM incoming")
        finally:
            self._connection.unregister("incoming")
        self._is_listed = True


class Version(NamedTuple):
    """The type that a field had in one definition."""

    type: str
    definition: str = ""


Fields = Mapping[str, Sequence[Version]]
"""Field to the types that it had, the newest first."""


def _fields_by_actor(definitions: Sequence[StoredDefinition]) -> dict[str, Fields]:
    """For each actor its fields, those of the newest definition first, with every type they had."""
    found: dict[str, dict[str, list[Version]]] = {}
    for definition in reversed(definitions):
        fields = found.setdefault(definition.name, {})
        for field, annotation in definition.fields.items():
            kind = field_types.column_type(annotation, definition.classes)
            fields.setdefault(field, []).append(Version(kind, definition.hash))
    return dict(found)


# --- One view ---------------------------------------------------------------------------------------------------------
# One view of schema `history`: an actor's or a template's revisions with the state's fields as typed columns.
#
# The fields are parsed once, when a query first mentions the view, into a table beside the journal; later queries add
# what is new to it.  A value that does not fit its column's type (an integer above 64 bits) makes the column wider,
# never the query fail and never a value vanish.

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
    labels: tuple[tuple[str, str], ...] = ()
    """What an enumeration's values are in JSON, and what is shown for them."""
    is_array: bool = False
    """The state has it as a numpy array."""
    by_definition: tuple[tuple[str, str], ...] = ()
    """Definitions whose turns have a struct of another type, with that type."""

    @property
    def expression(self) -> str:
        """Its value, from the JSON `state` or from the structure `s` parsed from it."""
        if self.field is None:
            return "state"
        if self.is_in_structure:
            return field_types.read_as(self.type, f"s.{quoted(self.field)}", self.labels)
        if self.type == field_types.JSON or not self.by_definition:
            return field_types.read_as(self.type, self._alone(self.type), self.labels)
        cases = (
            f"WHEN {literal(definition)} THEN TRY_CAST({self._alone(kind)} AS {self.type})"
            for definition, kind in self.by_definition
        )
        return f"CASE definition {' '.join(cases)} ELSE {self._alone(self.type)} END"

    def _alone(self, kind: str) -> str:
        """Taken out of the state as that type."""
        value = f"json_extract(state, {self.pointer})"
        value = f"{field_types.ARRAY}({value}::VARCHAR)::JSON" if self.is_array else value
        return f"TRY(from_json_strict({value}, {literal(_text(field_types.parsed_type(kind)))}))"

    @property
    def pointer(self) -> str:
        """Where it is in the state, as a SQL string."""
        return literal("/" + (self.field or "").replace("~", "~0").replace("/", "~1"))

    def widened(self) -> Column:
        return replace(self, type=field_types.wider(self.type))


def columns_of(fields: Fields, *, has_state: bool, is_inferred: bool = False) -> tuple[Column, ...]:
    """The columns for state fields with the types that each had.

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
        kind = field_types.common_type(each.type for each in types)
        # Not in one structure: keys that differ only in case, the empty key, and values that fit as a whole or not at all.
        is_plain = bool(field) and field.lower() not in keys and not field_types.is_nested(kind)
        if is_plain:
            keys.add(field.lower())
        columns.append(_column(field, name, kind, is_plain, types))
    if is_inferred:
        columns.append(Column(None, names.claim(_WHOLE_STATE), field_types.JSON))
    return tuple(columns)


def _column(field: str, name: str, kind: str, is_plain: bool, types: Sequence[Version]) -> Column:
    labels = kind.labels.items() if isinstance(kind, field_types.Enumeration) else ()
    other = ((each.definition, str(each.type)) for each in types if each.type != kind and "STRUCT(" in each.type)
    is_array = isinstance(kind, field_types.Array)
    return Column(field, name, str(kind), is_plain, tuple(labels), is_array, tuple(other) if "STRUCT(" in kind else ())


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
        structure = {c.field: field_types.parsed_type(c.type) for c in self.columns if c.is_in_structure and c.field}
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


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _plain(name: str) -> str:
    """In quotes only where SQL needs them."""
    return name if name.isascii() and name.isidentifier() and name.islower() else quoted(name)


# --- State fields of actors whose definition does not tell them: a foreign SDK's, or a protobuf message's -------------
# What their last states have is taken for their fields.  A field that was seen once stays, so that views only grow.

_STATES, _MOST_FIELDS = 200, 200
_INFERRED = {"UBIGINT": "BIGINT", **{kind: kind for kind in ("BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR")}}
_LAST = """
SELECT json_group_structure(state) FROM (
    SELECT state FROM journal.turns
    WHERE sequence > ? AND system = ? AND parent = ? AND state IS NOT NULL ORDER BY sequence DESC LIMIT ?
)
"""


class InferredFields:
    """What was seen of each actor.  One thread at a time."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, str], dict[str, list[Version]]] = {}

    def of(self, system: str, actor: str, after: int) -> Fields:
        """The fields, with what the turns after that sequence add; none where states are no objects, or have too many."""
        (text,) = run(self._connection, _LAST, [after, system, actor, _STATES])[0]
        structure = msgspec.json.decode(text) if text else None
        seen = self._seen.setdefault((system, actor), {})
        if isinstance(structure, dict) and len(seen.keys() | structure) <= _MOST_FIELDS:
            for field, kind in structure.items():
                types = seen.setdefault(field, [])
                found = Version(_INFERRED.get(kind, field_types.JSON) if isinstance(kind, str) else field_types.JSON)
                if kind != "NULL" and found not in types:
                    types.append(found)
        return seen
