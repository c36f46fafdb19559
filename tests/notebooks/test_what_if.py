"""The notebook on replays and forks says what its text says."""

from __future__ import annotations

import pytest

from tests.notebooks.execution import Executed, NotebookFolder


@pytest.fixture(scope="module")
def run(folder: NotebookFolder) -> Executed:
    return folder.run("20_what_if.ipynb")


def test_unchanged_code_agrees_with_the_day(run: Executed) -> None:
    assert run.text("agrees").startswith("✓ All 5 turns of tank came out as recorded, in two runs.")


def test_other_code_shows_the_first_difference(run: Executed) -> None:
    assert "fill(litres=900), which found revision 2" in run.text("differs")
    assert "state.spilled  297       0" in run.text("differs")
    assert run.text("carried") == "({'litres': 500, 'spilled': 297}, {'litres': 500, 'spilled': 0})"


def test_the_slip_left_out_or_mended_leads_elsewhere(run: Executed) -> None:
    assert "state.litres: 500 → 299" in run.text("without")
    assert "pump.pump was asked with another payload" in run.text("edited")
    assert "state.litres: 500 → 87" in run.text("answered")
    assert "{litres: 17, spilled: 0}" in run.text("go-on")


def test_chance_from_elsewhere_is_found_out(run: Executed) -> None:
    assert "The first that is not reproducible: measure()" in run.text("measured")


def test_the_actor_goes_on_only_when_it_is_told_to(run: Executed) -> None:
    assert run.text("state") == "{'litres': 399, 'spilled': 0}"
