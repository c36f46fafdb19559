"""The power fails: what was written after the last sync is lost, or any part of it.

A kill says nothing about the disk: the kernel still writes what the process left to it.  So one run of a writer is recorded
(`shim.c`), and for many moments of it the disk is laid out as it might be found then, and opened.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.crash.disk import Disk, Operation
from tests.crash.recorder import ACKNOWLEDGED

Check = Callable[[Path, bytes], None]


def run(operations: list[Operation], check: Check, *, moments: int, seed: int = 0) -> int:
    """Check the disk at so many moments of the record, in three versions each; how many disks were checked.

    The moments are every acknowledgement and every sync, then others, as many as are asked for.

    Raises:
        AssertionError: says at which moment of which version, and what does not hold.
    """
    chance = random.Random(seed)
    chosen, disk, received, checked = _moments(operations, moments, chance), Disk(), bytearray(), 0
    for index, operation in enumerate(operations):
        if operation.name.endswith(f"/{ACKNOWLEDGED}"):
            received += operation.data
        disk.apply(operation)
        if index in chosen:
            for version, files in _versions(disk, chance):
                _check_laid_out(files, bytes(received), check, f"moment {index} of {len(operations)}, {version}")
                checked += 1
    return checked


def _moments(operations: list[Operation], count: int, chance: random.Random) -> set[int]:
    telling = [
        index for index, each in enumerate(operations) if each.kind in "SUR" or each.name.endswith(f"/{ACKNOWLEDGED}")
    ]
    chance.shuffle(telling)
    others = [chance.randrange(len(operations)) for _ in range(count // 4)]
    return set(telling[: count - len(others)] + others)


def _versions(disk: Disk, chance: random.Random) -> Iterator[tuple[str, dict[str, bytes]]]:
    yield "only what was synced", disk.certain()
    yield "everything written", disk.everything()
    yield "a part of what was not synced", disk.some(chance)


def _check_laid_out(files: dict[str, bytes], received: bytes, check: Check, when: str) -> None:
    with tempfile.TemporaryDirectory(prefix="crash-") as directory:
        for name, content in files.items():
            if not name.endswith(ACKNOWLEDGED):
                (Path(directory) / Path(name).name).write_bytes(content)
        try:
            check(Path(directory) / "store.db", received)
        except Exception as error:
            raise AssertionError(f"{when}: {type(error).__name__}: {error}") from error
