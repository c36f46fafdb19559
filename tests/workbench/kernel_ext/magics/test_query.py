"""`%query` and `%%query`, `%history` and the live panels, through a real kernel."""

import re

import pytest

from tests.workbench.kernel_ext.kernel import Kernel


@pytest.fixture(scope="module")
def asked(kernel: Kernel) -> Kernel:
    """Has a history: 1, 3, 6."""
    for value in (1, 2, 3):
        kernel.ok(f"%invoke counter add value={value}")
    kernel.run("%invoke counter divide by=0")
    return kernel


def test_a_query_shows_a_table_and_converts(asked: Kernel) -> None:
    shown = asked.ok("%%query\nSELECT at, total FROM history.counter ORDER BY revision")

    assert "total" in shown.text
    assert asked.ok("rows = _\nrows.df()['total'].tolist()").text == "[1, 3, 6]"
    assert asked.ok("rows.arrow().read_all().num_rows").text == "3"


def test_a_query_of_the_library_is_asked_by_its_name(asked: Kernel) -> None:
    assert "│ counter │" in asked.ok("%query slowest_actions --actor counter --since 1h --limit 1").text
    assert asked.ok("kept = %query largest_states\nkept.columns[:3]").text == "['actor', 'parent', 'bytes']"
    assert "image/svg+xml" in asked.ok("%query --plot largest_states").displays[-1]
    assert "Did you mean slowest_actions?" in asked.run("%query slowest_action").stderr
    assert "--since" in asked.run("%query gaps --snce 1h").stderr


def test_the_help_of_query_lists_the_library_and_an_entry_shows_its_text(asked: Kernel) -> None:
    assert "who_calls_whom " in asked.ok("%query?").pages
    assert "who_calls_whom " in asked.ok("%query --help").stdout
    assert "FROM invocations" in asked.ok("import workbench as wb\nwb.queries.gaps?").pages


def test_the_log_lists_the_last_statements(asked: Kernel) -> None:
    asked.ok("%query SELECT 42 AS answer FROM range(1_234)")

    assert re.search(r"SELECT 42 AS answer FROM range\(1_234\) +1,234 +\d", asked.ok("%query --log --limit 3").text)


@pytest.mark.parametrize("first", ["%%query totals <<", "%%query --out totals", "%%query --out=totals"])
def test_a_query_can_be_kept_in_a_variable(asked: Kernel, first: str) -> None:
    cell = asked.ok(f"{first}\nSELECT total FROM history.counter ORDER BY revision")

    assert not cell.displays
    assert asked.ok("totals.fetchall()").text == "[(1,), (3,), (6,)]"


def test_a_query_in_one_line(asked: Kernel) -> None:
    assert asked.ok("n = %query SELECT count(*) FROM failures\nn.fetchall()").text == "[(1,)]"


def test_variables_of_the_notebook_are_parameters(asked: Kernel) -> None:
    asked.ok("least = 3")

    asked.ok(
        "%%query some <<\nSELECT total, '$least' AS text -- $nothing\nFROM history.counter WHERE total >= $least ORDER BY 1"
    )

    assert asked.ok("some.fetchall()").text == "[(3, '$least'), (6, '$least')]"


def test_a_frame_in_a_variable_is_a_table(asked: Kernel) -> None:
    asked.ok("import pyarrow as pa\nowners = pa.table({'total': [3], 'owner': ['anna']})")

    found = asked.ok("n = %query SELECT owner FROM history.counter JOIN owners USING (total)\nn.fetchall()")

    assert found.text == "[('anna',)]"


def test_an_answer_can_be_drawn(asked: Kernel) -> None:
    drawn = asked.ok("%%query --plot kept <<\nSELECT revision, total FROM history.counter ORDER BY revision")

    assert drawn.displays[-1]["image/svg+xml"].startswith("<svg")
    assert "alt.Chart(rows.df()" in asked.ok("_.code").text
    assert asked.ok("len(kept)").text == "3"


@pytest.mark.parametrize(
    ("sql", "has_steps"),
    [
        ("SELECT at, total FROM history.counter", True),
        ("WITH kept_ones AS (SELECT * FROM revisions) SELECT at, length(state::VARCHAR) AS size FROM kept_ones", True),
        ("SELECT revision, wait_ms FROM invocations WHERE revision > revision_before ORDER BY revision", False),
        ("SELECT revision, h.total FROM history.counter AS h JOIN invocations USING (revision) ORDER BY 1", False),
    ],
)
def test_only_states_are_drawn_in_steps(asked: Kernel, sql: str, has_steps: bool) -> None:
    asked.ok(f"%%query --plot\n{sql}")

    assert ("step-after" in asked.ok("_.code").text) == has_steps


def test_files_are_opened_to_queries_by_a_setting(asked: Kernel) -> None:
    asked.ok(
        "import pathlib, tempfile\nfile = tempfile.mkdtemp() + '/a.csv'\n_ = pathlib.Path(file).write_text('n\\n7\\n')"
    )
    refused = asked.run("%query FROM read_csv($file)")

    asked.ok("%config Workbench.sql_reads_files = True")
    read = asked.ok("n = %query FROM read_csv($file)\nn.fetchall()").text
    asked.ok("%config Workbench.sql_reads_files = False")

    assert "%config Workbench.sql_reads_files = True" in refused.traceback
    assert read == "[(7,)]"
    assert asked.run("%query FROM read_csv($file)").ename == "BadQuery"


def test_a_parameter_without_a_variable_is_named(asked: Kernel) -> None:
    assert "no variable 'absent'" in asked.run("%query SELECT $absent").stderr


def test_a_wrong_query_is_said_without_a_traceback(asked: Kernel) -> None:
    cell = asked.run("%query SELECT totl FROM history.counter")

    assert (cell.status, cell.ename) == ("error", "BadQuery")
    assert 'column "totl" not found' in cell.traceback
    assert "Traceback" not in cell.traceback


def test_history_shows_turns_with_failures(asked: Kernel) -> None:
    shown = asked.ok("%history counter --limit 2").text

    assert len(shown.splitlines()) == 4
    assert "{'value': 3}" in shown
    assert "ZeroDivisionError" in shown


def test_history_of_input_is_ipythons(asked: Kernel) -> None:
    asked.ok("a_marker = 1")

    assert "a_marker" in asked.ok("%history").stdout
    assert "a_marker" in asked.ok("%history -n").stdout


@pytest.mark.parametrize("line", ["%watch counter", "wb.watch('counter')", "%dashboard", "wb.dashboard()"])
def test_a_panel_is_a_widget_with_text_beside_it(asked: Kernel, line: str) -> None:
    cell = asked.ok(line)

    live, picture = cell.displays
    assert "application/vnd.jupyter.widget-view+json" in live
    assert set(picture) == {"text/plain", "text/html"}
    assert "counter" in picture["text/plain"]


def test_watching_an_unknown_actor_names_the_nearest(asked: Kernel) -> None:
    assert "Did you mean counter?" in asked.run("%watch conter").traceback


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_query_is_shown_and_not_run_as_sql(asked: Kernel, flag: str) -> None:
    assert "SELECT actor, revision FROM actors" in asked.ok(f"%query {flag}").stdout


def test_states_of_a_moment_are_a_narrow_table_and_stay_a_relation(asked: Kernel) -> None:
    shown = asked.ok("import workbench as wb\nstates = wb.as_of('0s')\nstates")

    assert "counter" in shown.text
    assert "also parent, definition, tags, system" in shown.text
    assert "<table>" in shown.html
    assert asked.ok("len(states.columns)").text == "9"
