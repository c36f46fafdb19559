"""Files and folders that appear whole or not at all, and replace only what was made here."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

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
def whole_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A new folder to be filled, which takes the place of `path` when the block ends well, and is gone otherwise.

    Files that were added to an earlier folder of ours stay in it.

    Args:
        force: replace also files that were changed since.

    Raises:
        FileInTheWay: `path` is a file, or a folder with files that were not made here or were changed since; it was not touched.
        OSError: it cannot be made or moved; what was there is still there.
    """
    made = _made_before(path)
    if not force:
        _refuse_changed(path, made)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield draft
        hashes = {name: _hash(draft / name) for name in _files_in(draft)}
        (draft / FOLDER_MARK).write_bytes(msgspec.json.format(msgspec.json.encode(hashes, order="sorted")))
        _keep_added(path, draft, made)
        draft.chmod(0o755)
        _swap(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _made_before(path: Path) -> dict[str, str]:
    """The files of an earlier folder of ours, each with its hash; empty if there is no folder, or an empty one."""
    if not path.exists():
        return {}
    if not path.is_dir() or path.is_symlink():
        raise FileInTheWay(f"Cannot export to {path}: it is no folder. Give another name.")
    try:
        return msgspec.json.decode((path / FOLDER_MARK).read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        if any(path.iterdir()):
            raise FileInTheWay(
                f"Cannot export to {path}: there are files in it that no export made. Give the name of a new folder."
            ) from None
        return {}


def _refuse_changed(path: Path, made: dict[str, str]) -> None:
    changed = [name for name, digest in made.items() if (path / name).is_file() and _hash(path / name) != digest]
    if changed:
        raise FileInTheWay(
            f"Cannot export to {path}: {', '.join(sorted(changed))} was changed since the last export. "
            "Give another name, or force=True (--force) to replace it."
        )


def _keep_added(path: Path, draft: Path, made: dict[str, str]) -> None:
    for name in _files_in(path) if path.is_dir() else ():
        if name not in made and not (draft / name).exists():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path / name, draft / name, follow_symlinks=False)


def _files_in(folder: Path) -> list[str]:
    found = (file for file in folder.rglob("*") if file.is_symlink() or file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in found if file.name != FOLDER_MARK)


def _hash(file: Path) -> str:
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


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
