"""Where a store file lives, and its directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.crypto.keyfiles import sync_directory
from runtime.errors import BadSetting, StoreUnavailable

OWN_DIRECTORY = ".spawn"


def path_of(url: str) -> Path:
    """The absolute path in `sqlite:///relative.db` or `sqlite:////absolute.db`; `~` is the home directory.

    Raises:
        BadSetting: there is no path in it, or a directory's.
    """
    _, _, rest = url.partition("://")
    text = rest.partition("?")[0].removeprefix("/")
    if not rest.startswith("/") or text in ("", ":memory:"):
        raise BadSetting(
            f"{url!r} names no file. Write sqlite:///PATH (four slashes for an absolute path), or memory://."
        )
    path = Path(os.path.abspath(os.path.expanduser(text)))  # noqa: PTH100, PTH111 - no symlink is followed
    if path.is_dir():
        raise BadSetting(f"{url!r} names a directory. Name the file in it, such as {url.rstrip('/')}/store.db.")
    return path


def prepare_directory(directory: Path) -> None:
    """Make a directory that only its owner can enter; `.spawn` also tells git to ignore it.

    A directory that exists is left as it is.
    """
    if directory.is_dir():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.name == OWN_DIRECTORY:
        (directory / ".gitignore").write_text("# What is here belongs to one person and one machine.\n*\n")
    sync_directory(directory.parent)


def create_private(path: Path) -> None:
    """An empty file that only its owner can read, unless there is a file already."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


@contextmanager
def unavailable(url: str) -> Iterator[None]:
    """Raises `StoreUnavailable` for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"Cannot open {url}: {error}.\nCheck that its directory exists and may be written to, or use another store."
        ) from error
