"""Idempotency keys: the same key on the same actor is executed once (design §11).

A failure does not use a key up.  While a keyed call runs, the same key waits behind it in the mailbox.  A used key with
another action or payload is an error.  Keys are kept as long as the journal; those of an actor at `durability="snapshot"`,
which has no journal, as long as it is active.
"""

from __future__ import annotations

from runtime.engine.activation import Activation
from runtime.engine.replies import failed
from runtime.errors import KeyConflict, TurnQuarantined
from runtime.records import Invocation, Reply, Turn


def repeated(invocation: Invocation, turn: Turn) -> Reply:
    """The recorded answer, or a conflict; the failure where the record of that turn is not whole."""
    if turn.failure is not None and turn.failure.code == TurnQuarantined.code:
        return Reply(invocation.id, None, turn.failure, repeated=True)
    if turn.action != invocation.action or turn.payload != invocation.payload:
        return failed(invocation.id, KeyConflict(invocation.actor.name, invocation.key))
    return Reply(invocation.id, turn.response, repeated=True)


def remember(activation: Activation, turn: Turn) -> None:
    """Keep a key of a turn that no journal records."""
    if turn.key and turn.failure is None:
        if activation.keys is None:
            activation.keys = {}
        activation.keys[turn.key] = turn


def remembered(activation: Activation, key: str) -> Turn | None:
    return activation.keys.get(key) if activation.keys is not None else None
