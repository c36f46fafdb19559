"""The newest turns of a system, without reading its whole past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from runtime.api import Capability, SystemApi
from runtime.errors import StoreUnavailable
from runtime.records import Turn

_FIRST_WINDOW = 4_096
_GROWTH = 8


def need_history(system: SystemApi) -> None:
    """Nothing, where there is a past to read.

    Raises:
        NotCapable: the system keeps none, with its reason.
    """
    if Capability.HISTORY not in system.capabilities:
        next(iter(system.turns()), None)


def newest(
    system: SystemApi,
    is_wanted: Callable[[Turn], bool],
    limit: int,
    *,
    actor: str | None = None,
    after: int = 0,
    until: int | None = None,
    searched: int | None = None,
) -> list[Turn]:
    """The last `limit` turns that are wanted, oldest first; the past is read in growing pieces until there are enough.

    What cannot be written just now is not among them.

    Args:
        after: only turns with a higher sequence.
        until: only turns with this sequence or a lower one; None for all.
        searched: how far back to look, in turns of the whole system; None for all.

    Raises:
        NotCapable: the system keeps no history.
    """
    need_history(system)
    with suppress(StoreUnavailable):
        system.flush()
    found: list[Turn] = []
    end, window = system.status().committed if until is None else until, _FIRST_WINDOW
    first = max(after, end - searched) if searched is not None else after
    while end > first and len(found) < limit:
        start = max(first, end - window)
        found = [turn for turn in _between(system, start, end, actor) if is_wanted(turn)] + found
        end, window = start, window * _GROWTH
    return found[-limit:]


def last_sequence(system: SystemApi, actor: str, revision: int) -> int:
    """A sequence that no turn of an actor up to that revision exceeds, and few later ones keep within.

    Found by halving, since revisions only grow: a past of a million turns is not read for it.

    Raises:
        NotCapable: the system keeps no history.
    """
    first, end = 0, system.status().committed
    while end - first > _FIRST_WINDOW:
        middle = (first + end) // 2
        turn = next((turn for batch in system.turns(after=middle, actor=actor) for turn in batch), None)
        if turn is None or turn.revision > revision:
            end = middle
        else:
            first = turn.sequence
    return end


def _between(system: SystemApi, start: int, end: int, actor: str | None) -> Iterator[Turn]:
    for batch in system.turns(after=start, actor=actor):
        for turn in batch:
            if turn.sequence > end:
                return
            yield turn
