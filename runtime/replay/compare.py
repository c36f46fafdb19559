"""What came of a turn, and in which parts two runs of it differ.

Times, ids and sequence numbers are no part of it: they belong to the run, not to what it led to.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from runtime.errors import ActionFailed, BadState
from runtime.ids import ActorId
from runtime.records import CURSOR_TAG, Encoded, Failure, State, Turn
from runtime.replay.sandbox import Position, is_same_value
from runtime.wire.codecs.base import StateCodec

STATE, TAGS, RESPONSE, FAILURE, SENDS = PARTS = ("state", "tags", "response", "failure", "sends")
"""The parts of an outcome, in the order in which they are compared."""


class Message(msgspec.Struct, frozen=True, array_like=True):
    """Something that a turn sent."""

    how: str
    """`asks`, `tells`, `effect`, `broadcast`, `pipe` or `forward`."""
    to: str
    """The actor; for a broadcast the channel."""
    action: str = ""
    payload: Encoded | None = None
    delay_ms: int = 0


class TurnOutcome(msgspec.Struct, frozen=True, array_like=True):
    """What one turn led to."""

    state: Encoded | None = None
    """The state that it left, in the shape of the code that is compared."""
    tags: dict[str, str] = {}
    response: Encoded | None = None
    failure: Failure | None = None
    sends: tuple[Message, ...] = ()


def outcome_of(turn: Turn, after: Position, shape: Shape) -> TurnOutcome:
    """What a recorded turn led to; `after` is where it left the actor."""
    return TurnOutcome(shape.of(after), _tags(after.tags), turn.response, turn.failure, messages_of(turn))


class Shape:
    """Reads states as one definition has them, so that those of an earlier version can be compared."""

    def __init__(self, definition: str, codec: StateCodec) -> None:
        self._definition, self._codec = definition, codec

    def of(self, at: Position) -> Encoded | None:
        """The state in this shape; as it was written where it does not fit."""
        if at.state is None:
            return self._codec.initial_state.value
        if at.definition == self._definition:
            return at.state.value
        try:
            sealed, _ = self._codec.seal(self._codec.migrate(at.state)[0], None)
        except BadState:
            return at.state.value
        return sealed.value if sealed is not None else self._codec.initial_state.value

    def is_same(self, one: Encoded | None, other: Encoded | None) -> bool:
        """Whether two states are equal as the code sees them: a set has no order, though its JSON has one."""
        if one == other:
            return True
        if one is None or other is None:
            return False
        try:
            return self._codec.restore(State(one)) == self._codec.restore(State(other))
        except BadState:
            return False


class SameState(Protocol):
    """Says whether two states mean the same."""

    def is_same(self, one: Encoded | None, other: Encoded | None) -> bool: ...


class AsWritten:
    """Compares states as they are recorded, where their code is not at hand."""

    @staticmethod
    def is_same(one: Encoded | None, other: Encoded | None) -> bool:
        """Whether two states are equal as values."""
        return is_same_value(one, other)


def outcome_as_written(turn: Turn, after: Position) -> TurnOutcome:
    """`outcome_of` with the state as it was recorded."""
    state = None if after.state is None else after.state.value
    return TurnOutcome(state, _tags(after.tags), turn.response, turn.failure, messages_of(turn))


def parts_that_differ(one: TurnOutcome, other: TurnOutcome, shape: SameState) -> tuple[str, ...]:
    """Which of `PARTS` are not the same."""
    same = (
        shape.is_same(one.state, other.state),
        one.tags == other.tags,
        is_same_value(one.response, other.response),
        _failed_alike(one.failure, other.failure),
        _sent_alike(one.sends, other.sends),
    )
    return tuple(part for part, is_same in zip(PARTS, same, strict=True) if not is_same)


def messages_of(turn: Turn) -> tuple[Message, ...]:
    """What a turn sent: questions first, in an order of their own, since answers may arrive in any."""
    own = turn.actor.system
    asked = [Message("asks", _to(e.actor, own), e.action, e.payload) for e in turn.sent if e.asked]
    told = [Message("tells", _to(e.actor, own), e.action, e.payload) for e in turn.sent if not e.asked]
    return (*sorted(asked, key=_order), *told, *_workflow(turn))


def _workflow(turn: Turn) -> list[Message]:
    flow = turn.workflow
    if flow is None:
        return []
    sent = [Message("effect", e.actor, e.action, e.payload, e.delay_ms) for e in flow.effects]
    if flow.broadcast is not None:
        sent.append(Message("broadcast", flow.broadcast.channel, "", flow.broadcast.payload))
    sent += [Message("pipe", flow.pipe.actor, flow.pipe.action)] if flow.pipe is not None else []
    return sent + ([Message("forward", flow.forward.actor, flow.forward.action)] if flow.forward is not None else [])


def _to(actor: ActorId, own: str) -> str:
    return actor.name if actor.system == own else f"{actor.system}/{actor.name}"


def _order(message: Message) -> tuple[str, str, bytes]:
    return message.to, message.action, message.payload.data if message.payload is not None else b""


def _sent_alike(one: tuple[Message, ...], other: tuple[Message, ...]) -> bool:
    return len(one) == len(other) and all(map(_is_same_message, one, other))


def _is_same_message(one: Message, other: Message) -> bool:
    alike = (one.how, one.to, one.action, one.delay_ms) == (other.how, other.to, other.action, other.delay_ms)
    return alike and is_same_value(one.payload, other.payload)


def _failed_alike(one: Failure | None, other: Failure | None) -> bool:
    if one is None or other is None:
        return one is other
    if one.code != ActionFailed.code:
        return one.code == other.code
    return (one.code, one.type_name, one.text) == (other.code, other.type_name, other.text)


def _tags(tags: dict[str, str]) -> dict[str, str]:
    """Without the cursor of a projection, which is the runtime's own."""
    return {name: text for name, text in tags.items() if name != CURSOR_TAG}
