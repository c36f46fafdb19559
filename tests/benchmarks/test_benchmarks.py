"""The benchmarks run; how fast anything is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.guard import TOLERANCE, spent_s, worse
from tests.benchmarks.report import as_text
from tests.benchmarks.rounds import FULL, Case, Result, Row, Table, measure

ROOT = Path(__file__).parents[2]


def test_every_case_runs_with_tiny_counts(tmp_path: Path) -> None:
    pytest.importorskip("pykka")
    pytest.importorskip("dbos")
    written = tmp_path / "benchmarks.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--json", str(written)]

    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)

    assert ran.returncode == 0, ran.stderr
    tables = json.loads(written.read_text(encoding="utf-8"))["tables"]
    assert {table["title"] for table in tables if not table["rows"]} == set()
    assert {row["target"] for table in tables for row in table["rows"]} >= {
        ">= 1x",
        ">= 2x",
        ">= 1.5x",
        "<= 2x",
        "<= 20",
    }


def test_ratios_are_taken_within_a_round() -> None:
    speeds = iter([100.0, 200.0, 10.0, 30.0])
    cases = [Case(name, lambda _: {"": next(speeds)}) for name in ("peer", "ours")]

    result = measure(Table("asks", "per second", cases, reference="peer"), 2, FULL, lambda _: None)

    assert [row.ratios for row in result.rows] == [[1.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("target", "values", "ratios", "met"),
    [
        (">= 1.5x", [10.0], [1.6, 1.4, 1.6], True),
        (">= 1.5x", [10.0], [1.4], False),
        ("<= 20", [19.0, 21.0, 18.0], [], True),
        ("<= 2x", [1.0], [2.5], False),
        ("", [1.0], [1.0], None),
    ],
)
def test_a_target_is_met_by_the_median(target: str, values: list[float], ratios: list[float], met: bool | None) -> None:
    assert Row("case", "", target, values, ratios).is_met is met


def test_a_missed_target_is_said_in_the_table() -> None:
    row = Row("invoke", "", ">= 1x", [10.0], [0.5])

    text = as_text(Result(Table("Asks", "per second", ()), [row], [1.0], [0.0]))

    assert "0.50 (0.50..0.50)" in text
    assert "MISSED" in text


# --- The guard --------------------------------------------------------------------------------------------------------


def test_a_figure_that_is_a_tenth_higher_is_worse() -> None:
    found = worse({"told": 11.1, "together": 16.0}, {"told": 10.0, "together": 16.0})

    assert list(found) == ["told"]
    assert found["told"] == pytest.approx(0.11)


def test_a_figure_within_the_tolerance_is_not_worse() -> None:
    committed = {"told": 10.0}

    assert worse({"told": 10.0 * (1 + TOLERANCE) - 0.01}, committed) == worse({"told": 5.0}, committed) == {}


def test_a_python_without_a_committed_figure_is_compared_with_nothing() -> None:
    assert worse({"told": 10.0}, {}) == {}


def test_the_processor_time_of_each_thread_that_a_turn_passes_is_counted() -> None:
    main, workers, recorder = spent_s()

    assert main > 0
    assert workers >= 0
    assert recorder >= 0
