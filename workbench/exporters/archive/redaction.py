"""Removes values from what is recorded before it goes into an archive: they are replaced, not covered.

A value goes by the name of its field, at any depth: what has a secret's name, and what the user names.  Values travel: an address
in a message is in the next states under another name, in the message to another actor, in the text of an error.  So the past is
read twice: `learn` gathers the values, and `turn` takes them away wherever they stand.  What cannot be looked into goes whole.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from runtime.records import JSON, NOTHING, Encoded, Failure, Sent, State, StoredDefinition, Turn, Workflow
from runtime.wire.codecs.library_types import ARROW_BYTES
from runtime.wire.codecs.values import decode_value
from workbench.redaction import HIDDEN, SECRET_STEMS, always_hidden, is_secret, redacted_source, redacted_text

_SHORTEST = 4
"""Shorter values are not looked for elsewhere: too much is like them by chance."""
MOST_VALUES = 500_000
"""So many different values are looked for elsewhere; each takes about 200 bytes."""
_WORD = re.compile(r"\w+")
_WORDS = 3


class Values:
    """Texts that were removed, to be found again within others: by their first words, so that a million take no longer than ten."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._first: set[str] = set()
        self._by_words: dict[tuple[str, ...], list[str]] = {}
        self.is_full = False
        """There were more than `MOST_VALUES`."""

    def add(self, text: str) -> None:
        """One more; a short one, or one without a letter or digit, is left."""
        words = tuple(_WORD.findall(text)[:_WORDS])
        if len(text) < _SHORTEST or not words or text in self._texts:
            return
        if len(self._texts) >= MOST_VALUES:
            self.is_full = True
            return
        self._texts.add(text)
        self._first.add(words[0])
        self._by_words.setdefault(words, []).append(text)

    def may_be_in(self, text: str) -> bool:
        """Whether a text begins somewhere as one of them does."""
        return next(self._found(text), None) is not None

    def without(self, text: str) -> str:
        """A text in which they are replaced, the longest first."""
        for each in sorted({each for found in self._found(text) for each in found}, key=len, reverse=True):
            text = text.replace(each, HIDDEN)
        return text

    def __contains__(self, text: str) -> bool:
        return text in self._texts

    def _found(self, text: str) -> Iterator[list[str]]:
        words = _WORD.findall(text) if self._first else []
        if self._first.isdisjoint(words):
            return
        for index, word in enumerate(words):
            if word in self._first:
                for count in range(1, _WORDS + 1):
                    if (found := self._by_words.get(tuple(words[index : index + count]))) is not None:
                        yield found


