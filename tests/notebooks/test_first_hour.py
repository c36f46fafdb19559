"""A notebook user's first hour, mistakes included: what each cell of one kernel shows, as the notebook's own metadata expect it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.notebooks.execution import ROOT, Executed

pytest.importorskip("pandas", reason="a first hour has a DataFrame")

NOTEBOOK = Path(__file__).with_name("first_hour.ipynb")
_OURS = re.compile(r"File \S*/(?:runtime|workbench)/\S+\.py")
_BROKEN = re.compile(r"InternalError|Exception ignored in|Event loop is closed|was never awaited|never retrieved")


def _code_cells() -> list[Any]:
    return [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]


CELLS = {cell.id: tuple(cell.metadata["expected"]) for cell in _code_cells()}
"""What each cell is expected to show: fragments, in this order; none for a cell that shows nothing."""


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Executed:
    folder = tmp_path_factory.mktemp("first_hour")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", "JPY_SESSION_NAME": NOTEBOOK.name})
    return Executed({cell.id: cell for cell in notebook.cells if cell.cell_type == "code"})


@pytest.mark.parametrize("cell", CELLS)
def test_cell_shows_what_its_user_needs_to_know(hour: Executed, cell: str) -> None:
    shown = _normalised(hour.text(cell))

    if not CELLS[cell]:
        assert shown == ""
    rest = shown
    for fragment in CELLS[cell]:
        _before, found, rest = rest.partition(_normalised(fragment))
        assert found, f"{fragment!r} is not in this order in the output of {cell}:\n{shown}"


@pytest.mark.parametrize("cell", CELLS)
def test_no_cell_shows_the_inside_of_the_workbench(hour: Executed, cell: str) -> None:
    shown = hour.text(cell)

    assert not _OURS.search(shown), shown
    assert not _BROKEN.search(shown), shown


def test_nothing_that_the_notebook_saves_has_the_secret(hour: Executed) -> None:
    outputs = {name: str(each.outputs) for name, each in hour.cells.items()}

    assert [name for name, saved in outputs.items() if "hush4711" in saved] == []


def _normalised(text: str) -> str:
    """Without what differs from run to run and from terminal to terminal: line breaks and runs of blanks."""
    return re.sub(r"\s+", " ", text).strip()
