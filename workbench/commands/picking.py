"""Which of the recorded messages after a fork's revision are meant, and how they are edited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from runtime.errors import Mistake, nearest
from workbench.presenters.forked import RecordedMessage, RecordedMessages
from workbench.presenters.wording import short_id

Which = str | RecordedMessage | Callable[[RecordedMessage], object]
"""A recorded message by its id or the end of it, itself, or every one for which a function says yes."""

Edits = Mapping[str, Any] | Callable[[RecordedMessage], Any]
"""Other payloads by id or the end of it, or a function that gives one, or None for the recorded one."""


class NoSuchMessage(Mistake):
    """No recorded message after the fork's revision has that id."""

    code = "no_such_message"


def without(
    known: RecordedMessages, messages: Iterable[RecordedMessage], which: Which | Sequence[Which]
) -> list[RecordedMessage]:
    """`messages` but for those.

    Raises:
        NoSuchMessage: an id is not among the known ones.
    """
    several = [which] if isinstance(which, (str, RecordedMessage)) or callable(which) else list(which)
    gone = {each.id for one in several for each in _picked(known, one)}
    return [each for each in messages if each.id not in gone]


def edited(known: RecordedMessages, messages: Iterable[RecordedMessage], edits: Edits) -> list[RecordedMessage]:
    """`messages`, those of `edits` with another payload.

    Raises:
        NoSuchMessage: an id is not among the known ones.
    """
    payload_of = edits if callable(edits) else _by_id(known, edits)
    return [_with(each, payload_of(each)) for each in messages]


def _picked(known: RecordedMessages, which: Which) -> list[RecordedMessage]:
    if isinstance(which, RecordedMessage):
        return [which]
    if callable(which):
        return [each for each in known if which(each)]
    found = [each for each in known if which and each.id.endswith(which)]
    if len(found) != 1:
        what = "more than one recorded message ends with" if found else "no recorded message has"
        ids = [short_id(each.id) for each in known]
        raise NoSuchMessage(f"After the fork's revision {what} the id {which!r}. {nearest(which, ids, kind='message')}")
    return found


def _by_id(known: RecordedMessages, edits: Mapping[str, Any]) -> Callable[[RecordedMessage], Any]:
    by_id = {_picked(known, which)[0].id: payload for which, payload in edits.items()}
    return lambda message: by_id.get(message.id)


def _with(message: RecordedMessage, payload: Any) -> RecordedMessage:
    return message if payload is None else message.with_payload(payload)