class Remover:
    """Removes values from turns and states, by the names of their fields, and then wherever they stand.

    `learn` of all turns comes before `turn` of the first.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: what goes beside secrets; `*` stands for anything, case does not matter."""
        self._names = tuple(name.lower() for name in names)
        self._pattern = re.compile("|".join(fnmatch.translate(name) for name in self._names) or r"(?!)")
        self._hint = _Hint(self._names)
        self._known: dict[str, bool] = {}
        self.values = Values()
        self.opaque = 0
        """How many values went whole, since they cannot be looked into."""

    def goes(self, name: object) -> bool:
        """Whether the value of a field of that name is removed."""
        if not isinstance(name, str):
            return False
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = is_secret(name) or self._pattern.match(name.lower()) is not None
        return known

    # -- gather --------------------------------------------------------------------------------------------------------

    def learn(self, turn: Turn) -> None:
        """Note what is to be removed of a turn, so that it is found elsewhere, too."""
        flow = turn.workflow or Workflow()
        state = None if turn.state is None else turn.state.value
        cast = None if flow.broadcast is None else flow.broadcast.payload
        values = [turn.payload, turn.response, state, cast, *(effect.payload for effect in flow.effects)]
        values += [value for sent in turn.sent for value in (sent.payload, sent.reply)]
        for value in values:
            if value is not None:
                self._gather_value(value)
        if turn.state is not None and turn.state.dropped_fields:
            self._gather(msgspec.json.decode(turn.state.dropped_fields))
        for texts in (turn.metadata, turn.tags_before, turn.tags_after, *(effect.metadata for effect in flow.effects)):
            if texts:
                self._gather(texts)

    def _gather_value(self, value: Encoded) -> None:
        if value.type != JSON:
            message = decode_value(value)
            if hasattr(message, "DESCRIPTOR"):
                self._cleared(message)
        elif self._hint.is_in(value.data):
            self._gather(decode_value(value))

    def _gather(self, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, item in value.items():
                if self.goes(name):
                    self._add(item)
                else:
                    self._gather(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._gather(item)

    def _add(self, value: Any) -> None:
        """The single values in what is removed, as texts."""
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for item in value:
                self._add(item)
        elif value is not None and not isinstance(value, bool):
            self.values.add(str(value))

    # -- remove --------------------------------------------------------------------------------------------------------

    def turn(self, turn: Turn) -> Turn:
        """The same turn without them; names of actors and actions stay."""
        return msgspec.structs.replace(
            turn,
            key=self.values.without(turn.key),
            payload=self._value(turn.payload),
            response=self._value(turn.response),
            state=self.state(turn.state),
            metadata=self.tags(turn.metadata),
            tags_before=self.tags(turn.tags_before),
            tags_after=None if turn.tags_after is None else self.tags(turn.tags_after),
            sent=tuple(map(self._sent, turn.sent)),
            workflow=self._workflow(turn.workflow),
            failure=self._failure(turn.failure),
        )

    def state(self, state: State | None) -> State | None:
        """The same state without them."""
        if state is None:
            return None
        dropped = state.dropped_fields
        if dropped:
            dropped = msgspec.json.encode(self._plain(msgspec.json.decode(dropped), is_top=True))
        return State(self._value(state.value) or state.value, dropped)

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The same tags, or other texts by name, without them."""
        return {name: HIDDEN if self.goes(name) else self.values.without(text) for name, text in tags.items()}

    def definition(self, definition: StoredDefinition) -> StoredDefinition:
        """The same definition; in its source the literals that such names are given are replaced."""
        source = self.values.without(_source_without(definition.source, self))
        return msgspec.structs.replace(
            definition, source=source, settings=self._plain(definition.settings, is_top=True)
        )

    def _value(self, value: Encoded | None) -> Encoded | None:
        if value is None or value.type in NOTHING:
            return value
        if value.type != JSON:
            message = decode_value(value)
            return self._message(value, message) if hasattr(message, "DESCRIPTOR") else self._opaque()
        if ARROW_BYTES in value.data:
            return self._opaque()
        if not self._may_change(value.data):
            return value
        plain = decode_value(value)
        if isinstance(plain, Encoded):
            return self._opaque()
        swept = self._plain(plain, is_top=True)
        return value if swept == plain else Encoded(JSON, msgspec.json.encode(swept))

    def _may_change(self, data: bytes) -> bool:
        """Most have neither such a name nor such a value, and decoding is what takes the time."""
        if self._hint.is_in(data) or b"\\" in data:
            return True
        return self.values.may_be_in(data.decode("utf-8", "replace"))

    def _plain(self, value: Any, *, is_top: bool = False) -> Any:
        """The names of fields, at the top, stay; the names of entries below them do not."""
        if isinstance(value, str):
            return self.values.without(value)
        if isinstance(value, Mapping):
            return {
                key if is_top else self.values.without(str(key)): (
                    HIDDEN if item is not None and self.goes(key) else self._plain(item)
                )
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._plain(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self.values:
            return HIDDEN
        return value

    def _message(self, value: Encoded, message: Any) -> Encoded:
        if not self._cleared(message):
            return value
        return Encoded(value.type, message.SerializeToString(deterministic=True))

    def _cleared(self, message: Any) -> bool:
        """Clear the fields of such names in a message, and in those within it; whether there were any."""
        before = message.ByteSize()
        message.DiscardUnknownFields()
        for field, content in message.ListFields():
            if self.goes(field.name):
                self._add_content(content)
                message.ClearField(field.name)
            elif field.message_type is not None:
                for inner in _messages_in(content):
                    self._cleared(inner)
        return bool(message.ByteSize() != before)

    def _add_content(self, content: Any) -> None:
        if isinstance(content, (str, int, float)):
            self._add(content)
        elif not hasattr(content, "DESCRIPTOR") and not hasattr(content, "values"):
            self._add([each for each in content if isinstance(each, (str, int, float))])

    def _opaque(self) -> Encoded:
        self.opaque += 1
        return Encoded(JSON, msgspec.json.encode(HIDDEN))

    def _sent(self, sent: Sent) -> Sent:
        payload, reply = self._value(sent.payload), self._value(sent.reply)
        return msgspec.structs.replace(sent, payload=payload, reply=reply, failure=self._failure(sent.failure))

    def _workflow(self, flow: Workflow | None) -> Workflow | None:
        if flow is None:
            return None
        effects = tuple(
            msgspec.structs.replace(each, payload=self._value(each.payload), metadata=self.tags(each.metadata))
            for each in flow.effects
        )
        cast = flow.broadcast
        if cast is not None:
            cast = msgspec.structs.replace(cast, payload=self._value(cast.payload))
        return msgspec.structs.replace(flow, effects=effects, broadcast=cast)

    def _failure(self, failure: Failure | None) -> Failure | None:
        if failure is None:
            return None
        with always_hidden():
            texts = {
                name: self.values.without(redacted_text(getattr(failure, name))) for name in ("message", "text", "trace")
            }  # fmt: skip
        return msgspec.structs.replace(failure, **texts)


class _Hint:
    """Tells quickly whether one of the names may be in JSON text; a name may be written with escapes."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names` in lower case."""
        self._is_any = any(set(name) & set("*?[") or not name.isascii() for name in names)
        self._stems = (*SECRET_STEMS, b"\\u", *(name.encode() for name in names))

    def is_in(self, data: bytes) -> bool:
        """False only where none of them is."""
        folded = data.lower()
        return self._is_any or any(stem in folded for stem in self._stems)


def _messages_in(content: Any) -> Iterator[Any]:
    """A message field's content: one message, several, or a map of them."""
    if hasattr(content, "DESCRIPTOR"):
        yield content
        return
    values: Iterable[Any] = content.values() if hasattr(content, "values") else content
    yield from (each for each in values if hasattr(each, "DESCRIPTOR"))


def _source_without(source: str, remover: Remover) -> str:
    with always_hidden():
        text = redacted_source(source)
    return _LITERAL.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN!r}" if remover.goes(found[1]) else found[0], text)


_LITERAL = re.compile(
    r"\b([A-Za-z_]\w*)(\s*(?::\s*[\w\[\], .|]+)?=\s*)(?:[rbfRBF]{0,2}(?:\"[^\"\n]*\"|'[^'\n]*')|[-+]?\d[\w.]*)"
)
"""A name that a program's text gives a text or a number."""
