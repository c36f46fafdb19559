"""What happened, for those who watch: the only way up (docs/architecture.md, "The life of one invocation")."""

from __future__ import annotations

from collections import deque

from runtime.records import DeadLetter, Event, EventKind

DEAD_LETTERS = 200


class FeedSubscription:
    """The last events that one watcher has not read yet.

    Publishing never waits: a full subscription drops its oldest event and counts it.  `drain` may be called by any thread.
    """

    __slots__ = ("_feed", "dropped", "events", "limit")

    def __init__(self, feed: Feed, limit: int) -> None:
        self._feed = feed
        self.events: deque[Event] = deque(maxlen=limit)
        self.limit = limit
        self.dropped = 0

    def drain(self) -> list[Event]:
        drained: list[Event] = []
        take = self.events.popleft
        try:
            while True:
                drained.append(take())
        except IndexError:
            return drained

    def close(self) -> None:
        self._feed.leave(self)


class Feed:
    """All subscriptions of one engine."""

    __slots__ = ("_subscriptions", "is_watched", "kept_letters", "recent_letters")

    def __init__(self) -> None:
        self.recent_letters: dict[str, DeadLetter] = {}
        """By id, the last messages that could not be delivered, in memory, whether anyone watches or not."""
        self.kept_letters: dict[str, DeadLetter] = {}
        """By id, those that the store keeps: all of them, until they are sent again or discarded."""
        # Replaced, never changed in place: publishing iterates it without a lock.
        self._subscriptions: tuple[FeedSubscription, ...] = ()
        self.is_watched = False

    @property
    def dropped(self) -> int:
        return sum(each.dropped for each in self._subscriptions)

    def join(self, limit: int) -> FeedSubscription:
        subscription = FeedSubscription(self, limit)
        self._subscriptions = (*self._subscriptions, subscription)
        self.is_watched = True
        return subscription

    def leave(self, subscription: FeedSubscription) -> None:
        self._subscriptions = tuple(each for each in self._subscriptions if each is not subscription)
        self.is_watched = bool(self._subscriptions)

    def undelivered_letters(self) -> list[DeadLetter]:
        """Both kinds together, oldest first."""
        both = [*self.kept_letters.values(), *self.recent_letters.values()]
        return sorted(both, key=lambda letter: letter.at_us)

    def letter(self, invocation: str) -> DeadLetter | None:
        """The one of that id."""
        return self.kept_letters.get(invocation) or self.recent_letters.get(invocation)

    def forget_letter(self, invocation: str) -> None:
        """It was processed, or is given up for good."""
        self.kept_letters.pop(invocation, None)
        self.recent_letters.pop(invocation, None)

    def undelivered(self, letter: DeadLetter) -> None:
        """Keep a message that could not be delivered, and tell of it."""
        if letter.kept:
            self.kept_letters[letter.invocation.id] = letter
        else:
            self.recent_letters[letter.invocation.id] = letter
            if len(self.recent_letters) > DEAD_LETTERS:
                del self.recent_letters[next(iter(self.recent_letters))]
        text = f"{letter.invocation.action}: {letter.why}"
        self.publish(Event(EventKind.UNDELIVERED, letter.at_us, letter.invocation.actor, text=text))

    def publish(self, event: Event) -> None:
        for each in self._subscriptions:
            if len(each.events) == each.limit:
                each.dropped += 1
            each.events.append(event)
