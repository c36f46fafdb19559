"""A hold on one actor: where its messages stop, and the one that may pass all the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import msgspec

from runtime.engine.activation import Activation
from runtime.ids import ActorId
from runtime.records import Invocation, Phase

Condition = Callable[[Invocation], bool]

_LOOKED_AT = 256


class Hold(msgspec.Struct, eq=False):
    """Kept by actor, not by activation: it outlives a deactivation, and also holds an actor that is not in memory yet."""

    actor: ActorId
    when: Condition | None
    """The message at which the actor stops; None stops it at every one."""
    is_stopped: bool
    """Nothing runs but what is let through by hand; else messages run until one meets the condition."""
    passing: str = ""
    """The first message's id, when it may run: it was let through, or does not meet the condition."""
    trouble: str = ""
    """What the condition raised; a message that it cannot judge stops."""


def pinned(activation: Activation) -> int:
    """How many of the first messages cannot be touched: `init`, and the one that the store or a condition is asked about."""
    first = sum(1 for envelope in activation.mailbox or () if envelope.is_init)
    is_asking = activation.phase is Phase.RUNNING and activation.running is None
    return max(first, int(is_asking))


def has_own_call(activation: Activation, action: str) -> bool:
    """Whether the actor's call of its own action (a timer's) waits already, among the last that came."""
    return any(
        each.invocation.action == action and each.invocation.caller == activation.id
        for each in islice(reversed(activation.mailbox or ()), _LOOKED_AT)
    )
