"""The rows of a query without its secrets, for a cell that shows them: columns, and fields in JSON, maps and structs, by name.

What a query answers stays as it is: `.df()`, `.fetchall()` and further steps have the values themselves.  `searched_text` and
`searched_json` are for statements that look for a word in all that is recorded: these see only what a cell would show.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from workbench.redaction import HIDDEN, SECRET_WORDS, has_secrets, hides, redacted, redacted_text, redacted_texts
from workbench.sql.statements import literal, quoted

_IN_TEXT, _IN_JSON = "workbench_without_secrets", "workbench_json_without_secrets"
_TEXTS = ("VARCHAR", "JSON")
_MAY_HAVE = literal(f"{SECRET_WORDS}|@")


def add_functions(connection: DuckDBPyConnection) -> None:
    """Let relations of this database be shown without secrets; those of others are left alone."""
    connection.create_function(_IN_TEXT, redacted_text, ["VARCHAR"], "VARCHAR")
    connection.create_function(_IN_JSON, _json_without_secrets, ["VARCHAR"], "VARCHAR")


def searched_text(expression: str) -> str:
    """SQL for a text as it would be shown."""
    return _where_needed(_IN_TEXT, expression)


def searched_json(expression: str) -> str:
    """SQL for the text of a JSON value as it would be shown."""
    return _where_needed(_IN_JSON, expression)


def _where_needed(function: str, expression: str) -> str:
    # The test is DuckDB's own, so that our function, in Python, is called for few of a million rows.
    return (
        f"CASE WHEN regexp_matches({expression}, {_MAY_HAVE}, 'i') THEN {function}({expression}) ELSE {expression} END"
    )


def without_secrets(relation: DuckDBPyRelation) -> DuckDBPyRelation:
    """The same rows with each secret replaced by `HIDDEN`; the relation itself if it is of another database."""
    names, kinds = relation.columns, [str(kind) for kind in relation.types]
    columns = [_shown(name, kind) for name, kind in zip(names, kinds, strict=True)]
    if len(set(names)) < len(names) or all(shown == quoted(name) for shown, name in zip(columns, names, strict=True)):
        return relation
    try:
        return relation.project(", ".join(columns))
    except duckdb.Error:
        return relation


def _shown(name: str, kind: str) -> str:
    column, as_name = quoted(name), f"AS {quoted(name)}"
    if hides(name):
        # By our function, too, which the databases of others do not have.
        return f"CASE WHEN {column} IS NOT NULL THEN {_IN_TEXT}({literal(HIDDEN)}) END {as_name}"
    if kind == "VARCHAR":
        return f"{_IN_TEXT}({column}) {as_name}"
    if kind == "JSON":
        return f"{_IN_JSON}({column}::VARCHAR)::JSON {as_name}"
    if kind == "MAP(VARCHAR, VARCHAR)":
        value = f"CASE WHEN regexp_matches(e.key, {literal(SECRET_WORDS)}, 'i') THEN {literal(HIDDEN)} ELSE e.value END"
        return f"map_from_entries(list_transform(map_entries({column}), lambda e: {{'key': e.key, 'value': {value}}})) {as_name}"
    if "(" in kind and has_secrets(kind):  # a struct, or a list or map of them, with such a field
        return f"{_IN_JSON}(to_json({column})::VARCHAR)::JSON {as_name}"
    return column


def _json_without_secrets(text: str) -> str:
    if not has_secrets(text):
        return text
    try:
        value: Any = json.loads(text)
    except ValueError:
        return json.dumps(redacted_text(text), ensure_ascii=False)
    return json.dumps(redacted_texts(redacted(value)), ensure_ascii=False, separators=(",", ":"))
