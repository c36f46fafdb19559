"""What a database has to offer so that `JournalStore` can keep a journal in it.

A backend knows rows and transactions; it knows nothing of turns, keys or encryption. `memory` and `sqlite` implement
it. The same tables serve every SQL database: nothing here needs a dialect's own feature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from runtime.ids import ActorId
from runtime.records import Lifecycle


class BlockRow(msgspec.Struct, frozen=True):
    """A sealed run of turns.  Rows do not overlap, and where nothing was removed each `first` is the previous `last` + 1."""

    first: int
    last: int
    actors: bytes
    """Which actors have turns in it, as `blocks.actor_filter` makes it; authenticated with the data."""
    data: bytes


class BlockHead(msgspec.Struct, frozen=True):
    """A block row without its data."""

    first: int
    last: int
    actors: bytes
    size: int
    """Bytes of data."""


class SealedRow(msgspec.Struct, frozen=True):
    """The turns of some blocks once more, as sealed columns (`sealed_columns`).  Rows do not overlap."""

    first: int
    last: int
    data: bytes


class SnapshotRow(msgspec.Struct, frozen=True, kw_only=True):
    """One actor: Spawn's columns, then ours.  The key is (`actor`, `system`)."""

    id: int | None = None
    """Spawn's own 27-bit hash where a row came from a real Spawn store; data, never a key."""
    actor: str
    system: str
    status: str
    node: str
    revision: int
    tags: str
    """A JSON object."""
    data_type: str
    """`Encoded.type`; empty together with `data` None for an actor without a state."""
    data: bytes | None
    """`Encoded.data` in the Cloak layout."""
    updated_us: int
    parent: str
    definition: str
    sequence: int
    """The last turn that this row has seen; rolling forward skips turns up to it."""
    kept_aside: bytes | None = None
    """`State.dropped_fields`, sealed with all of the row (`snapshots.bound`); in format 1 in the Cloak layout, or None."""


class DefinitionRow(msgspec.Struct, frozen=True):
    """A definition, sealed; its key is `hash`."""

    hash: str
    name: str
    deployed_us: int
    data: bytes


class ScheduleRow(msgspec.Struct, frozen=True):
    """An invocation for later, sealed; its key is `id`."""

    id: str
    due_us: int
    data: bytes


