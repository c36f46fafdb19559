"""Snapshots to rows and back."""

from __future__ import annotations

import platform

import msgspec

from runtime.crypto.cipher import Cipher, SealBrokenError
from runtime.crypto.cloak import TAGGED_BYTES, cloak, uncloak
from runtime.errors import StoreDamaged
from runtime.ids import ActorId
from runtime.records import Encoded, Invocation, Quarantined, Snapshot, State, StoredDefinition, Turn
from runtime.statestores.backend import DefinitionRow, ScheduleRow, SnapshotRow
from runtime.statestores.quarantine import Quarantine
from runtime.statestores.salvage import UNDECODABLE, texts

_BOUND = b"\x02"
"""How a column starts that is sealed together with its row; the Cloak layout starts with 1."""
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
    row = SnapshotRow(
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
    )
    return bound(cipher, row, state.kept_aside if state else b"")


def _tags_text(tags: dict[str, str]) -> str:
    """As JSON; what is no text is left out, so that no row holds up those of others."""
    try:
        return _json.encode(tags).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        return _json.encode(texts(tags)).decode()


def bound(cipher: Cipher, row: SnapshotRow, kept_aside: bytes) -> SnapshotRow:
    """The row with what is kept aside, sealed together with everything that the row says."""
    return msgspec.structs.replace(row, kept_aside=_BOUND + cipher.seal(kept_aside, _said_by(row)))


def kept_aside_of(cipher: Cipher, row: SnapshotRow, accepts_unbound: bool) -> bytes:
    """What is kept aside in a row, once it is certain that the row says what was written.

    Args:
        accepts_unbound: the row may be from a store of format 1, in which it is not certain.

    Raises:
        SealBrokenError: something in the row was changed.
    """
    sealed = row.kept_aside
    if sealed is not None and sealed.startswith(_BOUND):
        return cipher.open(memoryview(sealed)[len(_BOUND) :], _said_by(row))
    if not accepts_unbound:
        raise SealBrokenError("what it says is not authenticated")
    return b"" if sealed is None else uncloak(cipher, sealed)


def is_bound(row: SnapshotRow) -> bool:
    """Whether what the row says is authenticated."""
    return row.kept_aside is not None and row.kept_aside.startswith(_BOUND)


def _said_by(row: SnapshotRow) -> bytes:
    data = row.data[:TAGGED_BYTES] if row.data is not None else None  # the tag stands for all of it
    return _encoder.encode(
        (
            row.actor, row.system, row.status, row.node, row.revision, row.tags, row.data_type, data,
            row.updated_us, row.parent, row.definition, row.sequence,
        )
    )  # fmt: skip


def from_row(
    cipher: Cipher, row: SnapshotRow, store: str, quarantine: Quarantine, *, accepts_unbound: bool = False
) -> Snapshot:
    """The snapshot of a row; tags that do not decode are left out.

    Args:
        accepts_unbound: as `kept_aside_of`.

    Raises:
        StoreDamaged: its data cannot be opened, or something in it was changed.
    """
    try:
        state = _state(cipher, row, kept_aside_of(cipher, row, accepts_unbound))
    except SealBrokenError as error:
        raise damaged_row(row, store, error) from error
    return listed(row, state, quarantine)


def damaged_row(row: SnapshotRow, store: str, error: SealBrokenError) -> StoreDamaged:
    """The error for a row that does not pass its check."""
    return StoreDamaged(
        f"Cannot read the state of {row.actor} (revision {row.revision}) in {store}: {error}.\n"
        "The row was changed or torn. Nothing was changed now. Put a copy of the store in its place, or make one with this row as "
        f"the journal has it: python -m runtime check {store} --repair OUT"
    )


def listed(row: SnapshotRow, state: State | None, quarantine: Quarantine) -> Snapshot:
    """The snapshot that a row says, with that state; nothing is checked."""
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


def _state(cipher: Cipher, row: SnapshotRow, aside: bytes) -> State | None:
    if row.data is None:
        return None
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
