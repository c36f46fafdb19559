"""What happened in a system since the last look, read once for all panels that watch it."""

from __future__ import annotations

import msgspec

from runtime.api import Capability, Subscription, SystemApi
from runtime.errors import SpawnError
from runtime.records import EventKind, Turn

_LIMIT = 2_000
"""Undrained events: ten times a second that many are read, which costs a busy kernel less than one per cent."""


class News(msgspec.Struct, frozen=True):
    """Turns since the last look."""

    turns: dict[str, list[Turn]] = {}
    """By actor name, oldest first."""
    others: int = 0
    """Other events, such as arrivals, activations and deployments."""
    dropped: int = 0
    """Events lost since the subscription began."""


NO_NEWS = News()


class Feed:
    """One system's feed, subscribed to while somebody looks.  Used by one thread at a time."""

    def __init__(self, system: SystemApi) -> None:
        self.system = system
        self._subscription: Subscription | None = None
        self._dropped_before = 0

    def pull(self) -> News:
        """What came since the last pull; a feed that cannot be read is tried again at the next one."""
        try:
            subscription = self._subscribed()
            if subscription is None:
                return NO_NEWS
            events = subscription.drain()
            turns: dict[str, list[Turn]] = {}
            for turn in [event.turn for event in events if event.kind is EventKind.TURN]:
                if turn is not None:
                    turns.setdefault(turn.actor.name, []).append(turn)
            others = len(events) - sum(map(len, turns.values()))
            return News(turns, others, self._dropped_before + subscription.dropped)
        except SpawnError:  # the sources meet the same error and show it
            self.pause()
            return NO_NEWS

    def pause(self) -> None:
        """Unsubscribe; the next `pull` subscribes again."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            self._dropped_before += subscription.dropped
            subscription.close()

    def _subscribed(self) -> Subscription | None:
        if self._subscription is None and Capability.WATCH in self.system.capabilities:
            self._subscription = self.system.subscribe(limit=_LIMIT)
        return self._subscription
