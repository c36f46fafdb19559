"""What is committed in blocks and not yet in the snapshot and key rows.

Commits only append blocks; rows for single actors and keys are written later, many at a time. Until then they are
here: the newest turn of each changed actor, and the keys. There are two generations: turns enter the young one;
`freeze` makes it the old one, which `chunk` and `written` drain. When the old one is empty, the rows hold everything
up to the sequence at which it was frozen: that is the *mark*, and opening a store reads only the blocks after it.

Readers may look at any time. An entry leaves only after its row is committed, so it is always in one place or the
other.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import islice

from runtime.ids import ActorId
from runtime.records import Turn

MOST_ACTORS = 16_384
MOST_KEYS = 131_072
"""How many may be held before they are written even when there is no time for it."""


class Tail:
    """Changed actors and new keys since the mark.  One thread writes, any may read."""

    __slots__ = ("_frozen_head", "_old_keys", "_old_turns", "_young_keys", "_young_turns")

    def __init__(self, mark: int) -> None:
        self._young_turns: dict[ActorId, Turn] = {}
        self._old_turns: dict[ActorId, Turn] = {}
        self._young_keys: dict[int, int] = {}
        self._old_keys: dict[int, int] = {}
        self._frozen_head = mark

    def turn(self, actor: ActorId) -> Turn | None:
        """The last turn that changed the actor, its state whole; None when its row is current."""
        return self._young_turns.get(actor) or self._old_turns.get(actor)

    def turns(self) -> dict[ActorId, Turn]:
        """All changed actors, as a copy."""
        old = self._old_turns.copy()
        return old | self._young_turns.copy()

    def key(self, key_hash: int) -> int | None:
        """The sequence of a key that has no row yet."""
        return self._young_keys.get(key_hash) or self._old_keys.get(key_hash)

    def add(self, turn: Turn) -> None:
        """`turn` changed its actor; its state is whole."""
        self._young_turns[turn.actor] = turn

    def add_all(self, turns: Sequence[Turn]) -> None:
        """`turns` changed their actors, in this order; their states are whole."""
        self._young_turns.update([(turn.actor, turn) for turn in turns])

    def add_key(self, key_hash: int, sequence: int) -> None:
        self._young_keys[key_hash] = sequence

    def discard(self, actor: ActorId) -> None:
        """The actor's row is current."""
        self._young_turns.pop(actor, None)
        self._old_turns.pop(actor, None)

    @property
    def is_long(self) -> bool:
        """More is held in memory than should be. Keys are small: many of them do not push the actors' states out."""
        return (
            len(self._young_turns) + len(self._old_turns) >= MOST_ACTORS
            or len(self._young_keys) + len(self._old_keys) >= MOST_KEYS
        )

    @property
    def frozen_head(self) -> int:
        """The mark once the old generation is drained."""
        return self._frozen_head

    @property
    def is_drained(self) -> bool:
        """Nothing of the old generation is left."""
        return not self._old_turns and not self._old_keys

    def freeze(self, head: int) -> None:
        """Make the young generation the old one, which must be drained; `head` is the last committed sequence."""
        assert self.is_drained
        # In this order, a reader that looks into young, then old, misses nothing.
        self._old_turns, self._old_keys = self._young_turns, dict(sorted(self._young_keys.items()))
        self._young_turns, self._young_keys = {}, {}
        self._frozen_head = head

    def chunk(self, limit: int, most_bytes: int = sys.maxsize) -> tuple[list[Turn], list[tuple[int, int]], bool]:
        """Up to `limit` turns and eight times as many keys to write next, and whether these are the last.

        No more turns than until their states have `most_bytes` together.
        """
        turns, size = list[Turn](), 0
        for turn in islice(self._old_turns.values(), limit):
            turns.append(turn)
            size += len(turn.state.value.data) if turn.state is not None else 0
            if size >= most_bytes:
                break
        keys = list(islice(self._old_keys.items(), limit * 8))
        return turns, keys, len(turns) == len(self._old_turns) and len(keys) == len(self._old_keys)

    def written(self, turns: list[Turn], keys: list[tuple[int, int]]) -> None:
        """A chunk is committed."""
        for turn in turns:
            self._old_turns.pop(turn.actor, None)
        for key_hash, _ in keys:
            del self._old_keys[key_hash]
