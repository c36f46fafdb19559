"""The tour: run, run again, killed, run again."""

from __future__ import annotations

import re

import pytest

from tests.notebooks.execution import Executed, NotebookFolder

TOUR = "00_tour.ipynb"
KILL = "import os; os.kill(os.getpid(), 9)"


@pytest.fixture(scope="module")
def runs(folder: NotebookFolder) -> list[Executed]:
    """Twice in a row, the second ended by `kill -9`; then once more."""
    return [folder.run(TOUR), folder.run(TOUR, last=KILL), folder.run(TOUR)]


def total(run: Executed, cell: str) -> int:
    found = re.search(r"'total': (\d+)", run.text(cell))
    assert found is not None, run.text(cell)
    return int(found[1])


def test_the_first_run_shows_what_the_text_says(runs: list[Executed]) -> None:
    first = runs[0]

    assert first.text("first-call") == "{'total': 5}"
    assert first.text("python-calls") == "{'total': 11}"
    assert first.text("greet") == "'Hello Ada, the counter is at 12'"
    assert first.text("diary") == "{'entries': ['Ada came by']}"
    assert "revision" in first.text("history")


def test_a_failure_points_at_the_cell_and_changes_nothing(runs: list[Executed]) -> None:
    for run in runs:
        text = run.text("fail")

        assert "ValueError: that is" in text
        assert "raise ValueError(" in text
        assert "the state of counter is as it was before" in text
        assert total(run, "state-after-failure") > 0


def test_a_slip_is_answered_with_the_nearest_name(runs: list[Executed]) -> None:
    assert "Did you mean add?" in runs[0].text("slip")


def test_the_panel_is_a_widget_with_a_static_twin(runs: list[Executed]) -> None:
    assert runs[0].kinds("watch") >= {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}


def test_redeploying_keeps_the_state_and_says_so(runs: list[Executed]) -> None:
    first = runs[0]

    assert "+ largest (int)" in first.text("redeploy-counter")
    assert "= total (int)" in first.text("redeploy-counter")
    assert first.text("state-after-redeploy") == "{'total': 252, 'largest': 40}"


def test_the_past_is_a_table_a_data_frame_and_an_arrow_table(runs: list[Executed]) -> None:
    first = runs[0]

    assert "107 rows" in first.text("query")
    assert "text/html" in first.kinds("query")
    assert "252" in first.text("relation-out")
    assert "total: int64" in first.text("arrow")
    assert "█" in first.text("draw")


def test_children_are_told_apart_in_sql(runs: list[Executed]) -> None:
    assert re.findall(r"(cleo|dan|ada|ben) +│ +(\d+)", runs[0].text("players-table")) == [
        ("cleo", "5"),
        ("dan", "4"),
        ("ada", "3"),
        ("ben", "2"),
    ]


def test_a_key_gives_the_first_run_s_answer_for_ever(runs: list[Executed]) -> None:
    answers = {run.text(cell) for run in runs for cell in ("with-key", "with-key-again")}

    assert answers == {"{'total': 112}"}


def test_every_further_run_continues_where_the_last_one_stopped(runs: list[Executed]) -> None:
    first, second, third = runs

    assert second.was_killed
    assert total(second, "first-call") == total(first, "state-after-redeploy") + 5
    assert total(third, "first-call") == total(second, "state-after-redeploy") + 5
    assert "It continues after" in third.text("define-counter")


def test_a_further_run_reports_only_what_changes(runs: list[Executed]) -> None:
    again = runs[1]

    assert "− largest" in again.text("define-counter")
    assert "Dropped: the values of" in again.text("define-counter")
    assert again.text("define-greeter").count("unchanged") == 2
    assert "settings" not in again.text("define-greeter")
