"""What an action may return beside a plain value: `Value` and the workflow that goes with it.

`Value.of().state(…).response(…)` with `.effect() .broadcast() .pipe() .forward() .tags() .checkpoint()` is the form every
Spawn SDK has.  These are descriptions: nothing is sent before the turn has succeeded (docs/protocols.md, "Workflow order").

They are checked when the action has returned.  What cannot be recorded (a tag that is a number, a channel that is no text, a
delay of more than 100 years, a time after the year 9999) fails that turn with the field named, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import msgspec

UNSET: Any = type("Unset", (), {"__repr__": lambda self: "UNSET", "__slots__": ()})()


class Broadcast(msgspec.Struct, frozen=True):
    """A message to all actors that subscribed to a channel."""

    channel: str
    payload: Any = None

    @classmethod
    def to(cls, channel: str, payload: Any = None) -> Broadcast:
        return cls(channel, payload)


class SideEffect(msgspec.Struct, frozen=True):
    """An invocation started after the turn; its result is not used."""

    actor: str
    action: str
    payload: Any = None
    parent: str = ""
    delay: float | str | None = None
    scheduled_to: datetime | None = None
    metadata: Mapping[str, str] = {}

    @classmethod
    def to(cls, actor: str, action: str, payload: Any = None, **options: Any) -> SideEffect:
        """Options: `parent`, `delay` (seconds from 0 to 100 years, or text such as `"10s"`), `scheduled_to` (an aware datetime, up
        to the year 9999), `metadata` (text by name)."""
        return cls(actor, action, payload, **options)


class Pipe(msgspec.Struct, frozen=True):
    """Hand this action's response to another actor, whose answer the caller gets."""

    actor: str
    action: str
    parent: str = ""

    @classmethod
    def to(cls, actor: str, action: str, *, parent: str = "") -> Pipe:
        return cls(actor, action, parent)


class Forward(msgspec.Struct, frozen=True):
    """Hand the original payload to another actor, whose answer the caller gets; this response is dropped."""

    actor: str
    action: str
    parent: str = ""

    @classmethod
    def to(cls, actor: str, action: str, *, parent: str = "") -> Forward:
        return cls(actor, action, parent)


class Value:
    """An action's result with everything that goes with it; each method returns the value itself."""

    __slots__ = ("checkpointed", "effects", "new_state", "new_tags", "payload", "publication", "route")

    def __init__(self) -> None:
        self.payload: Any = None
        self.new_state: Any = UNSET
        self.new_tags: Mapping[str, str] | None = None
        self.effects: list[SideEffect] = []
        self.publication: Broadcast | None = None
        self.route: Pipe | Forward | None = None
        self.checkpointed = False

    @classmethod
    def of(cls, response: Any = None, state: Any = UNSET) -> Self:
        value = cls()
        value.payload, value.new_state = response, state
        return value

    def response(self, response: Any) -> Self:
        """What the caller gets."""
        self.payload = response
        return self

    def state(self, state: Any) -> Self:
        """Replaces the whole state: a mapping of field names, or a message of the actor's `state_type`."""
        self.new_state = state
        return self

    def tags(self, tags: Mapping[str, str]) -> Self:
        """Replaces the actor's tags: a mapping of text to text."""
        self.new_tags = tags
        return self

    def effect(self, effect: SideEffect) -> Self:
        self.effects.append(effect)
        return self

    def broadcast(self, broadcast: Broadcast) -> Self:
        self.publication = broadcast
        return self

    def pipe(self, pipe: Pipe) -> Self:
        return self._routed(pipe)

    def forward(self, forward: Forward) -> Self:
        return self._routed(forward)

    def checkpoint(self) -> Self:
        """Have the state on disk, synced, before the caller is answered."""
        self.checkpointed = True
        return self

    def _routed(self, route: Pipe | Forward) -> Self:
        if self.route is not None:
            raise ValueError(
                "A value has one route: a pipe or a forward, once. Chain the next one in the target action."
            )
        self.route = route
        return self
