"""Annotated attributes as JSON, checked to come back equal.

The check decodes what was just encoded, against the declared types, and compares.  The decoded copy then *is* the working
state of the next turn: so a turn always starts from what would be read from disk, and nothing an action leaked can alter it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import msgspec

from runtime.codecs.base import MAX_VALUE_BYTES
from runtime.codecs.numbers import without_json
from runtime.definition import ActorDefinition, type_text
from runtime.errors import BadState, DefinitionError, nearest, shown
from runtime.records import JSON, Encoded, State

_encode = msgspec.json.Encoder().encode
_decode_any = msgspec.json.Decoder().decode


class JsonStateCodec:
    """The state of one definition with annotated fields."""

    __slots__ = ("_actor", "_faithful", "_initial", "_migration", "_names", "_strict", "_types")

    def __init__(self, definition: ActorDefinition) -> None:
        """Raises DefinitionError: a field's type has no JSON form, or its default does not fit it."""
        self._actor = definition.name
        self._types = {f.name: f.type for f in definition.fields}
        self._names = frozenset(self._types)
        self._migration = definition.migration
        self._faithful: list[type] = []
        """The values' types at the last turn; known to come back as they are, which costs as much to find out as to encode."""
        self._strict: Callable[[bytes], dict[str, Any]] = self._decoder()
        self._initial = b"{}"
        self._initial = self._checked_defaults({f.name: f.default for f in definition.fields})

    def _decoder(self) -> Callable[[bytes], dict[str, Any]]:
        try:
            shape: Any = TypedDict("state", self._types)  # type: ignore[misc]
            decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(shape)
            return decoder.decode
        except TypeError as error:
            raise DefinitionError(f"A state field of {self._actor} has a type without a JSON form: {error}") from error

    def _checked_defaults(self, defaults: dict[str, Any]) -> bytes:
        try:
            sealed, _ = self.seal(defaults, None)
        except BadState as error:
            why = self._first_wrong(defaults) or str(error)
            raise DefinitionError(f"A default of {self._actor} cannot be kept as state: {why}") from error
        return sealed.value.data if sealed is not None else self._initial

    def initial(self) -> dict[str, Any]:
        return self._strict(self._initial)

    @property
    def initial_state(self) -> State:
        return State(Encoded(JSON, self._initial))

    def seal(self, fields: dict[str, Any], previous: State | None) -> tuple[State | None, dict[str, Any]]:
        try:
            data = _encode(fields)
            back = self._strict(data)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise self._refusal(fields, error) from error
        types = list(map(type, fields.values()))
        if back != fields or (types != self._faithful and not _same_types(types, back)):
            raise self._refusal(fields, None)
        self._faithful = types
        if data == (previous.value.data if previous is not None else self._initial):
            return None, back
        if len(data) > MAX_VALUE_BYTES:
            raise BadState(
                f"The state of {self._actor} is {len(data):,} bytes; at most {MAX_VALUE_BYTES:,} can be kept."
            )
        return State(Encoded(JSON, data), previous.kept_aside if previous is not None else b""), back

    def restore(self, state: State) -> dict[str, Any]:
        try:
            return self._strict(state.value.data)
        except (msgspec.ValidationError, msgspec.DecodeError):
            return self.migrate(state)[0]

    def migrate(self, state: State) -> tuple[dict[str, Any], bytes]:
        stored: dict[str, Any] = _decode_any(state.value.data)
        aside: dict[str, Any] = _decode_any(state.kept_aside) if state.kept_aside else {}
        fields = self.initial()
        given = self._by_author(stored)
        for name in fields:
            if name in given:
                fields[name] = self._converted(name, given[name], "migrated")
            elif name in stored:
                fields[name] = self._converted(name, stored[name])
            elif name in aside:
                fields[name] = self._converted(name, aside.pop(name))
        aside.update({name: value for name, value in stored.items() if name not in self._names})
        return fields, _encode(aside) if aside else b""

    def _by_author(self, stored: dict[str, Any]) -> Mapping[str, Any]:
        """What the class's own `@migrate` function makes of a state of another shape; empty without one, or where it fits."""
        if self._migration is None or (stored.keys() == self._names and self._fits(stored)):
            return {}
        name = getattr(self._migration, "__name__", "migrate")
        try:
            given = self._migration(_decode_any(_encode(stored)))
        except Exception as error:
            raise BadState(
                f"{name} of {self._actor} failed on the stored state {shown(stored)}: {type(error).__name__}: {error}.\n"
                "It gets the stored fields whenever they are not exactly the declared ones."
            ) from error
        if not isinstance(given, Mapping):
            raise BadState(f"{name} of {self._actor} must give a dict of fields, and gave {shown(given)}.")
        for field in given:
            if field not in self._names:
                raise BadState(
                    f"{name} of {self._actor} gives {field!r}, which is no field. {nearest(str(field), self._names, kind='field')}"
                )
        return given

    def _fits(self, stored: Mapping[str, Any]) -> bool:
        try:
            for name, value in stored.items():
                msgspec.convert(value, self._types[name], strict=False)
        except msgspec.ValidationError:
            return False
        return True

    def _converted(self, name: str, value: Any, origin: str = "stored") -> Any:
        try:
            return msgspec.convert(value, self._types[name], strict=False)
        except msgspec.ValidationError as error:
            raise BadState(
                f"The {origin} {name} of {self._actor} is {shown(value)}, which is no {type_text(self._types[name])}: {error}.\n"
                "Keep the old type, or give the field a new name: the stored value is then kept aside."
            ) from error

    def _refusal(self, fields: Mapping[str, Any], error: Exception | None) -> BadState:
        missing = [name for name in self._types if name not in fields]
        if missing:
            return BadState(
                f"The state of {self._actor} lost its field {missing[0]!r}: a declared field cannot be deleted."
            )
        if why := self._first_wrong(fields):
            return BadState(
                f"The new state of {self._actor} would not come back equal: {why}\n"
                "The turn was refused; the state is as before."
            )
        return BadState(f"The new state of {self._actor} cannot be stored: {error}. The state is as before.")

    def _first_wrong(self, fields: Mapping[str, Any]) -> str:
        return next(filter(None, (self._why_not(name, value) for name, value in fields.items())), "")

    def _why_not(self, name: str, value: Any) -> str:
        """What is wrong with one field, or empty."""
        try:
            _encode(value)
        except RecursionError:
            return f"{name} is nested too deeply, or contains itself."
        except (TypeError, ValueError, OverflowError):
            pass
        for path, why in without_json(name, value):
            return f"{path} {why}"
        try:
            back = msgspec.json.decode(_encode(value), type=self._types[name])
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            return f"{name}={shown(value)} is not a {type_text(self._types[name])} ({error})."
        if back != value or not _may_become(type(value), type(back)):
            return f"{name}={shown(value)} would come back as {shown(back)}; declare its type ({name}: …) or store plain JSON."
        return ""


def _same_types(types: list[type], back: dict[str, Any]) -> bool:
    return all(map(_may_become, types, map(type, back.values())))


def _may_become(given: type, read: type) -> bool:
    """Whether a value may come back as this type: as its own, or a whole number as the equal float that was declared."""
    return given is read or (given is int and read is float)
