"""Where a notebook's store is."""

import os
from pathlib import Path

import pytest

from workbench.store_location import default_store, prepare_directory, shown_path, store_url


def test_the_store_is_beside_the_notebook_and_has_its_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    notebook = tmp_path / "deep" / "My tour.ipynb"

    assert default_store(str(notebook), Path("/")) == f"sqlite:///{tmp_path}/deep/.spawn/My tour.db"


def test_a_relative_notebook_name_is_seen_from_the_working_directory(tmp_path: Path) -> None:
    assert default_store("tour.ipynb", tmp_path) == f"sqlite:///{tmp_path}/.spawn/tour.db"


@pytest.mark.parametrize("name", ["", "console-1-8d3f", "gone/tour.ipynb"])
def test_without_a_notebook_the_default_store_is_used(name: str, tmp_path: Path) -> None:
    assert default_store(name, tmp_path) == f"sqlite:///{tmp_path}/.spawn/default.db"


@pytest.mark.parametrize(
    ("store", "url"),
    [
        ("memory", "memory://"),
        ("memory://", "memory://"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("/a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_a_store_is_given_as_url_path_or_word(store: str, url: str) -> None:
    assert store_url(store) == url


def test_paths_are_shown_from_where_the_reader_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")

    assert shown_path(f"sqlite:///{tmp_path}/.spawn/x.db") == ".spawn/x.db"
    assert shown_path("/home/ann/keys/x.key") == "~/keys/x.key"
    assert shown_path("memory://") == "memory://"
    assert shown_path("SPAWN_STATESTORE_KEY") == "SPAWN_STATESTORE_KEY"


def test_jupyter_tells_the_notebook_by_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "tour.ipynb"))

    assert default_store(directory=Path("/")) == f"sqlite:///{tmp_path}/.spawn/tour.db"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_hidden_directory_is_its_owners_only_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        prepare_directory(store_url(tmp_path / ".spawn" / "x.db"))
    finally:
        os.umask(before)

    assert (tmp_path / ".spawn").stat().st_mode & 0o777 == 0o700


def test_a_hidden_directory_that_was_left_open_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / ".spawn").mkdir()
    (tmp_path / ".spawn").chmod(0o777)

    prepare_directory(store_url(tmp_path / ".spawn" / "x.db"))

    assert (tmp_path / ".spawn").stat().st_mode & 0o777 == 0o700


def test_only_the_hidden_directory_is_made(tmp_path: Path) -> None:
    prepare_directory(store_url(tmp_path / "elsewhere" / "x.db"))
    prepare_directory("memory://")

    assert not list(tmp_path.iterdir())
