"""`python -m workbench notebooks`."""

from pathlib import Path

import pytest

from workbench import __main__ as command_line


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two notebooks, and what an earlier user left there."""
    source = tmp_path / "bundled"
    (source / "data").mkdir(parents=True)
    (source / ".spawn").mkdir()
    (source / "00_tour.ipynb").write_text("tour")
    (source / "data" / "x.csv").write_text("1")
    (source / ".spawn" / "tour.db").write_text("secret")
    monkeypatch.setattr(command_line, "bundled_notebooks", lambda: source)
    return source


@pytest.mark.usefixtures("bundled")
def test_notebooks_are_copied_without_hidden_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["notebooks", str(tmp_path / "mine")]) == 0

    copied = sorted(
        str(path.relative_to(tmp_path / "mine")) for path in (tmp_path / "mine").rglob("*") if path.is_file()
    )
    assert copied == ["00_tour.ipynb", "data/x.csv"]
    assert "2 files copied" in capsys.readouterr().out


@pytest.mark.usefixtures("bundled")
def test_a_notebook_that_is_there_stays_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "00_tour.ipynb").write_text("my work")

    command_line.main(["notebooks", str(tmp_path)])
    assert (tmp_path / "00_tour.ipynb").read_text() == "my work"
    assert "1 were there already" in capsys.readouterr().out

    command_line.main(["notebooks", str(tmp_path), "--force"])
    assert (tmp_path / "00_tour.ipynb").read_text() == "tour"


def test_an_installation_without_notebooks_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "bundled_notebooks", lambda: None)

    assert command_line.main(["notebooks", str(tmp_path / "mine")]) == 1
    assert "no notebooks" in capsys.readouterr().err
