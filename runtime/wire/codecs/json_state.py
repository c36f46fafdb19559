"""Annotated attributes as JSON, checked to come back equal.

The check decodes what was just encoded, against the declared types, and compares.  The decoded copy then *is* the working
state of the next turn: so a turn always starts from what would be read from disk, and nothing an action leaked can alter it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import msgspec

from runtime.authoring.definition import ActorDefinition, type_text
from runtime.errors import BadState, DefinitionError, nearest, shown, shown_text, type_name
from runtime.records import JSON, Encoded, State
from runtime.wire.codecs.base import MAX_VALUE_BYTES
from runtime.wire.codecs.library_types import (
    advice_for,
    are_equal,
    becomes_plain,
    decode_hook,
    described,
    encode_hook,
    holds_tables,
    is_table,
    without_form,
)
from runtime.wire.codecs.values import without_json

_encode = msgspec.json.Encoder(enc_hook=encode_hook).encode
_decode_any = msgspec.json.Decoder().decode


class JsonStateCodec:
    """The state of one definition with annotated fields."""

    __slots__ = ("_actor", "_equal", "_faithful", "_initial", "_migration", "_names", "_strict", "_types")

    def __init__(self, definition: ActorDefinition) -> None:
        """Raises DefinitionError: a field's type has no JSON form, or its default does not fit it."""
        self._actor = definition.name
        self._types = {f.name: f.type for f in definition.fields}
        self._names = frozenset(self._types)
        self._migration = definition.migration
        self._equal = are_equal if any(map(holds_tables, self._types.values())) else operator.eq
        self._faithful: list[type] = []
        """The values' types at the last turn; known to come back as they are, which costs as much to find out as to encode."""
        self._strict: Callable[[bytes], dict[str, Any]] = self._decoder()
        self._initial = b"{}"
        self._initial = self._checked_defaults({f.name: f.default for f in definition.fields})

    def _decoder(self) -> Callable[[bytes], dict[str, Any]]:
        try:
            shape: Any = TypedDict("state", self._types)  # type: ignore[misc]
            decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(shape, dec_hook=decode_hook)
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
            types = list(map(type, fields.values()))
            is_same = self._equal(back, fields) and (types == self._faithful or _same_types(types, back))
        except Exception as error:  # encoding and comparing run code of the values' classes, which may raise anything
            raise self._refusal(fields, error) from error
        if not is_same:
            raise self._refusal(fields, None)
        self._faithful = types
        if data == (previous.value.data if previous is not None else self._initial):
            return None, back
        if len(data) > MAX_VALUE_BYTES:
            raise BadState(
                f"The state of {self._actor} is {len(data):,} bytes; at most {MAX_VALUE_BYTES:,} can be kept."
            )
        return State(Encoded(JSON, data), previous.dropped_fields if previous is not None else b""), back

    def restore(self, state: State) -> dict[str, Any]:
        try:
            return self._strict(state.value.data)
        except (msgspec.ValidationError, msgspec.DecodeError):
            return self.migrate(state)[0]
        except Exception as error:  # code of a field's class, such as `__post_init__`
            raise BadState(
                f"The stored state of {self._actor} cannot be read: {type_name(error)}: {shown_text(error)}."
            ) from error

    def migrate(self, state: State) -> tuple[dict[str, Any], bytes]:
        stored: dict[str, Any] = _decode_any(state.value.data)
        aside: dict[str, Any] = _decode_any(state.dropped_fields) if state.dropped_fields else {}
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
                f"{name} of {self._actor} failed on the stored state {shown(stored)}: {type_name(error)}: {shown_text(error)}.\n"
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
                msgspec.convert(value, self._types[name], strict=False, dec_hook=decode_hook)
        except Exception:  # noqa: BLE001 - also what code of the field's class raises
            return False
        return True

    def _converted(self, name: str, value: Any, origin: str = "stored") -> Any:
        try:
            return msgspec.convert(value, self._types[name], strict=False, dec_hook=decode_hook)
        except Exception as error:  # code of the field's class may raise anything
            raise BadState(
                f"The {origin} {name} of {self._actor} is {shown(value)}, which is no {type_text(self._types[name])}: "
                f"{shown_text(error)}.\n"
                "Keep the old type, or give the field a new name: the stored value is then kept as a dropped field."
            ) from error

    def _refusal(self, fields: Mapping[str, Any], error: Exception | None) -> BadState:
        missing = [name for name in self._types if name not in fields]
        if missing:
            return BadState(
                f"The state of {self._actor} lost its field {missing[0]!r}: a declared field cannot be deleted."
            )
        undeclared = [name for name in fields if name not in self._names]
        if undeclared:
            return BadState(
                f"The state of {self._actor} has no field {shown(undeclared[0])}: only declared fields are kept. Declare it in the "
                "class body, with its type; writing to `__dict__` does not."
            )
        if why := self._first_wrong(fields):
            return BadState(
                f"The new state of {self._actor} would not come back equal: {why}\n"
                "The turn was refused; the state is as before."
            )
        why = "it does not come back equal" if error is None else f"{type_name(error)}: {shown_text(error)}"
        return BadState(f"The new state of {self._actor} cannot be stored: {why}. The state is as before.")

    def _first_wrong(self, fields: Mapping[str, Any]) -> str:
        return next(filter(None, (self._why_not(name, value) for name, value in fields.items())), "")

    def _why_not(self, name: str, value: Any) -> str:
        """What is wrong with one field, or empty."""
        if is_table(type(value)) and not holds_tables(self._types[name]):
            declared = type_text(self._types[name])
            way_out = f"declare it as {type_name(value)}, or use .tolist() or .to_dict('records') of it"
            return f"{name} is {described(value)}, and declared as {declared}: {way_out}."
        for path, inner, error in without_form(name, value, _encode):
            if isinstance(error, RecursionError):
                return f"{name} is nested too deeply, or contains itself."
            if path != name or advice_for(inner):  # else it is said below, in the same words as what comes from reading
                return f"{path} is {described(inner)}: {shown_text(error)}. {advice_for(inner)}".rstrip()
        for path, why in without_json(name, value):
            return f"{path} {why}"
        try:
            back = msgspec.json.decode(_encode(value), type=self._types[name], dec_hook=decode_hook)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            declared = type_text(self._types[name])
            return f"{name}={shown(value)} is not a {declared} ({shown_text(error)})."
        except Exception as error:  # noqa: BLE001 - code of the value's class
            return f"{name}={shown(value)} cannot be written and read back: {type_name(error)}: {shown_text(error)}."
        try:
            is_equal = are_equal(back, value)
        except Exception as error:  # noqa: BLE001 - the user's `__eq__`
            return f"{name}={shown(value)} cannot be compared: its == raised {type_name(error)}: {shown_text(error)}."
        if not is_equal or not _may_become(type(value), type(back)):
            return f"{name}={shown(value)} would come back as {shown(back)}; declare its type ({name}: …) or store plain JSON."
        return ""


def _same_types(types: list[type], back: dict[str, Any]) -> bool:
    return all(map(_may_become, types, map(type, back.values())))


def _may_become(given: type, read: type) -> bool:
    """Whether a value may come back as this type: its own, an equal float that was declared, or the plain form of a library's."""
    return given is read or (given is int and read is float) or becomes_plain(given, read)
