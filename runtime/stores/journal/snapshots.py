"""What is committed in blocks and not yet in the snapshot and key rows.

Commits only append blocks; rows for single actors and keys are written later, many at a time. Until then they are
here: the newest turn of each changed actor, and the keys. There are two generations: turns enter the young one;
`freeze` makes it the old one, which `chunk` and `written` drain. When the old one is empty, the rows hold everything
up to the sequence at which it was frozen: that is the *mark*, and opening a store reads only the blocks after it.

Readers may look at any time. An entry leaves only after its row is committed, so it is always in one place or the
other.
"""

from __future__ import annotations

import heapq
import platform
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from runtime.errors import StoreDamaged
from runtime.ids import ActorId
from runtime.records import Encoded, Invocation, Quarantined, Snapshot, State, StoredDefinition, Turn
from runtime.security.crypto import TAGGED_BYTES, Cipher, SealBrokenError, cloak, uncloak
from runtime.stores.journal.attestation import BOUND, NO_ROW, Attestor
from runtime.stores.journal.backend import Backend, DefinitionRow, ScheduleRow, SnapshotRow, Writes
from runtime.stores.journal.blocks import actor_hash
from runtime.stores.journal.reader import JournalReader
from runtime.stores.journal.salvage import UNDECODABLE, Quarantine, texts

MOST_ACTORS = 16_384
MOST_KEYS = 131_072
"""How many may be held before they are written even when there is no time for it."""


class Tail:
    """Changed actors and new keys since the mark.  One thread writes, any may read."""

    __slots__ = ("_frozen_head", "_old_keys", "_old_turns", "_young_keys", "_young_turns")

    def __init__(self, mark: int) -> None:
        self._young_turns: dict[ActorId, Turn] = {}
        self._old_turns: dict[ActorId, Turn] = {}
        self._young_keys: dict[int, int] = {}
        self._old_keys: dict[int, int] = {}
        self._frozen_head = mark

    def turn(self, actor: ActorId) -> Turn | None:
        """The last turn that changed the actor, its state whole; None when its row is current."""
        return self._young_turns.get(actor) or self._old_turns.get(actor)

    def turns(self) -> dict[ActorId, Turn]:
        """All changed actors, as a copy."""
        old = self._old_turns.copy()
        return old | self._young_turns.copy()

    def key(self, key_hash: int) -> int | None:
        """The sequence of a key that has no row yet."""
        return self._young_keys.get(key_hash) or self._old_keys.get(key_hash)

    def add(self, turn: Turn) -> None:
        """`turn` changed its actor; its state is whole."""
        self._young_turns[turn.actor] = turn

    def add_all(self, turns: Sequence[Turn]) -> None:
        """`turns` changed their actors, in this order; their states are whole."""
        self._young_turns.update([(turn.actor, turn) for turn in turns])

    def add_key(self, key_hash: int, sequence: int) -> None:
        self._young_keys[key_hash] = sequence

    def discard(self, actor: ActorId) -> None:
        """The actor's row is current."""
        self._young_turns.pop(actor, None)
        self._old_turns.pop(actor, None)

    @property
    def is_long(self) -> bool:
        """More is held in memory than should be. Keys are small: many of them do not push the actors' states out."""
        return (
            len(self._young_turns) + len(self._old_turns) >= MOST_ACTORS
            or len(self._young_keys) + len(self._old_keys) >= MOST_KEYS
        )

    @property
    def frozen_head(self) -> int:
        """The mark once the old generation is drained."""
        return self._frozen_head

    @property
    def is_drained(self) -> bool:
        """Nothing of the old generation is left."""
        return not self._old_turns and not self._old_keys

    def freeze(self, head: int) -> None:
        """Make the young generation the old one, which must be drained; `head` is the last committed sequence."""
        assert self.is_drained
        # In this order, a reader that looks into young, then old, misses nothing.
        self._old_turns, self._old_keys = self._young_turns, dict(sorted(self._young_keys.items()))
        self._young_turns, self._young_keys = {}, {}
        self._frozen_head = head

    def chunk(self, limit: int, most_bytes: int = sys.maxsize) -> tuple[list[Turn], list[tuple[int, int]], bool]:
        """Up to `limit` turns and eight times as many keys to write next, and whether these are the last.

        No more turns than until their states have `most_bytes` together.
        """
        turns, size = list[Turn](), 0
        for turn in islice(self._old_turns.values(), limit):
            turns.append(turn)
            size += len(turn.state.value.data) if turn.state is not None else 0
            if size >= most_bytes:
                break
        keys = list(islice(self._old_keys.items(), limit * 8))
        return turns, keys, len(turns) == len(self._old_turns) and len(keys) == len(self._old_keys)

    def written(self, turns: list[Turn], keys: list[tuple[int, int]]) -> None:
        """A chunk is committed."""
        for turn in turns:
            self._old_turns.pop(turn.actor, None)
        for key_hash, _ in keys:
            del self._old_keys[key_hash]


