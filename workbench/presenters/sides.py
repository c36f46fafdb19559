"""Two outcomes of one message, place by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from runtime.codecs.values import decode_value
from runtime.records import Encoded, Failure
from runtime.replay.came import FAILURE, RESPONSE, SENDS, STATE, TAGS, Came, Message
from workbench.presenters.call_text import call_text
from workbench.presenters.state_changes import changes
from workbench.presenters.values import one_line, outline
from workbench.presenters.wording import shortened
from workbench.redaction import redacted

NOTHING = "–"


class Side(msgspec.Struct, frozen=True):
    """One place at which two outcomes differ."""

    place: str
    """`state.total`, `response`, `sends[0]`, `failure`, `tags.last`."""
    one: str
    other: str


def sides(one: Came, other: Came, parts: Iterable[str]) -> tuple[Side, ...]:
    """Every place in these parts at which the two differ, without secrets; what fits on one line of each."""
    hidden = RESPONSE if FAILURE in parts else ""  # one that failed has none
    return tuple(side for part in parts if part != hidden for side in _sides(part, one, other))


def state_sides(one: Any, other: Any) -> tuple[Side, ...]:
    """The same for two decoded states."""
    return tuple(_values(STATE, one, other)) if one != other else ()


def sides_text(found: Iterable[Side]) -> str:
    """`state.total: 5 → 10; response: 5 → 10`."""
    return "; ".join(f"{each.place}: {each.one} → {each.other}" for each in found)


def _sides(part: str, one: Came, other: Came) -> Iterator[Side]:
    if part == STATE:
        yield from _values(part, decoded(one.state), decoded(other.state))
    elif part == RESPONSE:
        yield from _values(part, decoded(one.response), decoded(other.response))
    elif part == TAGS:
        yield from _values(part, one.tags, other.tags)
    elif part == FAILURE:
        yield Side(part, failure_text(one.failure), failure_text(other.failure))
    elif part == SENDS:
        yield from _messages(one.sends, other.sends)


def _values(part: str, one: Any, other: Any) -> Iterator[Side]:
    found = False
    for change in changes(redacted(one), redacted(other)):
        found = True
        yield Side(_place(part, change.place), change.before or NOTHING, change.after or NOTHING)
    if not found:  # beyond what is shown of it, or hidden
        yield Side(part, one_line(outline(redacted(one))), "differs beyond what is shown")


def _place(part: str, place: str) -> str:
    return f"{part}{'' if not place or place.startswith('[') else '.'}{place}"


def _messages(one: tuple[Message, ...], other: tuple[Message, ...]) -> Iterator[Side]:
    for index in range(max(len(one), len(other))):
        texts = [message_text(each[index]) if index < len(each) else NOTHING for each in (one, other)]
        if texts[0] != texts[1]:
            yield Side(f"sends[{index}]", *texts)


def message_text(message: Message) -> str:
    """`asks prices.of(item="tea")`, `broadcast news: 1`."""
    payload = decoded(message.payload)
    if message.how == "broadcast":
        return f"broadcast {message.to}: {one_line(outline(redacted(payload)))}"
    later = f" after {message.delay_ms / 1_000:g} s" if message.delay_ms else ""
    return f"{message.how} {message.to}.{call_text(message.action, payload)}{later}"


def outcome_text(came: Came) -> str:
    """`→ 5`, or what it failed with."""
    if came.failure is not None:
        return failure_text(came.failure)
    return f"→ {one_line(outline(redacted(decoded(came.response))), 60)}"


def failure_text(failure: Failure | None) -> str:
    """Class and text of what went wrong, one line."""
    if failure is None:
        return "succeeds"
    if failure.type_name:
        return shortened(f"{failure.type_name}: {failure.text}" if failure.text else failure.type_name, 160)
    return shortened(failure.message.partition("\n")[0], 160)


def decoded(value: Encoded | None) -> Any:
    """The value; None for none."""
    return decode_value(value)
