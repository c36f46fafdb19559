"""What may become part of a turn's record: the one place that all outcomes pass, whichever host gave them.

A host runs code of a user or of another process, so what it gives back may be anything.  The engine admits it before the turn
has a number: an outcome that could not be written, or not be read back, is a failure of its turn and of nothing else, with the
field named.

Proved by type, not by a trial encoding: a text of exactly `str` that UTF-8 can hold, a number within its range and bytes are
what msgpack, JSON, protobuf and SQL write and read back, and so is a record made of them.  States and responses have proved it
already: their codecs made the bytes.  To write every turn and read it back here would cost about 8 % of a turn; this costs
0.1 µs for a turn that leaves tags, workflow and messages alone, and 0.3 to 0.5 µs for one that does not.

Nothing here calls a user's code: no comparison, no hash, no `repr` of anything but numbers, text and bytes.  So the engine may
call it under a lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from runtime.errors import BadResponse, SpawnError, shown, shown_text, type_name
from runtime.fields import LATEST_US, LONGEST_S, recordable
from runtime.records import (
    Effect,
    Encoded,
    Failure,
    Invocation,
    Outcome,
    Publication,
    Route,
    State,
    Workflow,
)

_PLAIN = frozenset({int, float, bool, str, bytes, type(None)})
_LONGEST_CODE = 100


def admitted(outcome: Outcome, name: str) -> Outcome:
    """The outcome, if all of it can be recorded; else that of a failed turn, which says what cannot be.  Pure.

    Args:
        name: of the actor, for the message.
    """
    failure = outcome.failure
    if failure is not None:
        sound = sound_failure(failure)
        return outcome if sound is failure else msgspec.structs.replace(outcome, failure=sound)
    if _is_plainly_sound(outcome):
        return outcome
    flaw = next(_flaws(outcome), None)
    if flaw is None:
        return outcome
    error = BadResponse(f"{flaw}.\nThe turn was refused; the state of {name} is as it was before.")
    return Outcome(failure=Failure(error.code, str(error)), error=error, sent=outcome.sent)


def _is_plainly_sound(outcome: Outcome) -> bool:
    """The quick answer for what nearly all turns leave; what it does not vouch for is looked at closely."""
    tags = outcome.tags
    if outcome.workflow is not None or not (tags is None or _are_plain(tags)):
        return False
    return not outcome.told or all(map(_is_plain_message, outcome.told))


def _is_plain_message(told: Any) -> bool:
    return (
        type(told) is Invocation
        and type(told.actor.name) is type(told.action) is type(told.parent) is type(told.key) is str
        and (told.actor.name + told.action + told.parent + told.key + told.actor.system).isprintable()
        and (told.payload is None or (type(told.payload) is Encoded and type(told.payload.data) is bytes))
        and (not told.metadata or _are_plain(told.metadata))
        and 0 <= told.scheduled_to_us <= LATEST_US
    )


def _are_plain(texts: Any) -> bool:
    if type(texts) is not dict:
        return False
    for name, text in texts.items():
        if type(name) is not str or type(text) is not str or not (name.isascii() and text.isascii()):
            return False
    return True


def recordable_failure(error: SpawnError) -> Failure:
    """An error of this package's tree as a failure that can be recorded, whatever a subclass of it makes of code and text."""
    return Failure(_code(error), shown_text(error))


def _code(error: SpawnError) -> str:
    """The class's code; that of the nearest base class that has one where a user's subclass has something else."""
    for kind in type(error).__mro__:
        code = kind.__dict__.get("code")
        if type(code) is str and 0 < len(code) <= _LONGEST_CODE and code.isascii():
            return code
    return SpawnError.code


def sound_failure(failure: Failure) -> Failure:
    """The failure with texts that can be recorded; itself if they are."""
    if _is_sound(failure):
        return failure
    code = failure.code if type(failure.code) is str and failure.code.isascii() else SpawnError.code
    texts = (failure.message, failure.type_name, failure.text, failure.trace)
    return Failure(code, *(recordable(text) if issubclass(type(text), str) else _safely(text) for text in texts))


def _is_sound(failure: Failure) -> bool:
    texts = (failure.code, failure.message, failure.type_name, failure.text, failure.trace)
    return all(type(text) is str and (text.isascii() or _is_encodable(text)) for text in texts)


def _flaws(outcome: Outcome) -> Iterator[str]:
    if outcome.tags is not None:
        yield from _texts(outcome.tags, "tags")
    yield from _value(outcome.response, "response")
    if outcome.state is not None:
        yield from _state(outcome.state)
    if outcome.workflow is not None:
        yield from _workflow(outcome.workflow)
    for index, told in enumerate(outcome.told):
        yield from _told(told, f"told[{index}]")


