"""The `history` schemas: which views there are, what they are called and when they are brought up to date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec
from duckdb import DuckDBPyConnection

from runtime.records import StoredDefinition
from workbench.sql import field_types
from workbench.sql.ingest import text_rows
from workbench.sql.statements import UniqueNames, literal, quoted, run, transaction
from workbench.sql.turns import Owner

_LISTED = ("view", "name", "type", "actor", "field", "system")
_SCHEMAS_IN_USE = ("history", "journal", "main", "information_schema", "pg_catalog")


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
        self.seen = 0
        """The last turn that the views know of."""
        self._is_listed = True
        """The table `columns` tells what the views have."""
        self._schema(own_system)

    @property
    def names(self) -> list[str]:
        """The views as a query writes them."""
        return sorted(view.sql_name for view in self._views.values())

    def refresh(self, definitions: Sequence[StoredDefinition], owners: Sequence[Owner], last: int) -> None:
        """Have a view with the right columns for every actor that has a definition or a turn.

        Args:
            owners: whose turns are new, in order of their first.
            last: the last turn that there is.
        """
        turned = [(owner.system, owner.parent) for owner in owners]
        self._with_state |= {(owner.system, owner.parent) for owner in owners if owner.has_state}
        defined = [] if definitions == self._definitions else list(dict.fromkeys(d.name for d in definitions))
        if defined:
            self._fields = _fields_by_actor(definitions)
            turned += [key for key in self._views if key[1] in self._fields]
        wanted = dict.fromkeys([*((self._own, name) for name in defined), *turned])
        for key in wanted:
            self._declare(*key)
        self._list_columns()
        self.seen, self._definitions = last, definitions

    def widen(self, misfit: Misfit) -> None:
        """Show a column in which a value did not fit with the next wider type."""
        for view in self._views.values():
            if view.number == misfit.view:
                view.widen(self._connection, misfit)
        self._is_listed = False
        self._list_columns()

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
            fields = self._inferred.of(system, actor, self.seen)
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
# The fields are parsed when a query asks for them, and only those that it asks for, of the turns that pass its conditions.  A
# value that does not fit its column's type (an integer above 64 bits) stops the statement with an error that says which column
# it was (`misfit_in`); that column becomes wider, and the statement runs again: no query fails, and no value vanishes.

FIXED = {
    "actor": "VARCHAR",
    "revision": "BIGINT",
    "at": "TIMESTAMP WITH TIME ZONE",
    "cause": "VARCHAR",
    "definition": "VARCHAR",
}
"""The columns that every view has, in this order."""

_FIXED_SQL = 'actor, revision, finished_at AS "at", id AS cause, definition'
_WHOLE_STATE = "state"
_MISFIT = re.compile(r"does not fit column (\d+) of view (\d+) as (.+?) #")


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
    names, keys = UniqueNames(FIXED), set[str]()
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
    """One view.  One thread at a time, in a database that others may query meanwhile."""

    def __init__(self, system: str, actor: str, schema: str, name: str, number: int) -> None:
        self.system, self.actor, self.schema, self.name = system, actor, schema, name
        self.columns: tuple[Column, ...] = ()
        self.declared: tuple[Column, ...] | None = None
        self.number = number
        """Names it in the error for a value that does not fit."""

    @property
    def sql_name(self) -> str:
        """As a query writes it."""
        return f"{_plain(self.schema)}.{_plain(self.name)}"

    def declare(self, connection: DuckDBPyConnection, columns: tuple[Column, ...]) -> None:
        """Have the view with these columns, as the definitions tell them."""
        if columns == self.declared:
            return
        self._show(connection, columns)
        self.declared = columns

    def widen(self, connection: DuckDBPyConnection, misfit: Misfit) -> None:
        """Give the column another type, unless that was done already."""
        columns = list(self.columns)
        if misfit.column < len(columns) and columns[misfit.column].type == misfit.type:
            columns[misfit.column] = columns[misfit.column].widened()
            self._show(connection, tuple(columns))

    def _show(self, connection: DuckDBPyConnection, columns: tuple[Column, ...]) -> None:
        structure = {c.field: field_types.parsed_type(c.type) for c in columns if c.is_in_structure and c.field}
        parsed = f"from_json(state, {literal(_text(structure))})" if structure else "NULL"
        shown = "".join(f", {self._checked(c, number)} AS {quoted(c.name)}" for number, c in enumerate(columns))
        run(
            connection,
            f"CREATE OR REPLACE VIEW {quoted(self.schema)}.{quoted(self.name)} AS SELECT {_FIXED_SQL}{shown} "
            f"FROM (SELECT *, {parsed} AS s FROM journal.turns WHERE revision > revision_before "
            f"AND parent = {literal(self.actor)} AND system = {literal(self.system)} AND state_type IS NOT NULL)",
        )
        self.columns = columns

    def _checked(self, column: Column, number: int) -> str:
        """The column's value; an error where it would be NULL although the state has a value there."""
        if column.field is None or field_types.never_misfits(column.type):
            return column.expression
        text = literal(f"A value does not fit column {number} of view {self.number} as {column.type} # ")
        return (
            f"coalesce({column.expression}, CASE WHEN coalesce(json_type(state, {column.pointer}), 'NULL') <> 'NULL' "
            f"THEN CAST(error({text} || sequence) AS {column.type}) END)"
        )


class Misfit(NamedTuple):
    """A value did not fit this column."""

    view: int
    column: int
    type: str


def misfit_in(error: Exception) -> Misfit | None:
    """What a statement failed at, if it was a value that did not fit its column."""
    found = _MISFIT.search(str(error))
    return Misfit(int(found[2]), int(found[1]), found[3]) if found else None


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
