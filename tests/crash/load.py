"""A load for a store whose every turn is known beforehand, and the check of what a crash left of it."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path
from typing import Any

from runtime.admission import admitted
from runtime.records import Outcome, Turn
from runtime.stores.base import Group, StateStore, flatten
from runtime.stores.registry import open_store
from runtime.testing.any_values import VALUES
from runtime.testing.turns import TurnHistory, alike

KEY = bytes(range(32))
ACTORS = 23
_LARGE = b"".join(b"%06d" % index for index in range(12_000))
_HANDED = [
    VALUES[name] for name in sorted(VALUES) if type(VALUES[name]) in (str, int, float, bytes, bool, type(None), object)
]
"""Those whose refusal reads the same in every process."""
ACKNOWLEDGED = struct.Struct("<Q")


class KnownLoad:
    """Turn n is the same in every process: changes of small and large states, of tags, nothing, failures, keys, and what becomes
    of each value of `any_values` that an action handed over as a tag."""

    def __init__(self) -> None:
        self.past = TurnHistory()

    def advance(self, count: int) -> tuple[Turn, ...]:
        """The next turns."""
        return tuple(self._turn(len(self.past.turns) + 1) for _ in range(count))

    def _turn(self, n: int) -> Turn:
        name, key = f"actor-{n * 7 % ACTORS}", f"key-{n}" if n % 5 == 0 else ""
        if n % 41 == 0:
            return self.past.turn(f"large-{n % 2}", b"%d" % n + _LARGE[n % 6 :], key=key)
        if n % 7 == 0:
            return self.past.turn(name, fails=True, key=key)
        if n % 13 == 0:
            return self._handed_over(name, key, _HANDED[n // 13 % len(_HANDED)])
        if n % 11 == 0:
            return self.past.turn(name, tags={"at": str(n)}, key=key)
        return self.past.turn(name, b'{"left": %d, "right": %d}' % (n, n), key=key)

    def _handed_over(self, name: str, key: str, value: Any) -> Turn:
        """What the engine records of a turn whose tag is that value: the tag, or a failure that says why it cannot be one."""
        outcome = admitted(Outcome(tags={"handed": value}), name)
        if outcome.failure is None:
            return self.past.turn(name, tags=outcome.tags, key=key)
        return self.past.turn(name, fails=outcome.failure, key=key)


def write(path: Path | str, acknowledged: int, *, groups: int | None = None, seed: int | None = None) -> None:
    """Commit groups of random size, with checkpoints and reopenings between, for ever or so many times.

    After each commit the sequence goes to the handle `acknowledged`: from then on it may never be lost.
    """
    chance = random.Random(os.urandom(8) if seed is None else seed)
    store, load = opened(path), KnownLoad()
    load.advance(store.head())
    done = 0
    while groups is None or done < groups:
        store.commit(Group(turns=load.advance(chance.choice((1, 1, 2, 7, 40)))))
        os.write(acknowledged, ACKNOWLEDGED.pack(store.head()))
        done += 1
        if chance.random() < 0.1:
            store.checkpoint()
        if chance.random() < 0.02:
            store.close()
            store = opened(path)
    store.close()


def last_acknowledged(received: bytes) -> int:
    """The highest sequence among what `write` sent; 0 for nothing."""
    whole = len(received) // ACKNOWLEDGED.size * ACKNOWLEDGED.size
    return ACKNOWLEDGED.unpack(received[whole - ACKNOWLEDGED.size : whole])[0] if whole else 0


def check(path: Path | str, acknowledged: int) -> int:
    """What is left is a prefix, holds everything acknowledged, and every actor fits it; the head.

    Raises:
        AssertionError: says what does not hold.
    """
    store = opened(path)
    try:
        head = store.head()
        assert head >= acknowledged, f"turns {head + 1} to {acknowledged} were acknowledged and are lost"
        load = KnownLoad()
        load.advance(head)
        _check_against(store, load.past)
        return head
    finally:
        store.close()


def _check_against(store: StateStore, past: TurnHistory) -> None:
    stored = list(flatten(store.turns()))
    assert stored == past.turns, f"turn {_first_difference(stored, past.turns)} is not the one that was written"
    for actor, expected in past.actors.items():
        assert alike(store.load(actor), expected), f"{actor} does not fit the journal"
    for turn in past.turns:
        if turn.key:
            found = store.find_key(turn.actor, turn.key)
            assert found == (None if turn.failure else turn), f"key {turn.key} finds {found}"


def _first_difference(left: list[Turn], right: list[Turn]) -> int:
    pairs = zip(left, right, strict=False)
    return next((index for index, (a, b) in enumerate(pairs, 1) if a != b), min(len(left), len(right)) + 1)


def url_of(store: Path | str) -> str:
    """A store is a file, or the URL of one in a server."""
    return store if isinstance(store, str) else f"sqlite:///{store}"


def opened(store: Path | str) -> StateStore:
    return open_store(url_of(store), key=KEY)
