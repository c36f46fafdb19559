from __future__ import annotations

import base64
from pathlib import Path

import pytest

from runtime.security.crypto import KeyFiles, default_directory


def test_created_key_is_found_again(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path / "a" / "keys")

    key = files.create("store")

    assert len(key) == 32
    assert files.read("store") == KeyFiles(tmp_path / "a" / "keys").read("store") == key
    assert files.read("other") is None


def test_only_the_owner_can_read_a_key(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path / "keys")
    files.create("store")

    assert files.directory.stat().st_mode & 0o777 == 0o700
    assert files.path("store").stat().st_mode & 0o777 == 0o600


def test_file_holds_what_the_environment_variable_takes(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    key = files.create("store")

    assert base64.b64decode(files.path("store").read_text().strip()) == key


def test_existing_key_is_never_replaced(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    key = files.create("store")

    with pytest.raises(FileExistsError):
        files.create("store")

    assert files.read("store") == key
    assert [path.name for path in tmp_path.iterdir()] == ["store.key"]


@pytest.mark.parametrize("content", [b"", b"not base64!", b"c2hvcnQ="])
def test_unusable_file_is_no_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.key").write_bytes(content)

    assert KeyFiles(tmp_path).read("store") is None


def test_keys_are_kept_where_xdg_says() -> None:
    assert default_directory({"XDG_DATA_HOME": "/data", "HOME": "/h"}) == Path("/data/spawn-workbench/keys")
    assert default_directory({"XDG_DATA_HOME": "relative", "HOME": "/h"}) == Path(
        "/h/.local/share/spawn-workbench/keys"
    )
    assert default_directory({"HOME": "/h"}) == Path("/h/.local/share/spawn-workbench/keys")
