"""`kill -9` at random moments of a process that writes."""

from __future__ import annotations

import os
import random
import select
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Writer = Callable[[Path, int], None]
"""Writes to the store at a path until it is killed; acknowledges to a handle."""
Check = Callable[[Path, bytes], None]
"""Raises AssertionError when the store at a path does not fit what was acknowledged."""

_LIVES = 15
"""A store is killed so many times, then a new one is begun."""


def run(kills: int, writer: Writer, check: Check, *, longest_s: float = 0.25, seed: int = 0) -> None:
    """Kill `writer` so many times, each time at another moment, and `check` what is left after each.

    Raises:
        AssertionError: says at which kill, and what does not hold.
    """
    chance = random.Random(seed)
    done = 0
    while done < kills:
        with tempfile.TemporaryDirectory(prefix="crash-") as directory:
            for _ in range(min(_LIVES, kills - done)):
                received = kill_at(Path(directory) / "store.db", writer, chance.uniform(0, longest_s))
                done += 1
                try:
                    check(Path(directory) / "store.db", received)
                except AssertionError as error:
                    raise AssertionError(f"after kill {done} (seed {seed}): {error}") from error


def kill_at(store: Path, writer: Writer, after_s: float) -> bytes:
    """Start `writer` in a child, kill it after that time, and return what it had acknowledged by then."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_child(store, writer, writing)
    os.close(writing)
    received, until = bytearray(), time.monotonic() + after_s
    while (left := until - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        if not (piece := os.read(reading, 65_536)):
            break  # it ended by itself, which is said below
        received += piece
    os.kill(child, signal.SIGKILL)
    while piece := os.read(reading, 65_536):
        received += piece
    os.close(reading)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status), f"the writer ended by itself, with status {os.waitstatus_to_exitcode(status)}"
    return bytes(received)


def _be_the_child(store: Path, writer: Writer, acknowledged: int) -> None:
    try:
        writer(store, acknowledged)
    except BaseException as error:
        os.write(2, f"the writer failed: {type(error).__name__}: {error}\n".encode())
    os._exit(1)
