import duckdb
import pytest

from runtime.errors import BadQuery
from workbench.sql.database import readable, with_at_quoted


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT at, total FROM t", 'SELECT "at", total FROM t'),
        ("select AT from t order by At", 'select "AT" from t order by "At"'),
        ("select max(at), c.at::date from c", 'select max("at"), c."at"::date from c'),
        ("select at AT TIME ZONE 'UTC' from t", "select \"at\" AT TIME ZONE 'UTC' from t"),
        ("select at at time zone 'UTC' from t", "select \"at\" at time zone 'UTC' from t"),
        ("from t AT (VERSION => 3)", "from t AT (VERSION => 3)"),
        ("select 'at', \"at\", $$ at $$ -- at", "select 'at', \"at\", $$ at $$ -- at"),
        ("select /* at */ at from t", 'select /* at */ "at" from t'),
        ("select $at, rate, at_home", "select $at, rate, at_home"),
        ("select 'é', at from t", "select 'é', \"at\" from t"),
        ("select at/*x*/from t", 'select "at"/*x*/from t'),
        ("select 1", "select 1"),
        ("", ""),
    ],
)
def test_at_is_quoted_only_where_it_names_a_column(sql: str, expected: str) -> None:
    assert with_at_quoted(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1", "select 1;", "FROM range(3)", "VALUES (1)", "WITH a AS (SELECT 1) FROM a", "EXPLAIN SELECT 1", "SHOW TABLES",
        "DESCRIBE SELECT 1", "SUMMARIZE SELECT 1", "PIVOT (SELECT 1 a, 2 b) ON a USING sum(b)", "-- why\nSELECT 1",
        "EXPLAIN ANALYZE SELECT 'copy'",
    ],
)  # fmt: skip
def test_statements_that_read_are_allowed(sql: str) -> None:
    assert readable(duckdb.connect(), sql) == sql


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)", "CREATE TABLE t AS SELECT 1", "DROP TABLE t", "COPY (SELECT 1) TO 'x.csv'", "ATTACH 'x.db'",
        "INSTALL httpfs", "LOAD httpfs", "SET threads = 1", "PRAGMA version", "CHECKPOINT", "BEGIN", "EXPORT DATABASE 'x'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'", "USE memory", "PREPARE p AS SELECT 1",
    ],
)  # fmt: skip
def test_statements_that_do_more_are_refused(sql: str) -> None:
    with pytest.raises(BadQuery, match="only queries that read"):
        readable(duckdb.connect(), sql)


@pytest.mark.parametrize(
    ("sql", "found"), [("", "no statement"), (" ; ", "no statement"), ("select 1; select 2", "2 statements")]
)
def test_one_statement_is_asked_for(sql: str, found: str) -> None:
    with pytest.raises(BadQuery, match=found):
        readable(duckdb.connect(), sql)


def test_a_syntax_error_points_at_its_place() -> None:
    with pytest.raises(BadQuery) as caught:
        readable(duckdb.connect(), "SELECT total FRO history.counter")

    assert str(caught.value) == (
        'Cannot run the query. syntax error at or near "history"\n'
        "LINE 1: SELECT total FRO history.counter\n"
        "                         ^^^^^^^"
    )
