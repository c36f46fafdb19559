"""The history as a DB-API connection."""

from pathlib import Path

import pytest

from runtime.errors import BadQuery
from tests.workbench.sql.fake_system import FakeSystem, database
from workbench.sql import connection as module
from workbench.sql.connection import HistoryConnection


@pytest.fixture
def conn() -> HistoryConnection:
    """Over the totals 1 to 5."""
    system = FakeSystem()
    system.define("counter", {"total": "int"})
    system.past.batch(5, "counter")
    return HistoryConnection(database(system).query)


TOTALS = "SELECT total FROM history.counter ORDER BY revision"


def test_rows_are_fetched_one_by_one_some_and_the_rest(conn: HistoryConnection) -> None:
    cursor = conn.cursor().execute(TOTALS)

    assert cursor.fetchone() == (1,)
    assert cursor.fetchmany(2) == [(2,), (3,)]
    assert cursor.fetchall() == [(4,), (5,)]
    assert (cursor.fetchone(), cursor.fetchall()) == (None, [])


def test_many_rows_are_read_piece_by_piece(conn: HistoryConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)

    assert [row for (row,) in conn.execute(TOTALS)] == [1, 2, 3, 4, 5]


def test_a_cursor_says_how_many_rows_and_which_columns_there_are(conn: HistoryConnection) -> None:
    cursor = conn.cursor()
    assert (cursor.description, cursor.rowcount) == (None, -1)

    cursor.execute("SELECT actor, total FROM history.counter")

    assert cursor.rowcount == 5
    assert [column[:2] for column in cursor.description or ()] == [("actor", "VARCHAR"), ("total", "BIGINT")]


def test_parameters_stand_for_question_marks_and_names(conn: HistoryConnection) -> None:
    assert conn.execute("SELECT total FROM history.counter WHERE total > ?", [4]).fetchall() == [(5,)]
    assert conn.execute("SELECT total FROM history.counter WHERE total < $n", {"n": 2}).fetchall() == [(1,)]


def test_cursors_do_not_disturb_each_other(conn: HistoryConnection) -> None:
    one, other = conn.execute(TOTALS), conn.execute("SELECT 'x'")

    assert (one.fetchone(), other.fetchone(), one.fetchone()) == ((1,), ("x",), (2,))


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE definitions", "CREATE TABLE mine (a INT)", "SET threads = 1", "ATTACH 'x.db'", "DELETE FROM lifecycle",
     "INSERT INTO lifecycle DEFAULT VALUES", "COPY definitions TO 'x.csv'", "INSTALL httpfs", "SELECT 1; SELECT 2", ""],
)  # fmt: skip
def test_nothing_but_one_query_is_run(conn: HistoryConnection, sql: str) -> None:
    with pytest.raises(conn.ProgrammingError, match="Cannot run the query"):
        conn.execute(sql)

    assert len(conn.execute(TOTALS).fetchall()) == 5


def test_files_are_out_of_reach(conn: HistoryConnection, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")

    with pytest.raises(BadQuery, match="It would read a file"):
        conn.execute(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")


def test_it_is_a_connection_to_jupysql_and_to_sqlalchemys_dialect(conn: HistoryConnection) -> None:
    # JupySQL 0.11 asks whether these can be called, and takes what has `df` and `pl` for DuckDB's own, on which it sets options.
    assert callable(conn.close)
    assert callable(conn.commit)
    assert not hasattr(conn, "df")
    # duckdb-engine 0.17 begins each transaction and reads what the server says.
    conn.begin()
    assert not conn.notices


def test_a_closed_connection_says_how_to_make_another(conn: HistoryConnection) -> None:
    with conn:
        conn.commit()
        conn.rollback()

    with pytest.raises(BadQuery, match=r"closed. Make another: wb.connection\(\)"):
        conn.execute("SELECT 1")


def test_a_fetch_without_a_statement_says_so(conn: HistoryConnection) -> None:
    cursor = conn.execute("SELECT 1")
    cursor.close()

    with pytest.raises(BadQuery, match="Run one with execute"):
        cursor.fetchall()
    with pytest.raises(BadQuery, match="only queries that read"):
        cursor.executemany("SELECT ?", [[1], [2]])


def test_pandas_and_polars_read_from_it(conn: HistoryConnection) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")

    assert list(conn.execute(TOTALS).df()["total"]) == [1, 2, 3, 4, 5]
    assert conn.execute(TOTALS).pl()["total"].to_list() == [1, 2, 3, 4, 5]
    assert conn.execute(TOTALS).arrow().column("total").to_pylist() == [1, 2, 3, 4, 5]
    with pytest.warns(UserWarning, match="SQLAlchemy"):
        assert list(pandas.read_sql(TOTALS, conn)["total"]) == [1, 2, 3, 4, 5]
    assert polars.read_database(TOTALS, conn)["total"].to_list() == [1, 2, 3, 4, 5]
