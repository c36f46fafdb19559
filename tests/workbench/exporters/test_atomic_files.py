"""Files that appear whole or not at all, and replace only what was made here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.exporters.atomic_files import FileInTheWay, write_whole

MARK = "the mark"


def test_file_of_ours_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write_whole(path, "the mark: one", mark=MARK)
    write_whole(path, "the mark: two", mark=MARK)

    assert path.read_text() == "the mark: two"


def test_other_file_is_not_touched_unless_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "thesis.html"
    path.write_text("years of work")

    with pytest.raises(FileInTheWay, match="no report"):
        write_whole(path, "the mark", mark=MARK)
    assert path.read_text() == "years of work"

    write_whole(path, "the mark", mark=MARK, force=True)
    assert path.read_text() == "the mark"


def test_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    write_whole(path, "the mark: one", mark=MARK)

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "the mark: two", mark=MARK)

    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("report.html", "the mark: one")]
