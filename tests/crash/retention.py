"""The load of `load`, while the store is kept small: old turns go, columns are made, and a crash meets either in the middle."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from runtime.records import Turn
from runtime.stores.base import Group, Limits, Retention, StateStore
from runtime.stores.journal import retention, snapshots, writer
from runtime.stores.journal import retention as merging
from runtime.stores.journal import retention as passes
from runtime.stores.journal.columns import sealed_columns
from runtime.testing.retention_checks import assert_suffixes, columns_of, promised, retain_all, rows_of, seal_all
from tests.crash.load import ACKNOWLEDGED, KnownLoad, last_acknowledged, opened

RETENTION = Retention(
    every=Limits(revisions=20, invocations=40),
    of={"large-0": Limits(revisions=3), "actor-0": Limits(age_us=900)},
    turns=500,
)

_SIZES = (
    (merging, "MERGED_TURNS", 32),
    (merging, "_SMALL_TURNS", 8),
    (snapshots, "MOST_ACTORS", 12),
    (writer, "_CHUNK_ACTORS", 5),
    (sealed_columns, "SEALED_TURNS", 40),
    (sealed_columns, "FEWEST_TURNS", 10),
    (sealed_columns, "_STEP_TURNS", 16),
    (retention, "FEWEST_NEW", 20),
    (passes, "MOST_ACTORS", 10),
)
"""What takes thousands of turns at work takes some here."""


def write(path: Path | str, acknowledged: int, *, groups: int | None = None, seed: int | None = None) -> None:
    """As `load.write`, with a few steps of each kind after each group."""
    chance = random.Random(os.urandom(8) if seed is None else seed)
    with small_sizes():
        store, load = opened(path), KnownLoad()
        load.advance(store.head())
        done = 0
        while groups is None or done < groups:
            store.commit(Group(turns=load.advance(chance.choice((1, 1, 2, 7, 40)))))
            os.write(acknowledged, ACKNOWLEDGED.pack(store.head()))
            done += 1
            for _ in range(chance.randrange(8)):
                _step(store, load.past.turns[-1], chance)
        store.close()


def _step(store: StateStore, last: Turn, chance: random.Random) -> None:
    kind = chance.choice(("checkpoint", "seal", "retain", "retain"))
    if kind == "checkpoint":
        store.checkpoint()
    elif kind == "seal":
        store.seal()
    else:
        store.retain(RETENTION, last.finished_us)


def check(path: Path | str, received: bytes) -> None:
    """Of what was acknowledged, whatever has to be kept is there, whole, without holes; the same after all that is left to do.

    Raises:
        AssertionError: says what does not hold.
    """
    with small_sizes():
        store = opened(path)
        try:
            head = store.head()
            assert head >= last_acknowledged(received), f"turns after {head} were acknowledged and are lost"
            load = KnownLoad()
            load.advance(head)
            _check_against(store, load)
            if head:
                retain_all(store, RETENTION, load.past.turns[-1].finished_us)
                seal_all(store)
                _check_against(store, load)
        finally:
            store.close()


def _check_against(store: StateStore, load: KnownLoad) -> None:
    left = assert_suffixes(store, load.past)
    sequences = {turn.sequence for turn in left}
    missing = promised(load.past, RETENTION) - sequences
    assert not missing, f"turns that have to be kept are gone: {sorted(missing)[:5]}"
    assert columns_of(store) == rows_of(left), "the columns are not those of the turns"
    for turn in load.past.turns:
        if turn.key and not turn.failure:
            found = store.find_key(turn.actor, turn.key)
            assert found == (turn if turn.sequence in sequences else None), f"key {turn.key} finds {found}"


@contextmanager
def small_sizes() -> Iterator[None]:
    with ExitStack() as stack:
        for module, name, size in _SIZES:
            stack.enter_context(patch.object(module, name, size))
        yield
