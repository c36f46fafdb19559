"""Where there is no JupyterLab: a terminal, nbclient, a plain script."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.workbench.kernel_ext.kernel import ROOT

ACTOR = """\
%%actor
class Counter(Actor):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}

    @action
    def divide(self, by: int) -> float:
        return self.total / by
"""

CELLS = ("%load_ext workbench\n%config Workbench.store = 'memory'", ACTOR, "%invoke counter add value=5", "%actors")

TERMINAL = """\
from IPython.terminal.interactiveshell import TerminalInteractiveShell
shell = TerminalInteractiveShell.instance(colors="nocolor", simple_prompt=True)
for cell in {cells!r}:
    shell.run_cell(cell, store_history=True)
"""


def test_a_terminal_shows_text_and_clean_errors(tmp_path: Path) -> None:
    cells = [*CELLS, "%invoke counter divide by=0", "%invoke conter add value=1"]
    shown = subprocess.run(
        [sys.executable, "-c", TERMINAL.format(cells=cells)],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120, check=True,
    ).stdout  # fmt: skip

    assert "counter: deployed" in shown
    assert "{'total': 5}" in shown
    assert "return self.total / by" in shown
    assert "counter.divide failed; the state of counter is as it was before." in shown
    assert "UnknownActor: There is no actor 'conter'. Did you mean counter?" in shown
    assert str(ROOT / "runtime") not in shown
    assert str(ROOT / "workbench") not in shown


def test_a_notebook_runs_and_keeps_text_and_html(tmp_path: Path) -> None:
    notebook = _notebook(*CELLS)

    _client(notebook, tmp_path).execute()

    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "{'total': 5}"
    assert set(notebook.cells[3].outputs[0]["data"]) == {"text/plain", "text/html"}


@pytest.mark.parametrize(
    "wrong",
    [
        "%invoke counter ad",
        "%invoke counter add valu=1",
        "%invoke counter add --keyy",
        "%%actor\nclass X(Actor:\n  ...",
    ],
)
def test_run_all_stops_at_a_mistake(wrong: str, tmp_path: Path) -> None:
    notebook = _notebook(*CELLS, wrong, "after = 1")

    with pytest.raises(CellExecutionError):
        _client(notebook, tmp_path).execute()

    assert notebook.cells[-1].execution_count is None


def _notebook(*cells: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def _client(notebook: nbformat.NotebookNode, directory: Path) -> NotebookClient:
    return NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(directory)}}
    )
