"""What was answered against what is on disk: nothing is lost, changed or quarantined."""

from __future__ import annotations

from collections.abc import Callable

from runtime.api import Subscription
from runtime.records import EventKind, Turn
from runtime.stores.base import flatten
from runtime.system.embedded import EmbeddedSystem

_HARM = (EventKind.STORE_FAILED, EventKind.QUARANTINED)


def watched(system: EmbeddedSystem) -> Subscription:
    """The feed from now on, which shows each turn as the engine made it."""
    return system.subscribe(limit=1_000_000)


def check_read_back(system: EmbeddedSystem, feed: Subscription, again: Callable[[], EmbeddedSystem]) -> None:
    """Flush, close, open the store again, and compare its turns, revisions and states with what the engine answered."""
    system.flush(20.0)
    assert not system.status().store_error
    system.close()
    events = feed.drain()
    assert not [event.text for event in events if event.kind in _HARM or "cannot be kept" in event.text]
    answered = [event.turn for event in events if event.turn is not None]

    with again() as opened:
        read = list(flatten(opened.turns()))
        assert [turn.sequence for turn in read] == list(range(1, len(read) + 1))
        by_sequence = {turn.sequence: turn for turn in read}
        for expected in answered:
            turn = by_sequence.get(expected.sequence)
            assert turn == expected, f"turn {expected.sequence} was answered as {expected} and is read as {turn}"
        for name, last in _last(read).items():
            assert opened.info(name).revision == last.revision


def _last(turns: list[Turn]) -> dict[str, Turn]:
    return {turn.actor.name: turn for turn in turns if turn.revision}
