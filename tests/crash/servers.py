"""The same loads with their store in a SQL server: the writer is killed, or its sessions are ended while it writes.

An ended session may or may not have committed what it was committing; whichever it was, every call is there once.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from runtime.errors import StoreUnavailable
from tests.crash import actors, kills, load, retention
from tests.runtime.stores.sql.places import Place, place

Writer = Callable[[str, int], None]
Check = Callable[[str, bytes], None]


def _check_store(url: str, received: bytes) -> None:
    load.check(url, load.last_acknowledged(received))


LOADS: dict[str, tuple[Writer, Check]] = {
    "the store": (load.write, _check_store),
    "the store, kept small": (retention.write, retention.check),
    "actors at commit": (actors.write_commit, actors.check_commit),
    "actors at journal": (actors.write_journal, actors.check_journal),
}


def kill(server: str, name: str, count: int, seed: int = 0) -> int:
    """Kill the load's writer so many times, and check its store in that server each time.

    Raises:
        AssertionError: says what does not hold.
    """
    write, check = LOADS[name]
    chance = random.Random(seed)
    with place(server) as made:
        for _ in range(count):
            _run_once(made, write, check, chance.uniform(0.1, 0.6))
    return count


def end_sessions(server: str, name: str, count: int, seed: int = 0) -> int:
    """End the writer's sessions so many times while it writes; then kill it, and check its store.

    Raises:
        AssertionError: says what does not hold.
    """
    write, check = LOADS[name]
    with place(server) as made:
        ending = _process(lambda: _end_again_and_again(made, random.Random(seed)))
        try:
            _run_once(made, write, lambda url, received: None, after_s=0.15 * count)
        finally:
            os.kill(ending, signal.SIGKILL)
            os.waitpid(ending, 0)
        _run_once(made, write, check, after_s=0.3)
    return count


def _run_once(made: Place, write: Writer, check: Check, after_s: float) -> None:
    def insist(_: Path, acknowledged: int) -> None:
        while True:
            with suppress(StoreUnavailable):  # while it opens the store or deploys
                write(made.url, acknowledged)

    received = kills.kill_at(Path("unused"), insist, after_s)
    check(made.url, received)


def _process(run: Callable[[], None]) -> int:
    """A child that runs this; not a thread, since the writer is forked off beside it."""
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(1)
    return child


def _end_again_and_again(made: Place, chance: random.Random) -> None:
    while True:
        time.sleep(chance.uniform(0, 0.3))
        with suppress(SQLAlchemyError, AssertionError):  # one that ended by itself meanwhile
            made.end_sessions()
