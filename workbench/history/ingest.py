"""From the committed journal into DuckDB: what is new since the last time, in large blocks.

Row groups of DuckDB have 122,880 rows; blocks above that are written in parallel and three to five times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from runtime.api import Capability, SystemApi
from runtime.records import Kept, StoredDefinition
from workbench.audit_log import Act
from workbench.history.batches import (
    JSON_COLUMNS,
    ToJson,
    actor_rows,
    audit_rows,
    definition_rows,
    joined,
    lifecycle_rows,
    state_rows,
    text_columns,
    turn_rows,
)
from workbench.history.interrupts import run, transaction
from workbench.history.names import quoted

_ROWS_A_BLOCK = 250_000
_ALL_ACTORS = 10_000_000
_UNRECORDED = """
WITH recorded AS (
    SELECT system, actor, max(revision) AS revision FROM journal.turns WHERE revision > revision_before GROUP BY ALL
)
SELECT now.system, now.actor, now.parent, now.kind, now.revision, now.last_turn_at, now.definition
FROM journal.actors_now AS now LEFT JOIN recorded USING (system, actor)
WHERE now.revision > coalesce(recorded.revision, 0)
"""
"""The columns of `batches.STATE_OWNER`."""
_NEVER_ABSENT = ("system", "actor", "action", "id")


class Ingest:
    """Keeps the tables of one database up to one system.  One thread at a time.

    An interrupt anywhere loses nothing: what is in the tables already is read from the tables themselves.
    """

    def __init__(self, connection: DuckDBPyConnection, system: SystemApi, to_json: ToJson) -> None:
        self._connection, self._system, self._to_json = connection, system, to_json
        self._definitions: list[StoredDefinition] = []
        self._kept = Kept()

    def turns(self) -> None:
        """Read the turns that are new."""
        (last,) = run(self._connection, "SELECT coalesce(max(sequence), 0) FROM journal.turns")[0]
        for block in self._blocks(last):
            self._insert("journal.turns", block, json=JSON_COLUMNS)

    def lifecycle(self) -> None:
        """Read the life-cycle marks that are new."""
        (known,) = run(self._connection, "SELECT count(*) FROM lifecycle")[0]
        if marks := list(self._system.lifecycle(after=known)):
            self._insert("lifecycle", lifecycle_rows(marks))

    def definitions(self) -> list[StoredDefinition]:
        """Read the definitions; all of them, oldest first."""
        definitions = self._system.definitions()
        if definitions != self._definitions:
            self._replace("definitions", definition_rows(definitions), json=("settings",))
            self._definitions = definitions
        return definitions

    def audit(self, acts: Sequence[Act]) -> None:
        """Have these acts, and no others."""
        self._replace("audit", audit_rows(acts))

    def actors(self) -> None:
        """Read what the system knows of its actors now."""
        if Capability.LIST in self._system.capabilities:
            self._replace("journal.actors_now", actor_rows(self._system.actors(limit=_ALL_ACTORS)))

    def states(self) -> None:
        """Read the current states that no turn here tells of: those of actors whose turns are not recorded, or not kept."""
        if not {Capability.LIST, Capability.STATE} <= self._system.capabilities or not self._may_lack_states():
            return
        self.actors()
        unknown = run(self._connection, _UNRECORDED)
        found = [(row, self._system.encoded_state(row[1])) for row in unknown]
        rows, states = [row for row, _ in found], [state for _, state in found]
        self._replace("journal.states_now", state_rows(rows, states, self._to_json), json=("state",))

    def forget(self, kept: Kept) -> None:
        """Have no turn that the system has not kept."""
        if kept.changes == self._kept.changes:
            run(self._connection, "DELETE FROM journal.turns WHERE sequence <= ?", [kept.gone])
        else:
            with transaction(self._connection):
                run(self._connection, "DELETE FROM journal.turns")
                self.turns()
        self._kept = kept

    def _may_lack_states(self) -> bool:
        default = self._system.status().durability
        durabilities = {definition.settings.get("durability") or default for definition in self._definitions}
        return self._kept != Kept() or "snapshot" in durabilities

    def _blocks(self, after: int) -> Iterator[Any]:
        parts, rows = [], 0
        for batch in self._system.history_batches(after=after):
            parts.append(turn_rows(batch, self._to_json))
            rows += batch.num_rows
            if rows >= _ROWS_A_BLOCK:
                yield joined(parts)
                parts, rows = [], 0
        if parts:
            yield joined(parts)

    def _replace(self, table: str, rows: Any, json: tuple[str, ...] = ()) -> None:
        with transaction(self._connection):
            run(self._connection, f"DELETE FROM {table}")
            self._insert(table, rows, json)

    def _insert(self, table: str, rows: Any, json: tuple[str, ...] = ()) -> None:
        self._connection.register("incoming", rows)
        try:
            run(
                self._connection, f"INSERT INTO {table} BY NAME SELECT * REPLACE ({_cleaned(rows, json)}) FROM incoming"
            )
        finally:
            self._connection.unregister("incoming")


def _cleaned(rows: Any, json: Sequence[str]) -> str:
    """Empty text becomes NULL where it means absent, and text that is no JSON after all a JSON string."""
    found = []
    for name in text_columns(rows):
        value = quoted(name) if name in _NEVER_ABSENT else f"nullif({quoted(name)}, '')"
        if name == "parent":
            value = f"coalesce({value}, actor)"
        if name in json:
            value = f"coalesce(TRY_CAST({value} AS JSON), to_json({value}))"
        found.append(f"{value} AS {quoted(name)}")
    return ", ".join(found)