def _state(state: Any) -> Iterator[str]:
    if type(state) is not State or type(state.value) is not Encoded:
        yield _wrong("state", state, "the state is an encoded value")
        return
    yield from _value(state.value, "state")
    if type(state.dropped_fields) is not bytes:
        yield _wrong("state.dropped_fields", state.dropped_fields, "it is bytes")


def _workflow(workflow: Any) -> Iterator[str]:
    if type(workflow) is not Workflow:
        yield _wrong("workflow", workflow, "it is a Workflow")
        return
    for index, effect in enumerate(workflow.effects):
        yield from _effect(effect, f"effects[{index}]")
    if workflow.broadcast is not None:
        yield from _publication(workflow.broadcast)
    for field, route in (("pipe", workflow.pipe), ("forward", workflow.forward)):
        if route is not None:
            yield from _route(route, field)


def _effect(effect: Any, field: str) -> Iterator[str]:
    if type(effect) is not Effect:
        yield _wrong(field, effect, "it is an Effect")
        return
    for name in ("actor", "action", "parent", "system"):
        yield from _name(getattr(effect, name), f"{field}.{name}")
    yield from _value(effect.payload, f"{field}.payload")
    yield from _texts(effect.metadata, f"{field}.metadata")
    yield from _number(effect.delay_ms, LONGEST_S * 1_000, f"{field}.delay_ms")
    yield from _number(effect.scheduled_to_us, LATEST_US, f"{field}.scheduled_to_us")
    if effect.caller is not None:
        yield from _name(effect.caller.name, f"{field}.caller")
        yield from _name(effect.caller.system, f"{field}.caller")


def _publication(publication: Any) -> Iterator[str]:
    if type(publication) is not Publication:
        yield _wrong("broadcast", publication, "it is a Publication")
        return
    yield from _name(publication.channel, "broadcast.channel")
    yield from _name(publication.action, "broadcast.action")
    yield from _value(publication.payload, "broadcast.payload")


def _route(route: Any, field: str) -> Iterator[str]:
    if type(route) is not Route:
        yield _wrong(field, route, "it is a Route")
        return
    for name in ("actor", "action", "parent"):
        yield from _name(getattr(route, name), f"{field}.{name}")


def _told(told: Any, field: str) -> Iterator[str]:
    if type(told) is not Invocation:
        yield _wrong(field, told, "it is an Invocation")
        return
    for name in ("action", "parent", "key", "id"):
        yield from _name(getattr(told, name), f"{field}.{name}")
    yield from _name(told.actor.name, f"{field}.actor")
    yield from _name(told.actor.system, f"{field}.system")
    yield from _value(told.payload, f"{field}.payload")
    yield from _texts(told.metadata, f"{field}.metadata")
    yield from _number(told.scheduled_to_us, LATEST_US, f"{field}.scheduled_to_us")


def _value(value: Any, field: str) -> Iterator[str]:
    if value is None:
        return
    if type(value) is not Encoded or type(value.data) is not bytes:
        yield _wrong(field, value, "it is an encoded value, or None")
        return
    yield from _name(value.type, f"{field}.type")


def _texts(texts: Any, field: str) -> Iterator[str]:
    verb = "is" if field.endswith("metadata") else "are"
    if type(texts) is not dict:
        yield _wrong(field, texts, f"{field} {verb} a dict of texts")
        return
    for name, text in texts.items():
        if type(name) is not str or not (name.isascii() or _is_encodable(name)):
            yield _wrong(f"a name in {field}", name, "names are text")
        elif type(text) is not str or not (text.isascii() or _is_encodable(text)):
            yield _wrong(f"{field}[{shown(name)}]", text, f"{field} {verb} text")


def _name(text: Any, field: str) -> Iterator[str]:
    if type(text) is not str or not (text.isprintable() or ("\0" not in text and _is_encodable(text))):
        yield _wrong(field, text, "it is text without NUL")


def _number(number: Any, most: int, field: str) -> Iterator[str]:
    if type(number) is not int or not 0 <= number <= most:
        yield _wrong(field, number, f"it is a whole number from 0 to {most:,}")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _wrong(field: str, value: Any, wanted: str) -> str:
    return f"{field} is {_safely(value)} ({type_name(value)}); {wanted}"


def _safely(value: Any) -> str:
    """`shown`, of what runs no code of a user to show itself."""
    return shown(value) if type(value) in _PLAIN else "an object"
