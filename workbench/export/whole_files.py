"""Files and folders that appear whole or not at all, and replace only what was made here."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.errors import Mistake

REPORT_MARK = "spawn-workbench report"
"""Near the beginning of every report."""
FOLDER_MARK = ".spawn-export"
"""The file by which a folder is known as an export."""
_MARK_WITHIN_BYTES = 1_024


class FileInTheWay(Mistake):
    """Something of another kind is where a report or an export is to go; it was not touched."""

    code = "file_in_the_way"


def write_whole(path: Path, text: str, *, mark: str, force: bool = False) -> None:
    """Write a file through another one beside it.

    Args:
        mark: an earlier file with this text near its beginning is replaced; any other is not, unless `force`.

    Raises:
        FileInTheWay: another file is there; it was not touched.
        OSError: it cannot be written; what was there is still there.
    """
    if path.exists() and not force and not _has_mark(path, mark):
        raise FileInTheWay(
            f"Cannot write {path}: there is a file that is no report. Give another name, or force=True (--force)."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder to be filled, which takes the place of `path` when the block ends well, and is gone otherwise.

    Raises:
        FileInTheWay: `path` is a file, or a folder with anything in it that no export made; it was not touched.
        OSError: it cannot be made or moved; what was there is still there.
    """
    _check_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield draft
        (draft / FOLDER_MARK).write_text("Made by spawn-workbench; the next export replaces this folder.\n")
        draft.chmod(0o755)
        _swap(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check_folder(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_dir() or path.is_symlink():
        raise FileInTheWay(f"Cannot export to {path}: it is no folder. Give another name.")
    if any(path.iterdir()) and not (path / FOLDER_MARK).is_file():
        raise FileInTheWay(
            f"Cannot export to {path}: there are files in it that no export made. Give the name of a new folder."
        )


def _swap(draft: Path, path: Path) -> None:
    if not path.exists():
        draft.replace(path)
        return
    before = path.with_name(f".{path.name}.{secrets.token_hex(4)}.old")
    path.replace(before)
    try:
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            before.replace(path)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _has_mark(path: Path, mark: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return mark.encode() in file.read(_MARK_WITHIN_BYTES)
