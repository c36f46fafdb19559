"""What is written at a name that others know is its owner's only, and nothing else is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.security.crypto import KeyFiles, TokenFiles
from runtime.security.private_files import make_private_directory, replace, write_new
from runtime.servers.certificates import make_certificates
from runtime.stores.sqlite.lock import StoreLock, create_private, prepare_directory


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


WRITERS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "owner": (
        lambda at: StoreLock(at / "x.db", "").release(),
        ("x.db.owner", f"x.db.owner.{os.getpid()}", "x.db.lock"),
    ),
    "store": (lambda at: create_private(at / "x.db"), ("x.db",)),
    "token": (lambda at: TokenFiles(at).create(9, "new"), ("9.token", f".9.{os.getpid()}.new")),
    "key": (lambda at: KeyFiles(at).create("id"), ("id.key", f".id.{os.getpid()}.new")),
    "certificates": (make_certificates, ("authority.pem", "server.pem", "server-key.pem", "client-key.pem")),
    "new": (lambda at: write_new(at / "x", b"new"), ("x",)),
    "replaced": (lambda at: replace(at / "x", b"new"), ("x",)),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing"])
def test_link_at_a_name_that_is_written_is_not_followed(writer: str, exists: bool, tmp_path: Path) -> None:
    write, names = WRITERS[writer]
    for name in names:
        at, victim = tmp_path / f"in-{name}", tmp_path / f"victim-{name}"
        at.mkdir()
        if exists:
            victim.write_text("precious")
        (at / name).symlink_to(victim)

        with suppress(OSError):  # it may be refused
            write(at)

        assert victim.exists() == exists, name
        assert not exists or victim.read_text() == "precious", name


def test_directories_are_their_owners_only_even_without_an_umask(no_umask: None, tmp_path: Path) -> None:
    make_private_directory(tmp_path / "a" / "b")
    KeyFiles(tmp_path / "data" / "keys").create("id")
    prepare_directory(tmp_path / "notebooks" / ".spawn")

    for made in ("a", "a/b", "data", "data/keys", "notebooks/.spawn"):
        assert (tmp_path / made).stat().st_mode & 0o777 == 0o700, made


def test_files_are_their_owners_only_even_without_an_umask(no_umask: None, tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "x.db", "")
    replace(tmp_path / "y", b"new")

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "x.db.lock": 0o600,
        "x.db.owner": 0o600,
        "y": 0o600,
    }
    lock.release()


def test_failed_replacement_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()

    with pytest.raises(OSError, match="x"):
        replace(tmp_path / "x", b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["x"]
