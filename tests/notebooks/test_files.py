"""The notebooks as they are committed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks.execution import NOTEBOOKS

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_there_are_a_tour_a_lesson_and_the_flights() -> None:
    assert {path.name for path in PATHS} >= {"00_tour.ipynb", "01_what_is_an_actor.ipynb", "10_flights.ipynb"}


@each_notebook
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    assert [cell["id"] for cell in code_cells(path) if cell["outputs"] or cell["execution_count"] is not None] == []


@each_notebook
def test_notebook_is_valid_with_readable_cell_ids(path: Path) -> None:
    content = read(path)

    nbformat.validate(content)
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in content["cells"]]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one)] == []


@each_notebook
def test_notebook_carries_no_metadata_of_one_machine(path: Path) -> None:
    content = read(path)

    assert content["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert {key for cell in content["cells"] for key in cell["metadata"]} <= {"tags", "jupyter"}


@each_notebook
def test_notebook_needs_no_network(path: Path) -> None:
    everything = "\n".join(source(cell) for cell in read(path)["cells"])

    assert re.findall(r"https?://\S+|^\s*[!%](?:pip|conda|curl|wget)\b.*", everything, re.MULTILINE) == []


@each_notebook
def test_links_between_notebooks_lead_somewhere(path: Path) -> None:
    texts = (source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")

    targets = re.findall(r"\]\(([^)#]+)", "\n".join(texts))

    assert [target for target in targets if not (NOTEBOOKS / target).exists()] == []


@each_notebook
def test_solutions_are_folded(path: Path) -> None:
    solutions = [cell for cell in code_cells(path) if "solution" in cell["metadata"].get("tags", ())]

    assert all(cell["metadata"].get("jupyter", {}).get("source_hidden") for cell in solutions)
