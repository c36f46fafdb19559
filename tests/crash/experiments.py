"""The loads and what is done to them: what `python -m tests.crash` and the tests run."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.crash import actors, durable_messages, kills, load, lost_writes, retention, torn_writes
from tests.crash.kills import Check, Writer
from tests.crash.recorder import record

STRIDE = 29
"""In short runs every so many bytes of the last commit are cut."""


class Load(NamedTuple):
    """A writer and what must hold whenever it stops."""

    write: Writer
    check: Check
    recorded: str
    """The call of the writer that is recorded for power failures, with `path` and `handle`."""


def _check_store(path: Path, received: bytes) -> None:
    load.check(path, load.last_acknowledged(received))


LOADS = {
    "the store": Load(load.write, _check_store, "load.write(path, handle, groups=120)"),
    "the store, kept small": Load(retention.write, retention.check, "retention.write(path, handle, groups=50)"),
    "actors at commit": Load(actors.write_commit, actors.check_commit, "actors.write_commit(path, handle, calls=40)"),
    "actors at journal": Load(
        actors.write_journal, actors.check_journal, "actors.write_journal(path, handle, calls=400)"
    ),
    "durable mailboxes": Load(
        durable_messages.write, durable_messages.check, "durable_messages.write(path, handle, calls=150)"
    ),
}


def kill(load: Load, count: int, seed: int = 0) -> int:
    """Kill the load's writer so many times; the number of stores checked."""
    kills.run(count, load.write, load.check, seed=seed)
    return count


def lose_power(load: Load, moments: int, seed: int = 0, *, before: str = "") -> int:
    """Record the load once, and check the disk at so many moments; the number of disks checked.

    Args:
        before: statements to run before the load, for a test that breaks something.

    Raises:
        NoCompilerError: the shim cannot be compiled here.
    """
    script = f"""
import faulthandler, sys
from pathlib import Path
from tests.crash import actors, load, retention, durable_messages
faulthandler.dump_traceback_later(45, exit=True)  # a writer that hangs says where
{before}
path, handle = Path(sys.argv[1]), int(sys.argv[2])
{load.recorded}
"""
    with tempfile.TemporaryDirectory(prefix="crash-") as directory:
        operations = record(Path(directory), script)
    return lost_writes.run(operations, load.check, moments=moments, seed=seed)


def tear(*, every_byte: bool) -> int:
    """Tear the log; the number of stores checked."""
    return torn_writes.run(stride=1 if every_byte else STRIDE)
