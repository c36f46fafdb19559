"""A query's text before it runs: one statement, that reads, with the column name `at` put in quotes.

DuckDB reserved the word `at` for time travel into other table formats, which this database does not have.  Its own
tokenizer says where the word stands, so strings, quoted names and comments are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import duckdb
from duckdb import DuckDBPyConnection, StatementType

from runtime.errors import BadQuery
from workbench.history.complaints import complaint

# `PIVOT` is several statements to DuckDB.
_READING = {StatementType.SELECT, StatementType.EXPLAIN, StatementType.MULTI}
_NOT_A_COLUMN = {b"VERSION", b"TIMESTAMP"}


def readable(connection: DuckDBPyConnection, sql: str) -> str:
    """The statement to run.

    Raises:
        BadQuery: it is none, more than one, not SQL, or would do more than read.
    """
    text = with_at_quoted(sql)
    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise complaint(error) from None
    if len(statements) != 1:
        what = "There is no statement in it" if not statements else f"It has {len(statements)} statements"
        raise BadQuery(f"Cannot run the query. {what}; write one, such as: SELECT * FROM actors")
    kind = statements[0].type
    if kind not in _READING or (kind == StatementType.EXPLAIN and _copies(text)):
        raise refusal(kind.name.replace("_", " "))
    return text


def refusal(kind: str = "") -> BadQuery:
    """For a statement that would change something."""
    found = f", and this is {kind}" if kind else ""
    return BadQuery(
        f"Cannot run the query: only queries that read are run here{found}.\n"
        "The tables are a copy of the journal. Keep a result in Python instead: wb.query('SELECT …').df()"
    )


class _Token(NamedTuple):
    start: int
    text: bytes


def with_at_quoted(sql: str) -> str:
    """The same SQL, in which `at` may be used as the name of a column."""
    if "at" not in sql.lower():
        return sql
    data = sql.encode()
    tokens = _tokens(data)
    pieces, done = [], 0
    for index, token in enumerate(tokens):
        if token.text.upper() == b"AT" and _is_column(data, tokens, index):
            pieces += [data[done : token.start], b'"', token.text, b'"']
            done = token.start + 2
    return b"".join([*pieces, data[done:]]).decode()


def _tokens(data: bytes) -> list[_Token]:
    found = [(start, kind) for start, kind in duckdb.tokenize(data.decode())]
    ends = [*(start for start, _ in found[1:]), len(data)]
    comment = duckdb.token_type.comment
    return [_Token(s, data[s:end].strip()) for (s, kind), end in zip(found, ends, strict=True) if kind != comment]


def _is_column(data: bytes, tokens: Sequence[_Token], index: int) -> bool:
    start = tokens[index].start
    after = [token.text.upper() for token in tokens[index + 1 : index + 3]]
    if data[start - 1 : start] == b"$" or after == [b"TIME", b"ZONE"]:
        return False
    return not (after[:1] == [b"("] and after[1:] and after[1] in _NOT_A_COLUMN)


def _copies(text: str) -> bool:
    return any(token.text.upper() == b"COPY" for token in _tokens(text.encode()))
