"""Files and directories that only their owner can read, written at names that others may know beforehand.

No symbolic link at such a name is followed: another user who can write into the directory could have put it there to have another
file overwritten.  Modes do not depend on the umask.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK


def make_private_directory(path: Path) -> None:
    """Make a directory that only its owner can enter, and those of its parents that are missing, likewise.

    Directories that exist are left as they are.

    Raises:
        OSError: it cannot be made, or something else has that name.
    """
    if path.is_dir():
        return
    make_private_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path, flags: int) -> int:
    """A handle on a file of its owner only, made if it is not there.

    Raises:
        OSError: it cannot be opened; ELOOP where the name is a symbolic link.
    """
    return os.open(path, flags | os.O_CREAT | _NO_LINK, 0o600)


def write_new(path: Path, content: bytes, *, is_synced: bool = False) -> None:
    """Write a file that is not there yet.

    Raises:
        FileExistsError: something has that name, if only a link that leads nowhere; it was not touched.
        OSError: it cannot be written.
    """
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
        file.write(content)
        if is_synced:
            file.flush()
            os.fsync(file.fileno())


def draft_of(path: Path) -> Path:
    """A name beside `path` that no one can know beforehand."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")


def replace(path: Path, content: bytes) -> None:
    """Write a file whole, in place of whatever has its name; a symbolic link there is replaced, its target is not touched.

    A crash leaves either the old file or the new one.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    draft = draft_of(path)
    try:
        write_new(draft, content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
