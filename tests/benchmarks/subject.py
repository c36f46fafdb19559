"""What is measured: an actor with a state of 200 bytes that changes at each turn, in an encrypted SQLite store, watched.

One feed subscriber listens, as a widget would; payloads and responses are decoded; the action is a plain `def`.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from runtime.authoring.actor import Actor, action
from runtime.config import Durability
from runtime.system.embedded import EmbeddedSystem, embedded

KEY = bytes(range(32))
JOURNAL = Durability.JOURNAL
READY_CALLS = 200
"""Calls before the clock starts: threads are there, the actor is active, caches are warm."""


class Account(Actor, name="account", kind="unnamed", deactivate_timeout="1h"):
    """About 200 bytes of JSON."""

    owner: str = "Grace Brewster Murray Hopper, 1906"
    total: int = 0
    count: int = 0
    largest: float = 0.0
    is_open: bool = True
    note: str = "opened in the year of the first compiler"
    limits: dict[str, int] = {"day": 1_000, "month": 20_000}
    recent: list[int] = [0, 0, 0, 0, 0, 0, 0, 0]

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += value
        self.count += 1
        self.recent = [*self.recent[1:], value]
        return {"total": self.total, "count": self.count}


class Sleeper(Actor, name="sleeper", kind="unnamed", deactivate_timeout="1h"):
    """Blocks its thread."""

    naps: int = 0

    @action
    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        self.naps += 1


def names(count: int) -> list[str]:
    return [f"account-{number}" for number in range(count)]


@contextmanager
def running(
    durability: Durability = Durability.JOURNAL, *, store: str = "", actors: int = 1, **options: Any
) -> Iterator[EmbeddedSystem]:
    """A system with active accounts and a watcher, in a store of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        url = store or f"sqlite:///{Path(folder) / 'bench.db'}"
        with embedded(store=url, key=KEY, durability=durability, **options) as system, _watched(system):
            system.deploy(Account)
            for name in names(actors):
                system.invoke(name, "add", {"value": 1}, parent="account")
            yield system


@contextmanager
def _watched(system: EmbeddedSystem) -> Iterator[None]:
    """Someone reads the feed 10 times a second, which is what a widget does."""
    subscription, done = system.subscribe(), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            subscription.drain()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        subscription.close()


def state_bytes(system: EmbeddedSystem) -> int:
    return len(msgspec.json.encode(system.state("account-0")))
