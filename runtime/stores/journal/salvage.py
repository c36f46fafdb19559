"""What is left of the record of a turn when part of it cannot be written, or cannot be read, and the list of such findings.

The turn keeps its place in the journal, and everything of it that decodes: above all the state, on which later turns were
built.  What does not decode is left out, and a turn that had succeeded becomes a failure with the code `turn_quarantined`, whose
message names what is missing.  Tags are kept entry by entry.  A turn that only *began* with tags that cannot be kept has not
failed: an earlier one did that.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_type_hints

import msgspec

from runtime.errors import TurnQuarantined
from runtime.ids import ActorId
from runtime.records import Failure, Quarantined, Turn
from runtime.stores.base import Group

MOST = 1_000
"""Kept in full; more are counted."""

_log = logging.getLogger(__name__)


class Quarantine:
    """What one store has found in itself that is not whole: said once in the log, and kept to be asked for.  Any thread.

    Only what was read since the store was opened is known here; `python -m runtime check` reads everything.
    """

    def __init__(self, store: str, *, most: int = MOST, is_logged: bool = True) -> None:
        """`store` is its URL, for messages."""
        self._store, self._most, self._is_logged = store, most, is_logged
        self._lock = threading.Lock()
        self._found: dict[tuple[str, int, str, str], Quarantined] = {}

    def add(self, finding: Quarantined) -> None:
        """Keep a finding; one that is known already, or one too many, is passed over."""
        actor = finding.actor
        identity = finding.what, finding.sequence, finding.id, "" if actor is None else f"{actor.system}/{actor.name}"
        with self._lock:
            if identity in self._found or len(self._found) >= self._most:
                return
            self._found[identity] = finding
        if self._is_logged:
            _log.error("%s is not whole: %s. The rest of it is used.", self._store, finding)

    def found(self) -> list[Quarantined]:
        """What is known, turns by their sequence first."""
        with self._lock:
            found = list(self._found.values())
        return sorted(found, key=lambda each: (each.what != "turn", each.sequence))


# --- What can be kept of a turn ---------------------------------------------------------------------------------------


UNKNOWN = ActorId("", "")
"""The actor of a turn that cannot be told."""
LOST = ()
"""The `delta` of a turn whose state cannot be told: whatever is a difference to it cannot either."""

NO_BASE = "its state is a difference to one that is not known"

_SHOWN = 200
_INHERITED = "tags_before"
_HINTS = get_type_hints(Turn)
_NAMES = Turn.__struct_fields__
_DECODERS: dict[str, msgspec.msgpack.Decoder[Any]] = {name: msgspec.msgpack.Decoder(_HINTS[name]) for name in _NAMES}
_TEXTS = ("tags_before", "tags_after", "metadata")
_IDENTITY = ("sequence", "actor", "revision_before", "revision")
_PLAIN: dict[Any, Any] = {str: "", int: 0, dict[str, str]: {}}
_DEFAULTS = {
    name: UNKNOWN if name == "actor" else _PLAIN.get(_HINTS[name], () if name == "sent" else None) for name in _NAMES
} | {"invocation": ""}
_raw_fields = msgspec.msgpack.Decoder(list[msgspec.Raw])

UNDECODABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What a decoder raises for bytes that are not what they should be (`msgspec.ValidationError` is one of the first)."""


class Salvaged(NamedTuple):
    """A turn, as far as it is known."""

    turn: Turn
    finding: Quarantined


def of_bytes(raw: bytes | msgspec.Raw, sequence: int) -> Salvaged:
    """The turn in bytes that do not decode as one; `sequence` is its place, in case that it does not tell."""
    try:
        fields: Sequence[bytes | msgspec.Raw | None] = _raw_fields.decode(raw)
    except UNDECODABLE as error:
        return _made({"sequence": sequence}, {"record": str(error)})
    return of_fields(fields, {}, sequence)


