"""The `history` schemas: which views there are, what they are called and when they are brought up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from runtime.records import StoredDefinition
from workbench.history.actor_view import FIXED, ActorView, columns_of
from workbench.history.batches import text_rows
from workbench.history.inferred_fields import InferredFields
from workbench.history.interrupts import run, transaction
from workbench.history.names import UniqueNames, quoted

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
        self._fields: dict[str, dict[str, list[str]]] = {}
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
        fields: Mapping[str, list[str]] = self._fields.get(actor, {})
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


def _fields_by_actor(definitions: Sequence[StoredDefinition]) -> dict[str, dict[str, list[str]]]:
    """For each actor its fields, those of the newest definition first, with every annotation they had."""
    found: dict[str, dict[str, list[str]]] = {}
    for definition in reversed(definitions):
        fields = found.setdefault(definition.name, {})
        for field, annotation in definition.fields.items():
            fields.setdefault(field, []).append(annotation)
    return found
