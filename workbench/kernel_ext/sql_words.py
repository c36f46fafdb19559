"""Completion of SQL: tables, the `history` views, and their columns.  Asks the actor system, never DuckDB."""

from __future__ import annotations

import re

from workbench.history.schema import NAMES
from workbench.kernel_ext.known_names import KnownNames

COLUMNS: dict[str, tuple[str, ...]] = {
    "actors": (
        "actor", "parent", "kind", "phase", "revision", "definition", "is_deployed", "turns", "failures", "first_at", "last_at",
        "waiting", "oldest_waiting_at", "system",
    ),
    "states": ("actor", "parent", "kind", "revision", "at", "cause", "definition", "tags", "state", "system"),
    "revisions": (
        "actor", "parent", "revision", "at", "cause", "action", "definition", "state", "tags", "system", "sequence",
    ),
    "invocations": (
        "id", "actor", "parent", "action", "caller", "cause", "correlation", "key", "payload", "response", "error_code",
        "error_type", "error", "revision_before", "revision", "enqueued_at", "started_at", "finished_at", "wait_ms", "run_ms",
        "metadata", "definition", "caller_system", "system", "sequence",
    ),
    "failures": (
        "at", "id", "actor", "parent", "action", "type", "text", "trace", "code", "caller", "cause", "correlation", "key",
        "payload", "revision", "definition", "system", "sequence",
    ),
    "lifecycle": ("at", "actor", "event", "revision", "definition", "system"),
    "definitions": ("actor", "definition", "deployed_at", "source", "settings", "fields", "actions"),
    "audit": (
        "at", "who", "notebook", "target", "system", "mode", "act", "actor", "action", "reason", "outcome", "error", "ended_at",
        "payload_bytes", "payload_hash", "id",
    ),
    "columns": ("view", "name", "type", "actor", "field", "system"),
}  # fmt: skip
"""Of the tables that are always there."""

IN_EVERY_VIEW = ("actor", "revision", "at", "cause", "definition")

_WORD = re.compile(r"[\w.]*\Z")
_AFTER_TABLE_WORD = re.compile(r"\b(?:from|join|describe|summarize)\s+[\w.]*\Z", re.IGNORECASE)
_STARTED = re.compile(r"\b(?:from|join)\s+([\w.\"]+)", re.IGNORECASE)


class SqlWords:
    """Completes a query up to the cursor, with what stands after it left out of account."""

    def __init__(self, names: KnownNames) -> None:
        self._names = names

    def complete(self, text: str) -> tuple[str, list[str]]:
        """The last word, and what it could become.  Never raises, and blocks for at most 50 ms."""
        match = _WORD.search(text)
        assert match is not None
        word = match[0]
        views = {f"history.{_quoted(actor)}": fields for actor, fields in self._names.state_fields().items()}
        if _AFTER_TABLE_WORD.search(text):
            return word, [name for name in [*NAMES, *views] if name.startswith(word)]
        if not word:
            return "", []
        columns = [name for table in _STARTED.findall(text) for name in self._columns_of(table, views)]
        everywhere = columns or [name for each in [*COLUMNS.values(), *views.values()] for name in each]
        found = [name for name in dict.fromkeys([*everywhere, *NAMES, *views]) if name.startswith(word)]
        return word, found

    def _columns_of(self, table: str, views: dict[str, list[str]]) -> tuple[str, ...]:
        if table in views:
            return (*IN_EVERY_VIEW, *(_column(field) for field in views[table]))
        return COLUMNS.get(table, ())


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]\w*", name) else f'"{name}"'


def _column(field: str) -> str:
    return f"state_{field}" if field.lower() in IN_EVERY_VIEW else field
