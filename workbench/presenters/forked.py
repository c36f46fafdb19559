"""A fork beside what really happened: its messages, and a table that compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from runtime.codecs.values import decode_value
from runtime.records import Turn
from runtime.replay.came import FAILURE, RESPONSE, Came, Shape, messages_of, parts_that_differ
from runtime.replay.fork import Step
from workbench.presenters.call_text import call_text
from workbench.presenters.sides import NOTHING, Side, message_text, outcome_text, sides, sides_text, state_sides
from workbench.presenters.wording import short_id
from workbench.redaction import redacted_text
from workbench.results import Rows
from workbench.tables import html_lines, html_table, local_time


class RecordedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the actor really got after the revision of a fork; may be sent to the fork with another payload."""

    turn: Turn
    payload: Any
    """Decoded, for `with_payload` to replace."""
    is_edited: bool = False

    @property
    def id(self) -> str:
        return str(self.turn.invocation)

    @property
    def action(self) -> str:
        return self.turn.action

    @property
    def revision(self) -> int:
        """At which it found the actor."""
        return self.turn.revision_before

    def with_payload(self, payload: Any = None, **fields: Any) -> RecordedMessage:
        """The same message with another payload, or with other fields in it."""
        if payload is None and isinstance(self.payload, dict):
            payload = {**self.payload, **fields}
        return msgspec.structs.replace(self, payload=payload, is_edited=True)

    def __repr__(self) -> str:
        return redacted_text(
            f"{call_text(self.action, self.payload)} at revision {self.revision}, id {short_id(self.id)}"
        )


class RecordedMessages(Rows[RecordedMessage]):
    """Messages after a fork's revision, as they really came."""

    __slots__ = ()
    columns = ("revision", "at", "message", "from", "id")
    empty = "No message is recorded after that revision."
    noun = "message"

    def row(self, record: RecordedMessage) -> dict[str, Any]:
        turn = record.turn
        return {
            "revision": record.revision, "at_us": turn.finished_us, "action": record.action, "payload": record.payload,
            "caller": turn.caller.name if turn.caller else "", "id": record.id,
        }  # fmt: skip

    def cells(self, record: RecordedMessage) -> Sequence[object]:
        turn = record.turn
        message, caller = call_text(record.action, record.payload, 60), turn.caller.name if turn.caller else ""
        return record.revision, local_time(turn.finished_us), message, caller, short_id(record.id)


def recorded_message(turn: Turn) -> RecordedMessage:
    return RecordedMessage(turn=turn, payload=decode_value(turn.payload))


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One message in a fork, beside what really came of it."""

    action: str
    payload: Any
    what: str
    """`same`, `differs`, `left out` or `new`; `edited` and `moved` may stand before `same` and `differs`."""
    really: str
    forked: str
    sides: tuple[Side, ...] = ()
    """Every place at which the two differ: state, response, failure, messages sent, tags."""
    id: str


class ForkDiff(Rows[Compared]):
    """A fork's messages beside what really happened, and the two states at the end."""

    columns = ("message", "is", "really", "in the fork", "and, really → in the fork")
    empty = "Nothing has happened in the fork yet."
    noun = "message"
    really: Any = None
    """The state that the recorded messages led to."""
    forked: Any = None
    """The state of the fork."""

    def row(self, record: Compared) -> dict[str, Any]:
        return {
            "action": record.action, "payload": record.payload, "what": record.what, "really": record.really,
            "forked": record.forked, "differences": [[e.place, e.one, e.other] for e in record.sides], "id": record.id,
        }  # fmt: skip

    def cells(self, record: Compared) -> Sequence[object]:
        beside = [each for each in record.sides if not each.place.startswith((RESPONSE, FAILURE))]
        message = call_text(record.action, record.payload, 48)
        return message, record.what, record.really, record.forked, sides_text(beside)

    @property
    def state(self) -> tuple[Side, ...]:
        """Every place at which the two states differ: really, and in the fork."""
        return state_sides(self.really, self.forked)

    def __repr__(self) -> str:
        return redacted_text(f"{super().__repr__()}\n{self._at_the_end()}")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        shown = html_table(self.columns, self._lines(), self._rest()) if self else html_lines(self.empty)
        return {"text/plain": repr(self), "text/html": shown + html_lines(self._at_the_end())}

    def _at_the_end(self) -> str:
        lines = [f"  {each.place}: {each.one} → {each.other}" for each in self.state]
        return (
            "\n".join(["In the end, really → in the fork:", *lines]) if lines else "In the end both states are equal."
        )


def compared(
    real: Sequence[tuple[Turn, Came]],
    steps: Sequence[tuple[Step, RecordedMessage | None]],
    shape: Shape,
    *,
    is_replayed: bool,
) -> list[Compared]:
    """What happened in a fork, in its order; of a replay, what was left out stands where it would have come."""
    position = {turn.invocation: number for number, (turn, _) in enumerate(real)}
    numbers = [None if message is None else position.get(message.turn.invocation) for _, message in steps]
    used = [number for number in numbers if number is not None]
    left_out = sorted(set(position.values()) - set(used)) if is_replayed else []
    rows: list[Compared] = []
    highest = -1
    for (step, message), number in zip(steps, numbers, strict=True):
        while left_out and number is not None and left_out[0] < number:
            rows.append(_left_out(*real[left_out.pop(0)]))
        rows.append(_row(step, message, real[number][1] if number is not None else None, shape, number, highest))
        highest = max(highest, number if number is not None else highest)
    return rows + [_left_out(*real[number]) for number in left_out]


def _row(
    step: Step, message: RecordedMessage | None, really: Came | None, shape: Shape, number: int | None, highest: int
) -> Compared:
    turn, came = step.turn, step.came
    parts = parts_that_differ(really, came, shape) if really is not None else ()
    how = [] if message is None or not message.is_edited else ["edited"]
    how += ["moved"] if number is not None and number < highest else []
    how.append("new" if message is None else "differs" if parts else "same")
    return Compared(
        action=turn.action,
        payload=decode_value(turn.payload),
        what=", ".join(how),
        really=outcome_text(really) if really is not None else NOTHING,
        forked=outcome_text(came),
        sides=sides(really, came, parts) if really is not None else (),
        id=str(turn.invocation),
    )


def _left_out(turn: Turn, came: Came) -> Compared:
    return Compared(
        action=turn.action,
        payload=decode_value(turn.payload),
        what="left out",
        really=outcome_text(came),
        forked=NOTHING,
        id=str(turn.invocation),
    )


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a fork would have sent; it went nowhere."""

    text: str
    how: str
    to: str
    action: str
    payload: Any
    during: str
    """The call in which it was sent."""


class SentMessages(Rows[Sent]):
    """What a fork would have sent, in order."""

    __slots__ = ()
    columns = ("during", "sends")
    empty = "It has sent nothing."
    noun = "message"

    def cells(self, record: Sent) -> Sequence[object]:
        return record.during, record.text


def sent_messages(turns: Iterable[Turn]) -> SentMessages:
    """What these turns sent, decoded."""
    return SentMessages(
        Sent(
            text=message_text(each), how=each.how, to=each.to, action=each.action, payload=decode_value(each.payload),
            during=call_text(turn.action, decode_value(turn.payload), 60),
        )
        for turn in turns
        for each in messages_of(turn)
    )  # fmt: skip
