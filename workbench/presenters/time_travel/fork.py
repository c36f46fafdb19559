"""A fork beside what really happened: its messages, and a table that compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from runtime.records import Turn
from runtime.replay.compare import FAILURE, RESPONSE, Shape, TurnOutcome, messages_of, parts_that_differ
from runtime.replay.fork import Step
from runtime.wire.codecs.values import decode_value
from workbench.presenters.availability import is_available
from workbench.presenters.messages import call_text
from workbench.presenters.time_travel.replay import (
    NOTHING,
    Side,
    message_text,
    outcome_text,
    sides,
    sides_text,
    state_sides,
)
from workbench.redaction import redacted, redacted_text
from workbench.render.formats import plural, short_hash, short_id
from workbench.render.html import FRAME, Markup, bundle, code, element, muted
from workbench.render.parted_lines import Kind, PartedLines, Stretch, lines_svg, lines_text
from workbench.render.tables import html_lines, html_table, local_time
from workbench.render.values import one_line, outline
from workbench.results import Rows


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
    revision: int
    """At which it found the actor: the real one, or the fork if it is new there."""

    @property
    def kind(self) -> Kind:
        """How it runs on the two lines."""
        by_word = {"same": Kind.SAME, "differs": Kind.DIFFERS, "left out": Kind.ONE, "new": Kind.OTHER}
        return by_word[self.what.rpartition(", ")[2]]


class ForkDiff(Rows[Compared]):
    """A fork's messages beside what really happened, drawn as two lines, and the two states at the end."""

    columns = ("message", "is", "really", "in the fork", "and, really → in the fork")
    empty = "Nothing has happened in the fork yet."
    noun = "message"
    really: Any = None
    """The state that the recorded messages led to."""
    forked: Any = None
    """The state of the fork."""
    start: str = ""
    """Where both begin."""
    name: str = ""
    """What the fork is called."""
    beside: str = "really"
    """What it is compared with: what really happened, or another fork."""

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
        picture = [lines_text(self.picture), ""] if self else []
        return redacted_text("\n".join([*picture, super().__repr__(), self._at_the_end()]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        shown = html_table(self.columns, self._lines(), self._rest()) if self else html_lines(self.empty)
        picture = lines_svg(self.picture) if self else ""
        return bundle(repr(self), element("div", Markup(picture + shown + html_lines(self._at_the_end())), style=FRAME))

    @property
    def picture(self) -> PartedLines:
        """What really happened and what happened in the fork, as lines that part."""
        first = next((each for each in self if each.kind is not Kind.SAME), None)
        mark = "" if first is None else f"first difference: {_first_text(first)}"
        really, forked = (one_line(outline(redacted(state)), 60) for state in (self.really, self.forked))
        return PartedLines(
            stretches=tuple(Stretch(each.kind) for each in self),
            title=f"What happened {self.beside} and what happened in the fork. {mark}".strip(),
            start=self.start,
            ends=(f"{self.beside}: {really}", f"{self.name or 'in the fork'}: {forked}"),
            mark=mark,
        )

    def _at_the_end(self) -> str:
        lines = [f"  {each.place}: {each.one} → {each.other}" for each in self.state]
        return (
            "\n".join(["In the end, really → in the fork:", *lines]) if lines else "In the end both states are equal."
        )


def _first_text(row: Compared) -> str:
    message = f"{call_text(row.action, row.payload, 48)} at revision {row.revision}"
    if row.kind is not Kind.DIFFERS:
        return f"{message}, {'left out' if row.kind is Kind.ONE else 'which really never came'}"
    return f"{message}: {sides_text(row.sides[:1])}" if row.sides else message


def compared(
    real: Sequence[tuple[Turn, TurnOutcome]],
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
    step: Step,
    message: RecordedMessage | None,
    really: TurnOutcome | None,
    shape: Shape,
    number: int | None,
    highest: int,
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
        revision=turn.revision_before if message is None else message.revision,
    )


def _left_out(turn: Turn, came: TurnOutcome) -> Compared:
    return Compared(
        action=turn.action,
        payload=decode_value(turn.payload),
        what="left out",
        really=outcome_text(came),
        forked=NOTHING,
        id=str(turn.invocation),
        revision=turn.revision_before,
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


# --- How a fork shows itself: where it began, where it stands, and what really happened beside it ---------------------

_MOST_SENT = 5


class Shown(Protocol):
    """What is shown of a fork."""

    name: str

    @property
    def actor(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def restorable(self) -> int | None: ...
    @property
    def code(self) -> str: ...
    @property
    def state(self) -> Any: ...
    @property
    def messages(self) -> RecordedMessages: ...
    @property
    def has_more_messages(self) -> bool: ...
    @property
    def sent(self) -> SentMessages: ...


def fork_text(fork: Shown, diff: ForkDiff | None) -> str:
    """For a terminal."""
    lines = [_headline(fork), *(f"  {name:<6} {text}" for name, text in _facts(fork))]
    return "\n".join([*lines, *([repr(diff)] if diff is not None else []), _next(fork)])


def fork_bundle(fork: Shown, diff: ForkDiff | None) -> dict[str, str]:
    """For a notebook."""
    parts = [element("strong", _headline(fork))]
    parts += [element("div", f"{name} ", code(text)) for name, text in _facts(fork)]
    if diff is not None:
        parts.append(Markup(diff._repr_mimebundle_()["text/html"]))
    html = element("div", *parts, element("div", muted(_next(fork))), style=FRAME)
    return bundle(fork_text(fork, diff), html)


def _headline(fork: Shown) -> str:
    called = f"{fork.name}: a fork" if fork.name else "A fork"
    more = "more than " if fork.has_more_messages else ""
    count = len(fork.messages)
    follow = f"{more}{plural(count, 'recorded message')} came after it" if count else "no message is recorded after it"
    return f"{called} of {fork.origin}, with code {short_hash(fork.code)}; {follow}."


def _facts(fork: Shown) -> Iterator[tuple[str, str]]:
    yield "state", one_line(outline(redacted(fork.state)))
    sent = fork.sent
    for each in sent[:_MOST_SENT]:
        yield "sends", each.text
    if len(sent) > _MOST_SENT:
        yield "", f"… and {plural(len(sent) - _MOST_SENT, 'message')} more: see `.sent`"


def _next(fork: Shown) -> str:
    untouched = f"{fork.actor} itself is untouched"
    if not is_available("restore") or fork.restorable is None:
        return f"{untouched}."
    return f"{untouched}; to have it go on from there: %restore {fork.actor} {fork.restorable}"
