"""From an actor system into DuckDB: what is new since the last time.

Turns are not copied into DuckDB: it scans them (`turns`).  The rest is small, and inserted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from duckdb import DuckDBPyConnection

from runtime.api import ActorInfo, Capability, SystemApi
from runtime.records import JSON, Encoded, Lifecycle, RetentionMark, StoredDefinition
from workbench.remote.audit_log import Act
from workbench.sql.json_text import ToJson, as_text, decoded
from workbench.sql.statements import quoted, run, transaction
from workbench.sql.turns import NEVER_ABSENT, Owner, TurnColumns, TurnsDataset, likely_columns

_ALL_ACTORS = 10_000_000
_UNRECORDED = """
WITH recorded AS (
    SELECT system, actor, max(revision) AS revision FROM journal.turns WHERE revision > revision_before GROUP BY ALL
)
SELECT now.system, now.actor, now.parent, now.kind, now.revision, now.last_turn_at, now.definition
FROM journal.actors_now AS now LEFT JOIN recorded USING (system, actor)
WHERE now.revision > coalesce(recorded.revision, 0)
"""
"""The columns of `STATE_OWNER`."""


TURNS = "journal columns"
"""Under this name each connection has the turns that its present statement reads."""


class Ingest:
    """Keeps the tables of one database up to one system.  One thread at a time.

    An interrupt anywhere loses nothing.
    """

    def __init__(self, connection: DuckDBPyConnection, system: SystemApi, to_json: ToJson) -> None:
        self._connection, self._system, self._to_json = connection, system, to_json
        self._turns = TurnColumns(system, to_json)
        self._definitions: list[StoredDefinition] = []
        self._kept = RetentionMark()

    def turns(self, sql: str = "") -> None:
        """Read the turns that are new, with what a statement probably needs of them."""
        self._turns.read_further(likely_columns(sql))
        self._connection.register(TURNS, self.dataset())

    def owners(self, after: int) -> tuple[list[Owner], int]:
        """Whose turns there are above that sequence, and the last turn."""
        return self._turns.owners(after), self._turns.last

    def dataset(self) -> TurnsDataset:
        """The turns that were read, for one statement: to be registered as `TURNS`."""
        return self._turns.dataset()

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

    def forget(self, kept: RetentionMark) -> None:
        """Have no turn that the system has not kept."""
        if kept.changes == self._kept.changes:
            self._turns.forget(kept.gone)
        else:
            self._turns.clear()
        self._kept = kept

    def _may_lack_states(self) -> bool:
        default = self._system.status().durability
        durabilities = {definition.settings.get("durability") or default for definition in self._definitions}
        return self._kept != RetentionMark() or "snapshot" in durabilities

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
        value = quoted(name) if name in NEVER_ABSENT else f"nullif({quoted(name)}, '')"
        if name in json:
            value = f"coalesce(TRY_CAST({value} AS JSON), to_json({value}))"
        found.append(f"{value} AS {quoted(name)}")
    return ", ".join(found)


# --- Records as Arrow tables: column by column, without a Python object for any state ---------------------------------
# This runs while the kernel also runs actors, so it works on a few thousand turns at a time: nothing here holds the
# interpreter for more than a few milliseconds.

Rows = Any
"""A `pyarrow.Table`."""

STATE_OWNER = ("system", "actor", "parent", "kind", "revision", "at", "definition")

_TEXT, _INTEGER = pa.string(), pa.int64()
_TIME = pa.timestamp("us", tz="UTC")
_MAP = pa.map_(_TEXT, _TEXT)


def lifecycle_rows(marks: Sequence[Lifecycle]) -> Rows:
    """Rows of `lifecycle`."""
    return pa.table(
        {
            "at": _times([mark.at_us for mark in marks]),
            "actor": _texts([mark.actor.name for mark in marks]),
            "event": _texts([mark.event for mark in marks]),
            "revision": _integers([mark.revision for mark in marks]),
            "definition": _texts([mark.definition for mark in marks]),
            "system": _texts([mark.actor.system for mark in marks]),
        }
    )


def definition_rows(definitions: Sequence[StoredDefinition]) -> Rows:
    """Rows of `definitions`."""
    return pa.table(
        {
            "actor": _texts([d.name for d in definitions]),
            "definition": _texts([d.hash for d in definitions]),
            "deployed_at": _times([d.deployed_us for d in definitions]),
            "source": _texts([d.source for d in definitions]),
            "settings": _texts([msgspec.json.encode(d.settings, enc_hook=str) for d in definitions]),
            "fields": _maps([d.fields for d in definitions]),
            "actions": _maps([d.actions for d in definitions]),
        }
    )


def audit_rows(acts: Sequence[Act]) -> Rows:
    """Rows of `audit`."""
    texts = (
        "who",
        "notebook",
        "target",
        "system",
        "mode",
        "act",
        "actor",
        "action",
        "reason",
        "outcome",
        "error",
        "id",
    )
    return pa.table(
        {
            "at": _times([act.at_us for act in acts]),
            **{name: _texts([getattr(act, name) or None for act in acts]) for name in texts},
            "ended_at": _times([act.ended_us or None for act in acts]),
            "payload_bytes": _integers([act.payload_bytes for act in acts]),
            "payload_hash": _texts([act.payload_hash for act in acts]),
            "calls": _integers([act.count for act in acts]),
        }
    )


def actor_rows(actors: Sequence[ActorInfo]) -> Rows:
    """Rows of `journal.actors_now`."""
    return pa.table(
        {
            "system": _texts([a.id.system for a in actors]),
            "actor": _texts([a.id.name for a in actors]),
            "parent": _texts([a.parent or a.id.name for a in actors]),
            "kind": _texts([a.kind for a in actors]),
            "phase": _texts([a.phase for a in actors]),
            "revision": _integers([a.revision for a in actors]),
            "definition": _texts([a.definition for a in actors]),
            "is_deployed": pa.array([a.deployed for a in actors], pa.bool_()),
            "waiting": _integers([a.waiting for a in actors]),
            "oldest_waiting_at": _times([a.oldest_waiting_us or None for a in actors]),
            "last_turn_at": _times([a.last_turn_us or None for a in actors]),
        }
    )


def state_rows(rows: Sequence[tuple[Any, ...]], states: Sequence[Encoded | None], to_json: ToJson) -> Rows:
    """Rows of `journal.states_now`: the columns of `STATE_OWNER`, and the states that belong to them."""
    columns = {name: pa.array([row[index] for row in rows]) for index, name in enumerate(STATE_OWNER)}
    texts = [None if s is None else s.data if s.type == JSON else decoded(s, to_json) for s in states]
    return pa.table({**columns, "state": as_text(pa.array(texts, pa.binary()))})


def text_rows(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Rows:
    """Rows in which every column is text."""
    return pa.table({name: _texts([row[index] for row in rows]) for index, name in enumerate(names)})


def text_columns(rows: Rows) -> list[str]:
    """Names of the columns that are text."""
    return [column.name for column in rows.schema if column.type == _TEXT or pa.types.is_dictionary(column.type)]


def _texts(values: Sequence[Any]) -> Any:
    return pa.array(values, _TEXT)


def _integers(values: Sequence[int]) -> Any:
    return pa.array(values, _INTEGER)


def _times(values: Sequence[int | None]) -> Any:
    return pa.array(values, _INTEGER).cast(_TIME)


def _maps(values: Sequence[Mapping[str, str]]) -> Any:
    if not any(values):
        return pa.MapArray.from_arrays([0] * (len(values) + 1), _texts([]), _texts([]))
    return pa.array([list(value.items()) for value in values], _MAP)
