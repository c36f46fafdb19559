"""Tokens are secret, found again by port, and refused when others could have touched them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from runtime.errors import BadSetting
from runtime.security.crypto import TokenFiles, is_same, new_token


@pytest.fixture
def files(tmp_path: Path) -> TokenFiles:
    return TokenFiles(tmp_path / "tokens")


def test_tokens_never_repeat() -> None:
    assert len({new_token() for _ in range(100)}) == 100


def test_token_is_found_by_port(files: TokenFiles) -> None:
    files.create(4711, "secret")

    assert (files.read(4711), files.read(4712)) == ("secret", "")


def test_token_file_is_its_owners_only(files: TokenFiles) -> None:
    path = files.create(4711, "secret")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_token_file_that_others_can_read_is_refused(files: TokenFiles) -> None:
    files.create(4711, "secret").chmod(0o644)

    with pytest.raises(BadSetting, match="chmod 600"):
        files.read(4711)


def test_later_server_on_a_port_replaces_the_token(files: TokenFiles) -> None:
    files.create(4711, "old")
    files.create(4711, "new")
    files.remove(4711, "old")

    assert files.read(4711) == "new"


def test_removed_token_is_gone(files: TokenFiles) -> None:
    files.create(4711, "secret")

    files.remove(4711, "secret")

    assert files.read(4711) == ""


@pytest.mark.parametrize("given", ["", "secret ", "Secret", "sécret"])
def test_other_tokens_are_not_the_same(given: str) -> None:
    assert not is_same(given, "secret")
