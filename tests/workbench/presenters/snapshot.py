"""Compares with a file beside the tests; `UPDATE_SNAPSHOTS=1` writes it anew, to be looked at in the diff."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"


def assert_snapshot(name: str, found: str) -> None:
    """`found` is what the file of that name holds."""
    path = FOLDER / name
    found = found.rstrip("\n") + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert path.exists(), f"{path} is missing: write it with UPDATE_SNAPSHOTS=1"
    assert found == path.read_text("utf-8"), f"{name} changed; if that is meant, write it anew with UPDATE_SNAPSHOTS=1"
