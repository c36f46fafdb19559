"""How the database of a real Spawn proxy is recognised."""

from __future__ import annotations

from sqlalchemy import Inspector

TABLE = "snapshots"
COLUMNS = frozenset({"id", "actor", "system", "status", "node", "revision", "tags", "data_type", "data", "updated_at"})


def is_spawn_database(inspector: Inspector) -> bool:
    """Whether Spawn's table of states is there, with its columns; in the schema that unqualified names mean."""
    if not inspector.has_table(TABLE):
        return False
    return {column["name"] for column in inspector.get_columns(TABLE)} >= COLUMNS