def of_fields(fields: Sequence[bytes | msgspec.Raw | None], lost: dict[str, str], sequence: int) -> Salvaged:
    """The turn made of these encoded fields, in the order of `records.Turn`.

    Args:
        fields: None for one that could not even be encoded.
        lost: why, by name.
    """
    lost, values = dict(lost), dict[str, Any]()
    for name, field in zip(_NAMES, fields, strict=False):
        if field is None:
            continue
        try:
            values[name] = _DECODERS[name].decode(field)
        except UNDECODABLE as error:
            lost[name] = str(error)
            if name in _TEXTS and isinstance(found := _anything(field), dict):
                values[name] = texts(found)
    if not values.get("sequence"):
        values["sequence"] = sequence
    return _made(values, lost)


def without_state(turn: Turn) -> Turn:
    """A turn whose state is not known, or is a difference to one that is not, as it is shown."""
    failure = turn.failure or Failure(TurnQuarantined.code, _message(turn.sequence, turn.action, turn.actor, NO_BASE))
    return msgspec.structs.replace(turn, state=None, delta=None, failure=failure)


def uses_key(turn: Turn) -> bool:
    """Whether the turn's idempotency key is used up: it succeeded, or it did and its record is not whole."""
    return bool(turn.key) and (turn.failure is None or turn.failure.code == TurnQuarantined.code)


def _made(values: dict[str, Any], lost: dict[str, str]) -> Salvaged:
    if values.get("failure") is not None or "failure" in lost:
        values["key"] = ""  # a failure uses none up
    if any(name not in values for name in _IDENTITY):  # it cannot be told where in which actor's past it belongs
        values |= {"actor": UNKNOWN, "revision_before": 0, "revision": 0, "state": None, "tags_after": None}
    elif "state" in lost or "delta" in lost:
        values |= {"state": None, "delta": LOST}
        if values.get("tags_after") is None:
            values["revision"] = values["revision_before"]
    complete: dict[str, Any] = {name: values.get(name, default) for name, default in _DEFAULTS.items()}
    actor, sequence, why = complete["actor"], complete["sequence"], _why(lost)
    if complete["failure"] is None and set(lost) != {_INHERITED}:
        complete["failure"] = Failure(TurnQuarantined.code, _message(sequence, complete["action"], actor, why))
    known = actor if actor != UNKNOWN else None
    return Salvaged(Turn(**complete), Quarantined(what="turn", sequence=sequence, actor=known, why=why))


def _message(sequence: int, action: str, actor: ActorId, why: str) -> str:
    return (
        f"The record of turn {sequence}, {action or 'an action'} of {actor.name or 'an unknown actor'}, is not whole: {why}.\n"
        "The action ran; its state and whatever else could be kept is kept."
    )


def _why(lost: dict[str, str]) -> str:
    return "; ".join(f"{name} cannot be kept ({why[:_SHOWN]})" for name, why in lost.items())


def _anything(field: bytes | msgspec.Raw) -> Any:
    try:
        return msgspec.msgpack.decode(field)
    except UNDECODABLE:
        return None


def texts(entries: Mapping[Any, Any]) -> dict[str, str]:
    """Those entries that are texts."""
    return {name: value for name, value in entries.items() if _is_text(name) and _is_text(value)}


def _is_text(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeError:
        return False


# --- Texts that UTF-8 cannot hold -------------------------------------------------------------------------------------
# Python strings may contain lone surrogates, such as a file name in an exception's message.  No turn may be lost for
# that, nor the journal come to a halt: where such a group cannot be written, each is replaced by U+FFFD, as a browser
# would show it.

_SURROGATES = re.compile("[\ud800-\udfff]")


def encodable(group: Group) -> Group:
    """The same group without lone surrogates."""
    return msgspec.convert(cleaned(msgspec.to_builtins(group, builtin_types=(bytes,))), Group)


def cleaned(value: Any) -> Any:
    """The same builtin value without lone surrogates."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, (list, tuple)):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(name): cleaned(item) for name, item in value.items()}
    return value
