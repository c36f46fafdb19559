"""What the engine asks of its driver.

`Step`s come from `Engine.take`: one unit of work for a worker.  The others come back from events; a driver carries them out
in order, outside its lock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from runtime.engine.activation import Activation, Envelope
from runtime.hosts.base import Host
from runtime.ids import ActorId
from runtime.records import Invocation, Reply, Work


class Run(Work, kw_only=True):
    """Have the host run this turn, then call `Engine.finish`.  It is the `Work` itself, with who runs it and for whom."""

    host: Host
    holder: Activation
    envelope: Envelope
    timeout_ms: int = 0
    """How long the turn may take, which the driver sees to; 0 for as long as it takes."""


class Load(msgspec.Struct, frozen=True):
    """Read the actor from the store, then call `Engine.loaded` or `Engine.load_failed`."""

    actor: ActorId


class FindKey(msgspec.Struct, frozen=True):
    """Look the idempotency key up in the store, then call `Engine.key_looked_up` or `Engine.load_failed`."""

    activation: ActorId
    """Who asks: the actor itself, or a member of the pool `actor`."""
    actor: ActorId
    key: str


class Judge(msgspec.Struct, frozen=True):
    """Ask the condition of a hold about the actor's first message, outside the lock, then call `Holds.judged`."""

    activation: ActorId
    invocation: Invocation
    when: Callable[[Invocation], bool]


Step = Run | Load | FindKey | Judge


class Answer(msgspec.Struct, frozen=True):
    """Give the reply to the one who waits."""

    waiter: Any
    reply: Reply


class Forget(msgspec.Struct, frozen=True):
    """The actor left memory: the host may drop what it caches."""

    actor: ActorId
    host: Host


class Elsewhere(msgspec.Struct, frozen=True):
    """The message is for another actor system: hand it to that one, which answers the waiter."""

    invocation: Invocation
    waiter: Any


Command = Answer | Forget | Elsewhere
