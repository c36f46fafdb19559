import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from runtime.errors import BadQuery, NotCapable, SystemStopped
from runtime.testing.turns import TurnHistory
from tests.workbench.sql.fake_system import FakeSystem, database, rows


def counting(turns: int) -> FakeSystem:
    system = FakeSystem(TurnHistory())
    system.define("counter", {"total": "int"})
    system.past.batch(turns, "counter")
    return system


def test_each_query_reads_only_what_is_new() -> None:
    system = counting(3)
    history = database(system)
    rows(history, "FROM history.counter")

    system.past.batch(2, "counter")

    assert rows(history, "SELECT total FROM history.counter ORDER BY revision") == [(1,), (2,), (3,), (4,), (5,)]
    assert system.given == 5


def test_many_small_batches_of_a_store_keep_their_order() -> None:
    history = database(counting(12_345))

    assert rows(
        history,
        "SELECT count(*), max(sequence), sum(total) FROM history.counter c JOIN invocations i ON i.id = c.cause",
    ) == [(12_345, 12_345, 12_345 * 12_346 // 2)]


def test_a_relation_keeps_its_rows_when_more_is_read() -> None:
    system = counting(2)
    history = database(system)
    held = history.query("SELECT total FROM history.counter ORDER BY total")

    system.define("counter", {"total": "str", "more": "int"}, "d2")
    system.past.batch(3, "counter")
    rows(history, "FROM history.counter")

    assert held.fetchall() == [(1,), (2,)]
    assert held.aggregate("sum(total)").fetchall() == [(3,)]


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # duckdb 2.0 with pandas 3.1
def test_a_relation_converts_to_pandas_and_arrow() -> None:
    relation = database(counting(2)).query("SELECT at, total FROM history.counter ORDER BY revision")

    arrow = relation.to_arrow_table()

    assert arrow.schema.field("at").type == pa.timestamp("us", tz="UTC")
    assert arrow.column("total").to_pylist() == [1, 2]
    assert list(relation.df()["total"]) == [1, 2]


def test_a_relation_shows_itself_as_text_and_html() -> None:
    relation = database(counting(2)).query("SELECT at, total, '<b>' AS x FROM history.counter")

    bundle = relation._repr_mimebundle_()

    assert "total" in bundle["text/plain"]
    assert "<td>&lt;b&gt;</td>" in bundle["text/html"]


@pytest.mark.parametrize(("sql", "params"), [("SELECT ? + 1", [41]), ("SELECT $n + 1", {"n": 41})])
def test_parameters_are_bound(sql: str, params: list[int] | dict[str, int]) -> None:
    assert rows(database(FakeSystem()), sql, params) == [(42,)]


def test_a_parameter_is_never_taken_for_sql() -> None:
    text = "'); DROP TABLE audit; --"

    assert rows(database(FakeSystem()), "SELECT $text", {"text": text}) == [(text,)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT totl FROM history.counter", 'column "totl" not found'),
        ("SELECT total::DATE FROM history.counter", "cast"),
        ("SELECT $n", "parameters: n"),
        ("SELECT error('boom') FROM history.counter", "boom"),
        ("FROM 'no.csv'", "queries read the history and tables of the notebook only"),
        ("FROM 'https://example.invalid/x.csv'", "sql_reads_files = True"),
        ("WITH new AS (INSERT INTO audit(who) VALUES ('me') RETURNING *) FROM new", "only queries that read"),
        ("EXPLAIN ANALYZE INSERT INTO audit(who) VALUES ('me')", "only queries that read"),
        ("SELECT * FROM system_of_python", "no table system_of_python"),
    ],
)
def test_a_query_that_fails_says_why_and_changes_nothing(sql: str, message: str) -> None:
    system_of_python = pa.table({"not": ["visible"]})
    history = database(counting(1))

    with pytest.raises(BadQuery, match=message) as caught:
        history.query(sql)

    assert "Error:" not in str(caught.value)
    assert "journal.turns" not in str(caught.value)
    assert "fields_" not in str(caught.value)
    assert rows(history, "SELECT (SELECT count(*) FROM audit), total FROM history.counter") == [(0, 1)]
    assert system_of_python.num_rows == 1


def test_an_unknown_table_is_told_with_the_tables_there_are() -> None:
    with pytest.raises(BadQuery) as caught:
        database(counting(1)).query("FROM invocation")

    assert str(caught.value).splitlines()[:2] == [
        "Cannot run the query. There is no table invocation. Did you mean invocations?",
        "Tables: actors, states, revisions, invocations, failures, lifecycle, definitions, audit, columns, history.counter.",
    ]


READERS = (
    "FROM '{file}'",
    "FROM read_csv('{file}')",
    "FROM read_text('{file}')",
    "FROM read_blob('{file}')",
    "FROM read_json('{file}')",
    "FROM read_parquet('{file}')",
    "FROM glob('{file}')",
    "FROM query('FROM read_csv(''{file}'')')",
    "FROM query_table(['{file}'])",
    "FROM sniff_csv('{file}')",
    "FROM parquet_metadata('{file}')",
    "SELECT (SELECT count(*) FROM read_text('{file}'))",
)


@pytest.mark.parametrize("sql", READERS)
def test_files_are_out_of_reach_of_a_query(tmp_path: Path, sql: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("secret\n42\n")

    with pytest.raises(BadQuery) as caught:
        database(FakeSystem()).query(sql.format(file=file))

    assert "sql_reads_files = True" in str(caught.value)


def test_a_query_cannot_open_files_itself() -> None:
    with pytest.raises(BadQuery, match="only queries that read"):
        database(FakeSystem()).query("SET enable_external_access = true")


def test_files_can_be_read_where_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "totals.csv").write_text("expected\n3\n")
    history = database(counting(2), reads_files=True)

    assert rows(history, f"SELECT sum(total), any_value(expected) FROM history.counter, '{tmp_path}/totals.csv'") == [
        (3, 3)
    ]
    with pytest.raises(BadQuery, match="No files found"):
        history.query("FROM 'no.csv'")


FRAMES = {
    "pandas": lambda: pd.DataFrame({"actor": ["counter"], "owner": ["anna"]}),
    "polars": lambda: pl.DataFrame({"actor": ["counter"], "owner": ["anna"]}),
    "polars, lazily": lambda: pl.LazyFrame({"actor": ["counter"], "owner": ["anna"]}),
    "Arrow": lambda: pa.table({"actor": ["counter"], "owner": ["anna"]}),
    "an earlier answer": lambda: database(FakeSystem()).query("SELECT 'counter' AS actor, 'anna' AS owner"),
}
OWNERS = "SELECT total, owner FROM history.counter JOIN owners USING (actor) WHERE total >= $least ORDER BY ALL"


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_of_the_notebook_is_a_table_of_its_name(kind: str) -> None:
    history = database(counting(2), variables={"owners": FRAMES[kind]()})

    assert rows(history, OWNERS, {"least": 2}) == [(2, "anna")]


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_among_the_parameters_is_a_table(kind: str) -> None:
    history = database(counting(2))

    assert rows(history, OWNERS, {"least": 1, "owners": FRAMES[kind]()}) == [(1, "anna"), (2, "anna")]


def test_a_frame_is_read_as_it_is_at_each_query() -> None:
    variables = {"owners": pa.table({"owner": ["anna"]})}
    history = database(FakeSystem(), variables=variables)
    rows(history, "FROM owners")

    variables["owners"] = pa.table({"owner": ["bert", "cleo"]})

    assert rows(history, "FROM owners") == [("bert",), ("cleo",)]


def test_tables_of_the_history_come_before_the_notebooks() -> None:
    history = database(counting(1), variables={"invocations": pa.table({"not": ["this"]})})

    assert rows(history, "SELECT count(*), any_value(actor) FROM invocations") == [(1, "counter")]


def test_a_variable_that_is_no_table_is_told_apart_from_a_missing_one() -> None:
    with pytest.raises(BadQuery, match="variable owners of this notebook is of type list"):
        database(FakeSystem(), variables={"owners": [1, 2]}).query("FROM owners")


def test_nothing_is_written_to_disk() -> None:
    assert rows(database(FakeSystem()), "SELECT current_setting('temp_directory')") == [("",)]


def test_times_are_in_utc_whatever_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")

    assert rows(database(FakeSystem()), "SELECT current_setting('TimeZone')") == [("UTC",)]


def test_several_threads_query_while_turns_arrive() -> None:
    system = counting(1)
    history = database(system)
    stop = threading.Event()

    def produce() -> None:
        for _ in range(200):
            system.past.batch(5, "counter")
        stop.set()

    def consume(_: int) -> bool:
        last = 0
        while not stop.is_set():
            total, highest = rows(history, "SELECT count(*), max(total) FROM history.counter")[0]
            if not last <= total == highest:
                return False
            last = total
        return True

    with ThreadPoolExecutor(4) as pool:
        consumers = pool.map(consume, range(3))
        pool.submit(produce)
        assert list(consumers) == [True, True, True]
    assert rows(history, "SELECT count(*), sum(total) FROM history.counter") == [(1001, 1001 * 1002 // 2)]


def test_a_column_widens_while_others_query() -> None:
    system = counting(1)
    history = database(system)

    def query(_: int) -> int:
        return len([rows(history, "SELECT max(total) FROM history.counter") for _ in range(20)])

    with ThreadPoolExecutor(3) as pool:
        done = pool.map(query, range(3))
        system.past.turn("counter", b'{"total": 99999999999999999999}')
        system.past.turn("counter", b'{"total": 9999999999999999999999999999999999999999999}')
        assert list(done) == [20, 20, 20]
    assert rows(history, "SELECT total FROM history.counter WHERE revision = 3") == [("9" * 43,)]


def test_relations_outlive_the_database() -> None:
    history = database(counting(2))
    held = history.query("SELECT total FROM history.counter")

    history.close()
    history.close()

    assert sorted(held.fetchall()) == [(1,), (2,)]
    with pytest.raises(SystemStopped):
        history.query("SELECT 1")


def test_a_system_without_history_is_not_queried() -> None:
    system = FakeSystem()
    system.capabilities = frozenset()

    with pytest.raises(NotCapable, match="query the history"):
        database(system).query("FROM actors")


def test_turns_that_are_not_yet_written_are_told() -> None:
    system = counting(1)
    system.unwritten = 3

    with pytest.warns(UserWarning, match=r"newest turns are missing.*3 answered turns"):
        found = rows(database(system), "SELECT count(*) FROM invocations")

    assert found == [(1,)]


def test_what_failed_half_way_is_read_again() -> None:
    class Breaking(FakeSystem):
        breaks = True

        def turns(self, *, after: int = 0, actor: str | None = None):  # type: ignore[no-untyped-def]
            for batch in super().turns(after=after):
                yield batch
                if self.breaks:
                    raise KeyboardInterrupt

    system = Breaking()
    system.define("counter", {"total": "int"})
    system.past.batch(250, "counter")
    history = database(system)
    with pytest.raises(KeyboardInterrupt):
        rows(history, "FROM history.counter")

    system.breaks = False

    assert rows(history, "SELECT count(*), count(DISTINCT sequence) FROM invocations") == [(250, 250)]
    assert rows(history, "SELECT count(*) FROM history.counter") == [(250,)]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM range(100000000) a, range(1000) b WHERE hash(a.range * b.range) = 1"]
)
def test_an_interrupt_stops_the_query_and_leaves_the_database_usable(sql: str) -> None:
    program = textwrap.dedent(f"""
        import sys
        from tests.workbench.sql.fake_system import FakeSystem, database, rows
        history = database(FakeSystem())
        rows(history, "FROM actors")
        try:
            print("ready", flush=True)
            history.query({sql!r})
        except KeyboardInterrupt:
            print(rows(history, "SELECT 42"))
    """)
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    interrupter = threading.Timer(0.5, child.send_signal, [signal.SIGINT])
    interrupter.start()

    out, _ = child.communicate(timeout=120)

    assert out == "[(42,)]\n"


def test_duckdb_is_the_major_version_that_this_was_made_for() -> None:
    assert duckdb.__version__.startswith("2.")


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT at, total FROM history.counter AS c", {"history.counter"}),
        ("WITH few AS (FROM revisions) SELECT * FROM few JOIN states USING (actor)", {"revisions", "states"}),
        ("SELECT $n FROM actors WHERE actor IN (SELECT actor FROM failures)", {"actors", "failures"}),
        ("SELECT i FROM range(3) AS t(i)", set[str]()),
    ],
)
def test_the_tables_that_a_statement_reads_are_told_as_it_names_them(sql: str, tables: set[str]) -> None:
    assert database(counting(1)).sources(sql) == tables
