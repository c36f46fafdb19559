"""A fresh folder for each module: its notebooks share stores, as a user's do."""

from pathlib import Path

import pytest

from tests.notebooks.execution import NotebookFolder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> NotebookFolder:
    directory: Path = tmp_path_factory.mktemp("notebooks")
    return NotebookFolder(directory)
