"""A group that cannot be encoded, made into one that can: what is wrong in it is isolated, everything else is written.

Turns keep their sequence and become what `salvage` leaves of them; a snapshot loses the tags that are no text, or is left out
if its state cannot be encoded; a schedule, a life-cycle mark or a settled id that cannot be encoded is left out.  This is looked
at only when a commit has failed, so it costs nothing otherwise.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from runtime.errors import StoreError
from runtime.ids import ActorId
from runtime.records import Invocation, Lifecycle, Quarantined, Snapshot, Turn
from runtime.stores.base import Group, Isolated, StateStore
from runtime.stores.journal import salvage
from runtime.stores.journal.salvage import cleaned

R = TypeVar("R", bound=msgspec.Struct)

UNENCODABLE = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError, AttributeError)
"""What an encoder raises for values that are not what they should be (`UnicodeError` is a ValueError)."""

_MOST = 2**63
_encoder = msgspec.msgpack.Encoder()
_decoders = {kind: msgspec.msgpack.Decoder(kind) for kind in (Turn, Snapshot, Invocation, Lifecycle, str)}


def isolated(group: Group) -> Isolated | None:
    """The group without what cannot be encoded; None if all of it can, so that something else is wrong."""
    found = _Isolation(group)
    return found.result() if found.findings else None


def stored_before(store: StateStore, left: Isolated) -> dict[ActorId, Snapshot | None]:
    """What the store has, once `left` is committed, of the actors with a state that could not be; as far as it can be read."""
    found = dict[ActorId, Snapshot | None]()
    for turn, written in left.turns:
        if turn.state is not None and written.state is None:
            with suppress(StoreError):
                found[written.actor] = store.load(written.actor)
    return found


class _Isolation:
    def __init__(self, group: Group) -> None:
        self.findings: list[Quarantined] = []
        self._replaced: list[tuple[Turn, Turn]] = []
        self._refused: list[Invocation] = []
        self._group = msgspec.structs.replace(
            group,
            turns=tuple(self._turn(turn) for turn in group.turns),
            snapshots=tuple(each for snapshot in group.snapshots if (each := self._snapshot(snapshot)) is not None),
            lifecycle=tuple(mark for mark in group.lifecycle if self._is_sound(mark)),
            scheduled=tuple(each for each in group.scheduled if self._is_schedule(each)),
            settled=tuple(each for each in group.settled if _fault(each, str) is None),
        )

    def result(self) -> Isolated:
        return Isolated(self._group, tuple(self._replaced), tuple(self._refused), tuple(self.findings))

    def _turn(self, turn: Turn) -> Turn:
        if _fault(turn, Turn) is None:
            return turn
        fields, lost = list[bytes | None](), dict[str, str]()
        for name in Turn.__struct_fields__:
            field, why = _field(getattr(turn, name, None))
            fields.append(field)
            if why:
                lost[name] = why
        found = salvage.of_fields(fields, lost, turn.sequence)
        # A state that could not be encoded is in no row and in no difference either.
        written = msgspec.structs.replace(found.turn, sequence=turn.sequence, delta=None)
        self._replaced.append((turn, written))
        self.findings.append(msgspec.structs.replace(found.finding, sequence=turn.sequence))
        return written

    def _snapshot(self, snapshot: Snapshot) -> Snapshot | None:
        if (why := _fault(snapshot, Snapshot)) is None:
            return snapshot
        self.findings.append(Quarantined(what="state", actor=snapshot.actor, why=why))
        mended = msgspec.structs.replace(snapshot, tags=salvage.texts(snapshot.tags))
        return mended if _fault(mended, Snapshot) is None else None

    def _is_sound(self, mark: Lifecycle) -> bool:
        if (why := _fault(mark, Lifecycle)) is None:
            return True
        self.findings.append(Quarantined(what="mark", actor=mark.actor, why=why))
        return False

    def _is_schedule(self, invocation: Invocation) -> bool:
        if (why := _fault(invocation, Invocation)) is None:
            return True
        self.findings.append(Quarantined(what="schedule", id=str(invocation.id), actor=invocation.actor, why=why))
        self._refused.append(invocation)
        return False


def _field(value: Any) -> tuple[bytes | None, str]:
    """The encoded value, or why there is none; of a mapping, as many entries as there can be."""
    try:
        return _encoder.encode(value), ""
    except UNENCODABLE as error:
        why = f"{type(error).__name__}: {error}"
    try:
        return _encoder.encode(cleaned(msgspec.to_builtins(value, builtin_types=(bytes,)))), ""
    except UNENCODABLE:
        return (_encoder.encode(salvage.texts(value)) if isinstance(value, dict) else None), why


def _fault(record: Any, kind: type[Any]) -> str | None:
    """Why a record cannot be written and read back; None if it can.  Lone surrogates are no fault: they are replaced."""
    try:
        _decoders[kind].decode(_encoder.encode(record))
    except UnicodeEncodeError:
        return _fault_of_cleaned(record, kind)
    except UNENCODABLE as error:
        return f"{type(error).__name__}: {error}"
    return _beyond(record)


def _fault_of_cleaned(record: Any, kind: type[Any]) -> str | None:
    try:
        return _fault(msgspec.convert(cleaned(msgspec.to_builtins(record, builtin_types=(bytes,))), kind), kind)
    except UNENCODABLE as error:
        return f"{type(error).__name__}: {error}"


def _beyond(record: Any) -> str | None:
    """A number that no column of a database takes."""
    for name in getattr(record, "__struct_fields__", ()):
        value = getattr(record, name)
        if isinstance(value, int) and not -_MOST <= value < _MOST:
            return f"{name} is {value}, which is beyond 64 bits"
    return None
