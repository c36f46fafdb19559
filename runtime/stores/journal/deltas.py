"""Large states as differences to the one before, so that a small change does not rewrite them whole.

A difference is a tuple of runs (offset, length, new bytes): copy `length` bytes of the old state from `offset`, then
append the new bytes. It is found with a few `bytes.find` calls: good for the edits that a turn makes, not a general
diff.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from runtime.ids import ActorId
from runtime.records import Encoded, State, Turn
from runtime.stores.journal import salvage

LARGE_BYTES = 64 * 1024
"""States up to this size are always stored whole."""
WHOLE_EVERY = 64
"""At least every so many states of an actor is stored whole, which bounds how far back a reader looks."""

_CACHE_BYTES = 32 * 1024 * 1024
_ANCHOR_BYTES = 64
_LONG_ENOUGH = 1_024
_MOST_RUNS = 64
_RUN_OVERHEAD = 12

Runs = tuple[tuple[int, int, bytes], ...]


def diff(old: bytes, new: bytes) -> Runs | None:
    """Runs that make `new` from `old`, or None when they would not be at most half as large as `new`."""
    runs: list[tuple[int, int, bytes]] = []
    at_old = at_new = cost = 0
    while at_new < len(new):
        same = _common_start(old, at_old, new, at_new)
        start, at_old, at_new = at_old, at_old + same, at_new + same
        if len(runs) == _MOST_RUNS:
            next_old, next_new = len(old), len(new)
        else:
            next_old, next_new = _agree_again(old, at_old, new, at_new)
        runs.append((start, same, new[at_new:next_new]))
        cost += next_new - at_new + _RUN_OVERHEAD
        if cost * 2 > len(new):
            return None
        at_old, at_new = next_old, next_new
    return tuple(runs)


def patch(old: bytes, runs: Runs) -> bytes:
    """The state that `diff` was given as `new`."""
    return b"".join(piece for offset, length, added in runs for piece in (old[offset : offset + length], added))


def _common_start(old: bytes, at_old: int, new: bytes, at_new: int) -> int:
    """How many bytes are the same from there on: steps that double, then halve, each one comparison in C."""
    most = min(len(old) - at_old, len(new) - at_new)
    same, step = 0, 64
    while same < most and old[at_old + same : at_old + same + step] == new[at_new + same : at_new + same + step]:
        same, step = same + step, step * 2
    while step and same < most:
        if old[at_old + same : at_old + same + step] == new[at_new + same : at_new + same + step]:
            same += step
        step //= 2
    return min(same, most)


def _agree_again(old: bytes, at_old: int, new: bytes, at_new: int) -> tuple[int, int]:
    """The next pair of places from which both go on alike, best for longest; both ends when none is found.

    Looks for pieces of the old state, further and further on, in the new one.  In repetitive data a piece is found in many
    places, hence the comparison of what follows.
    """
    best, at_best, skip = 0, (len(old), len(new)), 0
    while best < _LONG_ENOUGH and at_old + skip + _ANCHOR_BYTES <= len(old):
        anchor_at = at_old + skip
        found = new.find(old[anchor_at : anchor_at + _ANCHOR_BYTES], at_new)
        if found >= 0 and (same := _common_start(old, anchor_at, new, found)) > best:
            best, at_best = same, (anchor_at, found)
        skip = skip * 2 or 4
    return _moved_back(old, at_old, new, at_new, *at_best)


def _moved_back(old: bytes, at_old: int, new: bytes, at_new: int, next_old: int, next_new: int) -> tuple[int, int]:
    """The same pair, moved towards the start for as long as both are alike."""
    while next_old > at_old and next_new > at_new and old[next_old - 1] == new[next_new - 1]:
        next_old, next_new = next_old - 1, next_new - 1
    return next_old, next_new


class DeltaWriter:
    """Replaces large states by differences in the turns about to be written.

    Two steps, so that a failed write changes nothing: `encode`, then `adopt` once it is on disk.
    """

    def __init__(self) -> None:
        self._bases: OrderedDict[ActorId, tuple[State, int]] = OrderedDict()
        """An actor's last large state in the journal and how many differences lead to it; least recently used first."""
        self._size = 0
        self._pending: dict[ActorId, tuple[State, int] | None] = {}

    def encode(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The turns as they are to be stored."""
        self._pending = {}
        if not self._bases and all(turn.state is None or len(turn.state.value.data) <= LARGE_BYTES for turn in turns):
            return turns
        return [turn if turn.state is None else self._encoded(turn, turn.state) for turn in turns]

    def adopt(self) -> None:
        """What `encode` returned last is on disk."""
        for actor, base in self._pending.items():
            self.forget(actor)
            if base is not None:
                self._bases[actor] = base
                self._size += len(base[0].value.data)
        self._pending = {}
        while self._size > _CACHE_BYTES:
            _, (state, _) = self._bases.popitem(last=False)
            self._size -= len(state.value.data)

    def forget(self, actor: ActorId) -> None:
        """Store the actor's next state whole."""
        if base := self._bases.pop(actor, None):
            self._size -= len(base[0].value.data)

    def _encoded(self, turn: Turn, state: State) -> Turn:
        base = self._pending[turn.actor] if turn.actor in self._pending else self._bases.get(turn.actor)
        if not is_large(turn):
            if base is not None:
                self._pending[turn.actor] = None
            return turn
        runs = None
        if base is not None and base[1] + 1 < WHOLE_EVERY and _differ_in_data_only(base[0], state):
            runs = diff(base[0].value.data, state.value.data)
        self._pending[turn.actor] = (state, 0 if base is None or runs is None else base[1] + 1)
        return turn if runs is None else msgspec.structs.replace(turn, state=None, delta=runs)


class DeltaReader:
    """Makes states whole again in turns that are read in order."""

    def __init__(self, earlier: Callable[[ActorId, int], State | None]) -> None:
        """`earlier(actor, sequence)` finds the actor's last state in the journal before that turn."""
        self._earlier = earlier
        self._known: OrderedDict[ActorId, State] = OrderedDict()
        self._unknown: set[ActorId] = set()
        """Actors whose last state is not known: what is a difference to it is not either."""
        self._size = 0

    def whole(self, turns: Iterable[Turn]) -> list[Turn]:
        """The turns with every state whole."""
        return [
            self._filled(turn) if turn.delta is not None or self._known or is_large(turn) else turn for turn in turns
        ]

    def _filled(self, turn: Turn) -> Turn:
        if turn.delta is not None:
            turn = self._applied(turn)
        if turn.state is not None:
            self._unknown.discard(turn.actor)
            self._remember(turn.actor, turn.state if is_large(turn) else None)
        return turn

    def _applied(self, turn: Turn) -> Turn:
        if turn.delta == salvage.LOST:
            self._unknown.add(turn.actor)
        if turn.actor not in self._unknown:
            base = self._known.get(turn.actor) or self._earlier(turn.actor, turn.sequence)
            if base is not None:
                return applied(turn, base)
        return salvage.without_state(turn)

    def _remember(self, actor: ActorId, state: State | None) -> None:
        if old := self._known.pop(actor, None):
            self._size -= len(old.value.data)
        if state is not None:
            self._known[actor] = state
            self._size += len(state.value.data)
        while self._size > _CACHE_BYTES:
            _, dropped = self._known.popitem(last=False)
            self._size -= len(dropped.value.data)


def applied(turn: Turn, base: State) -> Turn:
    """The turn with its difference applied to the actor's state before it."""
    assert turn.delta is not None
    value = Encoded(base.value.type, patch(base.value.data, turn.delta))
    return msgspec.structs.replace(turn, state=State(value, base.dropped_fields), delta=None)


def is_large(turn: Turn) -> bool:
    """Whether a state after it may be stored as a difference to its own."""
    return turn.state is not None and len(turn.state.value.data) > LARGE_BYTES


def _differ_in_data_only(old: State, new: State) -> bool:
    return old.value.type == new.value.type and old.dropped_fields == new.dropped_fields