# --- Snapshots to rows and back ---------------------------------------------------------------------------------------

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
    return bound(cipher, row, state.dropped_fields if state else b"")


def _tags_text(tags: dict[str, str]) -> str:
    """As JSON; what is no text is left out, so that no row holds up those of others."""
    try:
        return _json.encode(tags).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError):
        return _json.encode(texts(tags)).decode()


def bound(cipher: Cipher, row: SnapshotRow, dropped_fields: bytes) -> SnapshotRow:
    """The row with the dropped fields, sealed together with everything that the row says."""
    return msgspec.structs.replace(row, kept_aside=_BOUND + cipher.seal(dropped_fields, _said_by(row)))


def dropped_fields_of(cipher: Cipher, row: SnapshotRow, accepts_unbound: bool) -> bytes:
    """The dropped fields of a row, once it is certain that the row says what was written.

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
        accepts_unbound: as `dropped_fields_of`.

    Raises:
        StoreDamaged: its data cannot be opened, or something in it was changed.
    """
    try:
        state = _state(cipher, row, dropped_fields_of(cipher, row, accepts_unbound))
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
    """A sealed definition: source can hold what no one else should read."""
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
    """A sealed invocation for later: its payload is no one else's business."""
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


# --- What a journal store knows of actors right now: their rows, and over them the tail -------------------------------

_PAGE = 500


