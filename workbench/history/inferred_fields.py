"""State fields of actors whose definition does not tell them: a foreign SDK's, or a protobuf message's.

What their last states have is taken for their fields.  A field that was seen once stays, so that views only grow.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from duckdb import DuckDBPyConnection

from workbench.history.interrupts import run

_STATES, _MOST_FIELDS = 200, 200
_ANNOTATIONS = {"UBIGINT": "int", "BIGINT": "int", "DOUBLE": "float", "BOOLEAN": "bool", "VARCHAR": "str"}
_LAST = """
SELECT json_group_structure(state) FROM (
    SELECT state FROM journal.turns
    WHERE sequence > ? AND system = ? AND parent = ? AND state IS NOT NULL ORDER BY sequence DESC LIMIT ?
)
"""

Fields = dict[str, list[str]]
"""Field to the annotations that it had."""


class InferredFields:
    """What was seen of each actor.  One thread at a time."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, str], Fields] = {}

    def of(self, system: str, actor: str, after: int) -> Mapping[str, list[str]]:
        """The fields, with what the turns after that sequence add; none where states are no objects, or have too many."""
        (text,) = run(self._connection, _LAST, [after, system, actor, _STATES])[0]
        structure = msgspec.json.decode(text) if text else None
        seen = self._seen.setdefault((system, actor), {})
        if isinstance(structure, dict) and len(seen.keys() | structure) <= _MOST_FIELDS:
            for field, kind in structure.items():
                annotations = seen.setdefault(field, [])
                found = _ANNOTATIONS.get(kind, "Any") if isinstance(kind, str) else "Any"
                if kind != "NULL" and found not in annotations:
                    annotations.append(found)
        return seen
