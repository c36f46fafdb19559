"""Snapshots to rows and back."""

from __future__ import annotations

import platform

import msgspec

from runtime.crypto.cipher import Cipher, SealBrokenError
from runtime.crypto.cloak import cloak, uncloak
from runtime.errors import StoreDamaged
from runtime.ids import ActorId
from runtime.records import Encoded, Invocation, Quarantined, Snapshot, State, StoredDefinition, Turn
from runtime.statestores.backend import DefinitionRow, ScheduleRow, SnapshotRow
from runtime.statestores.quarantine import Quarantine
from runtime.statestores.salvage import UNDECODABLE, texts

_NODE = f"workbench@{platform.node()}"
_json = msgspec.json.Encoder(order="sorted")
_tags_decoder = msgspec.json.Decoder(dict[str, str])
_encoder = msgspec.msgpack.Encoder()
_definition_decoder = msgspec.msgpack.Decoder(StoredDefinition)
_invocation_decoder = msgspec.msgpack.Decoder(Invocation)


def snapshot_of(turn: Turn) -> Snapshot:
    """The actor after a turn whose state is whole."""
    return Snapshot(
        actor=turn.actor,
        parent=turn.parent,
        revision=turn.revision,
        state=turn.state,
        tags=turn.tags_before if turn.tags_after is None else turn.tags_after,
        definition=turn.definition,
        at_us=turn.finished_us,
    )


def to_row(cipher: Cipher, snapshot: Snapshot, sequence: int) -> SnapshotRow:
    """The row of an actor; `sequence` is the last turn it has seen."""
    state = snapshot.state
    return SnapshotRow(
        actor=snapshot.actor.name,
        system=snapshot.actor.system,
        status=snapshot.status,
        node=_NODE,
        revision=snapshot.revision,
        tags=_tags_text(snapshot.tags),
        data_type=state.value.type if state else "",
        data=cloak(cipher, state.value.data) if state else None,
        updated_us=snapshot.at_us,
        parent=snapshot.parent,
        definition=snapshot.definition,
        sequence=sequence,
        kept_aside=cloak(cipher, state.kept_aside) if state and state.kept_aside else None,
    )


def _tags_text(tags: dict[str, str]) -> str:
    """As JSON; what is no text is left out, so that no row holds up those of others."""
    try:
        return _json.encode(tags).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        return _json.encode(texts(tags)).decode()


def from_row(cipher: Cipher, row: SnapshotRow, store: str, quarantine: Quarantine) -> Snapshot:
    """The snapshot of a row; tags that do not decode are left out.

    Raises:
        StoreDamaged: its data cannot be opened.
    """
    try:
        state = _state(cipher, row)
    except SealBrokenError as error:
        raise StoreDamaged(
            f"Cannot read the state of {row.actor} (revision {row.revision}) in {store}: {error}.\n"
            "Nothing was changed. Put a copy of the store in its place, or start with another one."
        ) from error
    return Snapshot(
        actor=ActorId(row.system, row.actor),
        parent=row.parent,
        revision=row.revision,
        state=state,
        tags=_tags(row, quarantine),
        definition=row.definition,
        at_us=row.updated_us,
        status=row.status,
    )


def _tags(row: SnapshotRow, quarantine: Quarantine) -> dict[str, str]:
    try:
        return _tags_decoder.decode(row.tags)
    except UNDECODABLE as error:
        finding = f"some of its tags cannot be kept ({error})"
        quarantine.add(Quarantined(what="state", actor=ActorId(row.system, row.actor), why=finding))
    try:
        found = msgspec.json.decode(row.tags)
    except UNDECODABLE:
        return {}
    return texts(found) if isinstance(found, dict) else {}


def _state(cipher: Cipher, row: SnapshotRow) -> State | None:
    if row.data is None:
        return None
    aside = uncloak(cipher, row.kept_aside) if row.kept_aside else b""
    return State(Encoded(row.data_type, uncloak(cipher, row.data)), aside)


def to_definition_row(cipher: Cipher, definition: StoredDefinition) -> DefinitionRow:
    """A sealed definition: source can hold what nobody else should read."""
    sealed = cipher.seal(_encoder.encode(definition), definition.hash.encode())
    return DefinitionRow(definition.hash, definition.name, definition.deployed_us, sealed)


def from_definition_row(
    cipher: Cipher, row: DefinitionRow, store: str, quarantine: Quarantine
) -> StoredDefinition | None:
    """The definition of a row; None if it does not decode.

    Raises:
        StoreDamaged: it cannot be opened.
    """
    try:
        return _definition_decoder.decode(cipher.open(row.data, row.hash.encode()))
    except UNDECODABLE as error:
        quarantine.add(Quarantined(what="definition", id=f"{row.hash} of {row.name}", why=str(error)))
        return None
    except SealBrokenError as error:
        raise StoreDamaged(
            f"Cannot read definition {row.hash} of {row.name} in {store}: {error}.\nNothing was changed."
        ) from error


def to_schedule_row(cipher: Cipher, invocation: Invocation) -> ScheduleRow:
    """A sealed invocation for later: its payload is nobody else's business."""
    sealed = cipher.seal(_encoder.encode(invocation), invocation.id.encode())
    return ScheduleRow(invocation.id, invocation.scheduled_to_us, sealed)


def from_schedule_row(cipher: Cipher, row: ScheduleRow, store: str, quarantine: Quarantine) -> Invocation | None:
    """The invocation of a row; None if it does not decode.

    Raises:
        StoreDamaged: it cannot be opened.
    """
    try:
        return _invocation_decoder.decode(cipher.open(row.data, row.id.encode()))
    except UNDECODABLE as error:
        quarantine.add(Quarantined(what="schedule", id=row.id, why=str(error)))
        return None
    except SealBrokenError as error:
        raise StoreDamaged(f"Cannot read schedule {row.id} in {store}: {error}.\nNothing was changed.") from error
