"""Where a store file lives, and its directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.crypto.keyfiles import sync_directory
from runtime.crypto.private_files import open_private, write_new
from runtime.errors import BadSetting, StoreUnavailable

OWN_DIRECTORY = ".spawn"
_BESIDE = ("-journal", "-wal", "-shm", ".lock", ".owner")
"""What follows a store's name in the names of the files that belong to it."""


def path_of(url: str) -> Path:
    """The file that `sqlite:///relative.db` or `sqlite:////absolute.db` names; `~` is the home directory.

    It is absolute, and symbolic links in it are resolved: whatever way leads to a store, it is locked in one place.

    Raises:
        BadSetting: there is no path in it, a directory's, one that leads in circles, or a file's that belongs to a store.
    """
    _, _, rest = url.partition("://")
    text = rest.partition("?")[0].removeprefix("/")
    if not rest.startswith("/") or text in ("", ":memory:"):
        raise BadSetting(
            f"{url!r} names no file. Write sqlite:///PATH (four slashes for an absolute path), or memory://."
        )
    path = Path(os.path.realpath(os.path.expanduser(text)))  # noqa: PTH111 - Path's own fails for an unknown ~user
    if path.is_dir():
        raise BadSetting(f"{url!r} names a directory. Name the file in it, such as {url.rstrip('/')}/store.db.")
    if path.is_symlink():
        raise BadSetting(f"{url!r} names a symbolic link that leads in circles. Name a file.")
    _refuse_beside(path, url)
    return path


def _refuse_beside(path: Path, url: str) -> None:
    """Opening and closing a store's lock file would give the lock away, whoever has it here."""
    for ending in _BESIDE:
        name = path.name.removesuffix(ending)
        if name not in ("", path.name) and (store := path.with_name(name)).is_file():
            raise BadSetting(f"{url!r} names a file that belongs to the store {store}. Name that one, or another.")


def refuse_hard_links(path: Path, url: str) -> None:
    """A file with two names could be opened under each, by two processes that know nothing of each other.

    Raises:
        StoreUnavailable: it has.
    """
    try:
        names = path.stat().st_nlink
    except OSError:
        return
    if names > 1:
        raise StoreUnavailable(
            f"Cannot open {url}: {path} has {names} names (hard links), and its lock holds for one name only.\n"
            "Make it a file of its own, with `cp FILE COPY` and `mv COPY FILE`, or use another store."
        )


def prepare_directory(directory: Path) -> None:
    """Make a directory that only its owner can enter; `.spawn` also tells git to ignore it.

    Another directory that exists is left as it is; `.spawn` is closed to others, if earlier versions left it open.

    Raises:
        OSError: it cannot be made.
    """
    is_own = directory.name == OWN_DIRECTORY
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        if is_own:
            _ignore_in_git(directory)
        sync_directory(directory.parent)
    elif is_own:
        _close_to_others(directory)


def _ignore_in_git(directory: Path) -> None:
    with suppress(FileExistsError):
        write_new(directory / ".gitignore", b"# What is here belongs to one person and one machine.\n*\n")


def _close_to_others(directory: Path) -> None:
    status = directory.stat()
    if hasattr(os, "getuid") and status.st_uid == os.getuid() and status.st_mode & 0o077:
        directory.chmod(0o700)


def create_private(path: Path) -> None:
    """An empty file that only its owner can read, unless there is a file already."""
    os.close(open_private(path, os.O_RDWR))


@contextmanager
def unavailable(url: str) -> Iterator[None]:
    """Raises `StoreUnavailable` for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"Cannot open {url}: {error}.\nCheck that its directory exists and may be written to, or use another store."
        ) from error
