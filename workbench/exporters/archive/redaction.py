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
from workbench.redaction import HIDDEN, SECRET_WORDS, always_hidden, is_secret, redacted_source, redacted_text

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
        if not self._texts:
            return
        words = _WORD.findall(text)
        for index in range(len(words)):
            for count in range(1, _WORDS + 1):
                if (found := self._by_words.get(tuple(words[index : index + count]))) is not None:
                    yield found


class Remover:
    """Removes values from turns and states, by the names of their fields."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: what goes beside secrets; `*` stands for anything, case does not matter."""
        self._names = tuple(name.lower() for name in names)
        self._pattern = re.compile("|".join(fnmatch.translate(name) for name in self._names) or r"(?!)")
        self._hint = _hint(self._names)
        self._known: dict[str, bool] = {}
        self.values = Values()
        self.opaque = 0
        """How many values went whole, since they cannot be looked into."""

    def learn(self, turn: Turn) -> None:
        """Note what a turn has to be removed, so that it is found elsewhere, too."""
        opaque = self.opaque
        self._named(turn)
        self.opaque = opaque

    def goes(self, name: object) -> bool:
        """Whether the value of a field of that name is removed."""
        if not isinstance(name, str):
            return False
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = is_secret(name) or self._pattern.match(name.lower()) is not None
        return known

    def turn(self, turn: Turn) -> Turn:
        """The same turn without them."""
        return self._unnamed(self._named(turn))

    def state(self, state: State | None) -> State | None:
        """The same state without them."""
        named = self._state(state, [])
        return None if named is None else self._state_without(named)

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The same tags without them."""
        return self._strings_of(self._texts(tags, []))

    def _named(self, turn: Turn) -> Turn:
        """Without what stands under such a name."""
        found: list[str] = []
        swept = msgspec.structs.replace(
            turn,
            payload=self._value(turn.payload, found),
            response=self._value(turn.response, found),
            state=self._state(turn.state, found),
            metadata=self._texts(turn.metadata, found),
            tags_before=self._texts(turn.tags_before, found),
            tags_after=None if turn.tags_after is None else self._texts(turn.tags_after, found),
            sent=tuple(self._sent(each, found) for each in turn.sent),
            workflow=self._workflow(turn.workflow, found),
        )
        for text in found:
            self.values.add(text)
        return swept

    def definition(self, definition: StoredDefinition) -> StoredDefinition:
        """The same definition; in its source the literals that such names are given are replaced."""
        source = self.values.without(_source_without(definition.source, self))
        return msgspec.structs.replace(definition, source=source, settings=self._plain(definition.settings, []))

    def _value(self, value: Encoded | None, found: list[str]) -> Encoded | None:
        if value is None or value.type in NOTHING:
            return value
        if value.type == JSON and not self._hint.search(value.data) and ARROW_BYTES not in value.data:
            return value  # most have no such name, and decoding is what takes the time
        plain = decode_value(value)
        if value.type != JSON:
            return self._message(value, plain, found)
        if isinstance(plain, Encoded) or ARROW_BYTES in value.data:
            return self._opaque()
        before = len(found)
        swept = self._plain(plain, found)
        return value if len(found) == before else Encoded(JSON, msgspec.json.encode(swept))

    def _message(self, value: Encoded, message: Any, found: list[str]) -> Encoded:
        if not hasattr(message, "DESCRIPTOR"):
            return self._opaque()
        before = len(found)
        self._clear(message, found)
        return value if len(found) == before else Encoded(value.type, message.SerializeToString(deterministic=True))

    def _clear(self, message: Any, found: list[str]) -> None:
        message.DiscardUnknownFields()
        for field, content in message.ListFields():
            if self.goes(field.name):
                found += _texts_in(content if isinstance(content, str) else str(content))
                message.ClearField(field.name)
            elif field.message_type is not None:
                for inner in _messages_in(content):
                    self._clear(inner, found)

    def _opaque(self) -> Encoded:
        self.opaque += 1
        return Encoded(JSON, msgspec.json.encode(HIDDEN))

    def _plain(self, value: Any, found: list[str]) -> Any:
        if isinstance(value, Mapping):
            return {key: self._entry(key, item, found) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(item, found) for item in value]
        return value

    def _entry(self, name: Any, value: Any, found: list[str]) -> Any:
        if value is None or not self.goes(name):
            return self._plain(value, found)
        found += _texts_in(value) or [""]
        return HIDDEN

    def _texts(self, texts: Mapping[str, str], found: list[str]) -> dict[str, str]:
        return {name: self._entry(name, text, found) for name, text in texts.items()}

    def _state(self, state: State | None, found: list[str]) -> State | None:
        if state is None:
            return None
        value = self._value(state.value, found)
        dropped = state.dropped_fields
        if dropped:
            dropped = msgspec.json.encode(self._plain(msgspec.json.decode(dropped), found))
        return State(value if value is not None else state.value, dropped)

    def _sent(self, sent: Sent, found: list[str]) -> Sent:
        payload, reply = self._value(sent.payload, found), self._value(sent.reply, found)
        return msgspec.structs.replace(sent, payload=payload, reply=reply)

    def _workflow(self, flow: Workflow | None, found: list[str]) -> Workflow | None:
        if flow is None:
            return None
        effects = tuple(
            msgspec.structs.replace(e, payload=self._value(e.payload, found), metadata=self._texts(e.metadata, found))
            for e in flow.effects
        )
        cast = flow.broadcast
        if cast is not None:
            cast = msgspec.structs.replace(cast, payload=self._value(cast.payload, found))
        return msgspec.structs.replace(flow, effects=effects, broadcast=cast)

    # -- values that were removed, under other names -------------------------------------------------------------------

    def _unnamed(self, turn: Turn) -> Turn:
        """Without removed values wherever they stand; names of actors and actions stay."""
        return msgspec.structs.replace(
            turn,
            key=self.values.without(turn.key),
            payload=self._without(turn.payload),
            response=self._without(turn.response),
            state=None if turn.state is None else self._state_without(turn.state),
            metadata=self._strings_of(turn.metadata),
            tags_before=self._strings_of(turn.tags_before),
            tags_after=None if turn.tags_after is None else self._strings_of(turn.tags_after),
            sent=tuple(map(self._sent_without, turn.sent)),
            workflow=self._workflow_without(turn.workflow),
            failure=self._failure(turn.failure),
        )

    def _without(self, value: Encoded | None) -> Encoded | None:
        if value is None or value.type != JSON:
            return value
        text = value.data.decode("utf-8", "replace")
        if "\\" not in text and not self.values.may_be_in(text):
            return value
        plain = decode_value(value)
        swept = self._strings(plain, is_top=True)
        return value if swept == plain else Encoded(JSON, msgspec.json.encode(swept))

    def _state_without(self, state: State) -> State:
        dropped = state.dropped_fields
        if dropped:
            dropped = msgspec.json.encode(self._strings(msgspec.json.decode(dropped), is_top=True))
        return State(self._without(state.value) or state.value, dropped)

    def _sent_without(self, sent: Sent) -> Sent:
        payload, reply = self._without(sent.payload), self._without(sent.reply)
        return msgspec.structs.replace(sent, payload=payload, reply=reply, failure=self._failure(sent.failure))

    def _workflow_without(self, flow: Workflow | None) -> Workflow | None:
        if flow is None:
            return None
        effects = tuple(
            msgspec.structs.replace(e, payload=self._without(e.payload), metadata=self._strings_of(e.metadata))
            for e in flow.effects
        )
        cast = flow.broadcast
        if cast is not None:
            cast = msgspec.structs.replace(cast, payload=self._without(cast.payload))
        return msgspec.structs.replace(flow, effects=effects, broadcast=cast)

    def _strings_of(self, texts: Mapping[str, str]) -> dict[str, str]:
        return {name: self.values.without(text) for name, text in texts.items()}

    def _strings(self, value: Any, *, is_top: bool = False) -> Any:
        """The names of fields, at the top, stay; the names of entries in them do not."""
        if isinstance(value, str):
            return self.values.without(value)
        if isinstance(value, Mapping):
            return {
                key if is_top else self.values.without(key): self._strings(item) for key, item in value.items()
            }  # fmt: skip
        if isinstance(value, list):
            return [self._strings(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self.values:
            return HIDDEN
        return value

    def _failure(self, failure: Failure | None) -> Failure | None:
        if failure is None:
            return None
        with always_hidden():
            texts = {
                name: self.values.without(redacted_text(getattr(failure, name))) for name in ("message", "text", "trace")
            }  # fmt: skip
        return msgspec.structs.replace(failure, **texts)


def _hint(names: Sequence[str]) -> re.Pattern[bytes]:
    """Finds JSON text in which one of the names may be; a name may be written with escapes."""
    plain = [re.escape(name) for name in names if not set(name) & set("*?[")]
    is_any = len(plain) < len(names)
    return re.compile(b"" if is_any else "|".join([SECRET_WORDS, r"\\u", *plain]).encode(), re.IGNORECASE)


def _texts_in(value: Any) -> list[str]:
    """The single values in what was removed, as texts."""
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts_in(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _texts_in(item)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


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
