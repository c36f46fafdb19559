"""Keys that were made because none was configured: one file per store, outside the project, its owner's only.

A file holds the key as base64 in one line, which is also what `SPAWN_STATESTORE_KEY` takes.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

from runtime.crypto.cipher import KEY_BYTES, new_key
from runtime.crypto.private_files import draft_of, make_private_directory, write_new


def default_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_DATA_HOME/spawn-workbench/keys`, or under `~/.local/share` where that is not set (or not absolute)."""
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "spawn-workbench" / "keys"


class KeyFiles:
    """The directory of key files; a key is found again by the random id of its store."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or default_directory()

    def path(self, store_id: str) -> Path:
        """Where the key of that store is, or would be."""
        return self.directory / f"{store_id}.key"

    def read(self, store_id: str) -> bytes | None:
        """The store's key, or None when there is no usable file.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            text = self.path(store_id).read_bytes()
        except FileNotFoundError:
            return None
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            return None
        return key if len(key) == KEY_BYTES else None

    def create(self, store_id: str) -> bytes:
        """A new key, on disk and synced before this returns; the file appears whole or not at all.

        Raises:
            OSError: it cannot be written, or that store already has one (which is left as it is).
        """
        make_private_directory(self.directory)
        self.directory.chmod(0o700)
        key = new_key()
        draft = draft_of(self.path(store_id))
        write_new(draft, base64.b64encode(key) + b"\n", is_synced=True)
        try:
            os.link(draft, self.path(store_id))  # unlike a rename, never replaces a key that is there
        finally:
            draft.unlink()
        sync_directory(self.directory)
        return key


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    if os.name == "nt":  # directories cannot be opened there, and need not be
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