class Writes(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction."""

    block: BlockRow | None = None
    """Appended; its `first` must be the head + 1."""
    merged: BlockRow | None = None
    """Takes the place of all rows between its `first` and `last`."""
    dropped: tuple[int, int] | None = None
    """First and last sequence of block rows to remove; they lie wholly between, and the store's last row is not among them."""
    sealed: SealedRow | None = None
    unsealed: tuple[int, int] | None = None
    """First and last sequence of turns that change: sealed rows with one of these are removed."""
    keys: Sequence[tuple[int, int]] = ()
    """(hash, sequence); a hash that is there already keeps its sequence."""
    forgotten: Sequence[tuple[int, int, int]] = ()
    """(hash, sequence, next hash): that key is removed, unless there is one with the next hash, which is found through it."""
    snapshots: Sequence[SnapshotRow] = ()
    """Each replaces the row of its actor."""
    lifecycle: Sequence[Lifecycle] = ()
    definitions: Sequence[DefinitionRow] = ()
    schedules: Sequence[ScheduleRow] = ()
    """An id that is there already keeps its row."""
    rescheduled: Sequence[ScheduleRow] = ()
    """Each replaces the row of its id, if there is one."""
    settled: Sequence[str] = ()
    """Ids of schedules to remove; one that is not there is passed over."""
    meta: Mapping[str, str] = {}
    """Entries set or replaced."""


class Counts(msgspec.Struct, frozen=True):
    """How much there is, as of one moment."""

    head: int
    keys: int
    snapshots: int
    attested: str
    """The entry `attested` of the facts; empty without one."""


class Changes(msgspec.Struct, frozen=True):
    """What a transaction did to what is counted."""

    head: int | None
    """The last turn after it; None if it is as before."""
    keys_added: Sequence[tuple[int, int]]
    """Rows of keys (hash, sequence) that were not there before."""
    keys_removed: Sequence[tuple[int, int]]
    """Rows of keys that were there, as they were; removed before any was added."""
    snapshots: int
    """Rows added."""
    meta: Mapping[str, str]
    """Facts that it sets."""


class Attests(Protocol):
    """Who authenticates what is counted (`attestation`)."""

    def is_touched_by(self, writes: Writes) -> bool: ...

    def entry(self, present: str, changes: Changes, totals: Callable[[], Counts]) -> dict[str, str]: ...


class Backend(Protocol):
    """Tables with transactions.

    Threads: `create`, `write` and `close` are called by one thread at a time, everything else by any thread at any
    time.  Errors: `StoreUnavailable` when the database cannot be used just now, `StoreDamaged` when it says it is corrupt.
    """

    url: str
    """As the user wrote it, without secrets."""
    attests: Attests | None
    """Set by the store on top: `write` asks it for facts to set in the same transaction, last, if these writes touch them."""

    def meta(self) -> dict[str, str]:
        """The store's own facts; empty for a store that was never created.  Never writes."""
        ...

    def create(self, meta: Mapping[str, str]) -> None:
        """Make the tables and set `meta`, all or nothing."""
        ...

    def write(self, writes: Writes) -> int:
        """Do everything in one transaction and sync it; the number of keys that were there already.

        Raises:
            StaleCommit: `block` does not continue the head; nothing was written.
            StoreUnavailable: nothing was written, or (a lost connection) it is not known; the caller looks at `head()`.
        """
        ...

    def counts(self) -> Counts:
        """How much there is; costs a look at all keys."""
        ...

    def head(self) -> int:
        """The last row's `last`; 0 without rows."""
        ...

    def blocks(self, after: int, limit: int) -> list[BlockRow]:
        """At most `limit` rows with `last` above `after`, in order."""
        ...

    def block_heads(self, after: int, limit: int) -> list[BlockHead]:
        """The same rows without their data, which is not read."""
        ...

    def block_of(self, sequence: int) -> BlockRow | None:
        """The row that holds this turn."""
        ...

    def key(self, key_hash: int) -> int | None:
        """The sequence kept for this hash."""
        ...

    def snapshot(self, actor: ActorId) -> SnapshotRow | None: ...

    def snapshots(self, after: tuple[str, str], prefix: str, limit: int) -> list[SnapshotRow]:
        """At most `limit` rows above `after` (an (actor, system) pair) by name, without `data` and `kept_aside`."""
        ...

    def lifecycle(self, after: int, limit: int) -> list[tuple[int, Lifecycle]]:
        """At most `limit` marks numbered above `after`, in the order they were written, with their numbers."""
        ...

    def schedules(self) -> list[ScheduleRow]:
        """By `due_us`."""
        ...

    def definitions(self) -> list[DefinitionRow]:
        """By `deployed_us`."""
        ...

    def close(self) -> None:
        """Safe to call twice."""
        ...


@runtime_checkable
class RetainingBackend(Backend, Protocol):
    """A backend that heeds `Writes.dropped`, `unsealed` and `forgotten` too, so that old turns can be removed."""

    retains: bool
    """True."""


@runtime_checkable
class SealingBackend(Backend, Protocol):
    """A backend that also keeps columns: it heeds `Writes.sealed` and `unsealed`."""

    def sealed(self, after: int, limit: int) -> list[SealedRow]:
        """At most `limit` rows with `last` above `after`, in order."""
        ...

    def sealed_ranges(self, after: int, limit: int) -> list[tuple[int, int]]:
        """`first` and `last` of the same rows; their data is not read."""
        ...


@runtime_checkable
class KeyListingBackend(Backend, Protocol):
    """A backend whose keys can be listed, because asking it for one is expensive (see `idempotency`)."""

    def key_rows(self, start: int, limit: int) -> list[tuple[int, int]]:
        """At most `limit` rows (hash, sequence) with hashes from `start` on, in order."""
        ...
