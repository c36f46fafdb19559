"""Made `data/poisoned.db` and its key with a version that wrote turns that it could not read.  Not to be run again.

Later versions refuse such values before they are recorded, so the file cannot be made any more; `test_quarantine.py` opens it.
Its first half went through a checkpoint, so that rows of actors are poisoned too; its second half is in blocks alone, as a
killed process leaves it.

    python -m tests.runtime.stores.make_poisoned
"""

from __future__ import annotations

import base64
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from runtime import Actor, Broadcast, Context, SideEffect, Value, action, errors
from runtime.config import RuntimeConfig
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem

DATA = Path(__file__).parent / "data"
KEY = hashlib.sha256(b"the key of poisoned.db, which protects nothing").digest()


class OddError(errors.SpawnError):
    code: Any = 5


class Counter(Actor):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    def tag(self, ctx: Context, value: int) -> int:
        self.total += value
        ctx.tags["mood"] = "good"
        ctx.tags["x"] = 5  # type: ignore[assignment]
        return self.total

    @action
    def untag(self, ctx: Context) -> int:
        del ctx.tags["x"]
        return self.total

    @action
    def effect(self) -> Value:
        self.total += 1
        return Value.of(self.total).effect(SideEffect(5, "add", {"value": 1}))  # type: ignore[arg-type]

    @action
    def publish(self) -> Value:
        self.total += 1
        return Value.of(self.total).broadcast(Broadcast(5, {"value": 1}))  # type: ignore[arg-type]

    @action
    def fail(self) -> None:
        raise OddError("it has an odd code")


class Good(Counter, name="good"):
    """Has no poisoned turn."""


class Tagged(Counter, name="tagged"):
    """Its row and the end of its journal are poisoned."""


class Mended(Counter, name="mended"):
    """Was poisoned for a while."""


class Odd(Counter, name="odd"):
    """Had an odd failure, effect and channel, then went on."""


def main() -> None:
    """Write the file and its key; refuses to replace them."""
    with (DATA / "poisoned.key").open("xb") as file:
        file.write(base64.b64encode(KEY) + b"\n")
    for part in ("first", "second"):
        subprocess.run([sys.executable, "-m", __spec__.name, part], check=True)
    with sqlite3.connect(DATA / "poisoned.db") as connection:  # what the write-ahead log holds goes into the file
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for left in (".lock", ".owner"):
        (DATA / f"poisoned.db{left}").unlink(missing_ok=True)


def system(*actors: type[Actor]) -> EmbeddedSystem:
    running = EmbeddedSystem(RuntimeConfig(system="test"), open_store(f"sqlite:///{DATA / 'poisoned.db'}", key=KEY))
    for actor in actors:
        running.deploy(actor)
    return running


def first() -> None:
    running = system(Good, Tagged, Mended)
    running.invoke("good", "add", {"value": 1}, key="good-1")
    running.invoke("tagged", "add", {"value": 1})
    running.invoke("tagged", "tag", {"value": 2}, key="tagged-1")
    running.invoke("mended", "tag", {"value": 1})
    running.invoke("mended", "add", {"value": 1})
    running.invoke("mended", "untag")
    running.invoke("mended", "add", {"value": 1})
    running.close()


def second() -> None:
    running = system(Good, Mended, Odd)  # not the one whose row cannot be read
    running.invoke("good", "add", {"value": 2})
    for name in ("fail", "effect", "publish"):
        with suppress(Exception):
            running.invoke("odd", name)
    running.invoke("odd", "add", {"value": 10}, key="odd-1")
    running.invoke("mended", "tag", {"value": 4}, key="mended-1")
    running.invoke("good", "add", {"value": 3}, key="good-2")
    running.flush()
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        {"first": first, "second": second}[sys.argv[1]]()