class Actors:
    """The committed state of every actor; any thread."""

    def __init__(
        self,
        backend: Backend,
        tail: Tail,
        cipher: Cipher,
        quarantine: Quarantine,
        attestor: Attestor,
        reader: JournalReader,
        mark: int,
    ) -> None:
        """`mark` is the last turn that all rows had seen when the store was opened."""
        self._backend, self._tail, self._cipher = backend, tail, cipher
        self._quarantine, self._attestor = quarantine, attestor
        self._reader, self._mark = reader, mark
        self._seen: array[int] | None = None
        """Hashes of the actors with turns up to the mark, once one was looked for in vain."""

    def load(self, actor: ActorId) -> Snapshot | None:
        """The actor as of the last commit, or None."""
        if (turn := self._tail.turn(actor)) is not None:
            return snapshot_of(turn)
        row = self._backend.snapshot(actor)
        if row is None:
            self._attestor.verify(self._backend)
            self._check_has_no_past(actor)
            return None
        accepts_unbound = self._attestor.accepts_unbound(row)
        return from_row(self._cipher, row, self._backend.url, self._quarantine, accepts_unbound=accepts_unbound)

    def _check_has_no_past(self, actor: ActorId) -> None:
        """An actor without a row has no turn that a row has seen: a row that bears another name now is noticed by that."""
        if self._seen is None:
            self._seen = self._reader.actors_up_to(self._mark)
        place = bisect_left(self._seen, actor_hash(actor))
        if place == len(self._seen) or self._seen[place] != actor_hash(actor):
            return
        turn = self._reader.next_state(actor, 0)
        if turn is not None and turn.sequence <= self._mark and self._backend.snapshot(actor) is None:
            raise self._attestor.damaged(
                f"the state of {actor.name} is missing, though turn {turn.sequence} changed it"
            )

    def row_sequence(self, actor: ActorId, mark: int) -> int:
        """The last turn that the actor's row has seen; 0 without a row.

        Only what keeps turns above the mark from being looked at is checked.

        Raises:
            StoreDamaged: the row was changed.
        """
        row = self._backend.snapshot(actor)
        if row is None:
            return 0
        if row.sequence <= mark:
            return row.sequence
        try:
            dropped_fields_of(self._cipher, row, self._attestor.accepts_unbound(row))
        except SealBrokenError as error:
            raise damaged_row(row, self._backend.url, error) from error
        return row.sequence

    def whole(self, turn: Turn) -> Turn | None:
        """The turn with its actor's state after it; None for a turn that changed neither state nor tags.

        A turn that changed only the tags gets the state that the actor already has, with the definition that made it.
        """
        if turn.state is not None or turn.revision == 0:
            return turn
        if turn.tags_after is None:
            return None
        before = self.load(turn.actor)
        if before is None:
            return turn
        return msgspec.structs.replace(turn, state=before.state, definition=before.definition)

    def known(self, prefix: str, limit: int | None) -> Iterator[Snapshot]:
        """Actors whose name starts with `prefix`, by name, without their states."""
        # The tail is copied before the first row is read: what leaves it meanwhile is seen in both, never in neither.
        changed = sorted(
            (snapshot_of(turn) for turn in self._tail.turns().values() if turn.actor.name.startswith(prefix)),
            key=_by_name,
        )
        newer = {snapshot.actor for snapshot in changed}
        stored = (snapshot for snapshot in self._stored(prefix) if snapshot.actor not in newer)
        return (_without_state(found) for found in islice(heapq.merge(changed, stored, key=_by_name), limit))

    def _stored(self, prefix: str) -> Iterator[Snapshot]:
        after = ("", "")
        while page := self._backend.snapshots(after, prefix, _PAGE):
            for row in page:
                yield listed(row, None, self._quarantine)
            after = (page[-1].actor, page[-1].system)


def _by_name(snapshot: Snapshot) -> tuple[str, str]:
    return snapshot.actor.name, snapshot.actor.system


def _without_state(snapshot: Snapshot) -> Snapshot:
    return msgspec.structs.replace(snapshot, state=None)


# --- Binds rows of actors from format 1 to what they say, a portion at a time (`bound`) -------------------------------

_ROWS = 200


class Binder:
    """Goes over the rows of one store; used by the writer's thread."""

    def __init__(self, backend: Backend, cipher: Cipher, meta: Mapping[str, str], *, is_old: bool) -> None:
        """`is_old`: the store had format 1 when it was opened."""
        self._backend, self._cipher = backend, cipher
        text = meta.get(BOUND, NO_ROW if is_old else "")
        self._after: tuple[str, str] | None = msgspec.json.decode(text, type=tuple[str, str]) if text else None

    def step(self) -> bool:
        """One portion, in one transaction; False when there is nothing to do."""
        if self._after is None:
            return False
        page = self._backend.snapshots(self._after, "", _ROWS)
        after = (page[-1].actor, page[-1].system) if page else None
        rows = [self._backend.snapshot(ActorId(light.system, light.actor)) for light in page]
        text = msgspec.json.encode(after).decode() if after else ""
        anew = [self._bound(row) for row in rows if row is not None and not is_bound(row)]
        self._backend.write(Writes(snapshots=[row for row in anew if row is not None], meta={BOUND: text}))
        self._after = after
        return after is not None

    def _bound(self, row: SnapshotRow) -> SnapshotRow | None:
        """None for a row that is damaged: its reader is told, and the others go on."""
        try:
            return bound(self._cipher, row, dropped_fields_of(self._cipher, row, accepts_unbound=True))
        except SealBrokenError:
            return None
