"""What the runtime needs of a state store, and what it may rely on.

A store keeps one actor runtime's past: the journal of turns in groups, a snapshot per actor, definitions, and life-cycle
marks.  `runtime.testing.statestore_checks` is the executable form of this page; every adapter passes it.

This module must not know any database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from runtime.ids import ActorId
from runtime.records import Invocation, Lifecycle, Quarantined, RetentionMark, Snapshot, StoredDefinition, Turn


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit writes: all of it or nothing."""

    turns: tuple[Turn, ...] = ()
    """In order of sequence, without gaps, continuing the store's head."""
    snapshots: tuple[Snapshot, ...] = ()
    lifecycle: tuple[Lifecycle, ...] = ()
    scheduled: tuple[Invocation, ...] = ()
    """Invocations for later, kept until they are settled.  The first of an id counts, but a dead letter replaces its message."""
    settled: tuple[str, ...] = ()
    """Ids of scheduled invocations that were executed: with the turn of this group that did it."""

    def __bool__(self) -> bool:
        return bool(self.turns or self.snapshots or self.lifecycle or self.scheduled or self.settled)


class Isolated(msgspec.Struct, frozen=True):
    """A group in which something could not be encoded, without that (`isolation`)."""

    group: Group
    turns: tuple[tuple[Turn, Turn], ...]
    """Each turn that could not be written, and what is written in its place."""
    refused: tuple[Invocation, ...]
    """Invocations for later that cannot be kept."""
    findings: tuple[Quarantined, ...]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one actor's past.  None is without limit; a turn goes as soon as one limit says so."""

    revisions: int | None = None
    """The newest so many, with all turns that ended at one of them."""
    invocations: int | None = None
    """The newest so many turns, whether they changed the state or not."""
    age_us: int | None = None
    """Turns that ended less long ago."""

    def __bool__(self) -> bool:
        return any(limit is not None for limit in (self.revisions, self.invocations, self.age_us))


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What a store keeps of the past.  States, schedules, definitions and life-cycle marks always stay."""

    every: Limits = Limits()
    """For each actor."""
    of: Mapping[str, Limits] = {}
    """Instead of `every`, for the actors of a template (a named actor is its own)."""
    turns: int | None = None
    """The newest so many turns of all actors together."""

    def __bool__(self) -> bool:
        return bool(self.every or any(self.of.values()) or self.turns is not None)


class StateStore(Protocol):
    """A durable, encrypted journal with a snapshot per actor.

    Threads: `commit`, `checkpoint`, `seal` and `retain` are called by one thread at a time (the recorder);
    `save_definition`, `close`, `load`, `find_key`, `turns`, `actors` and the other reads may be called by any thread at
    any time, also meanwhile.
    """

    url: str

    def head(self) -> int:
        """The sequence of the last committed turn; 0 for a new store."""
        ...

    def commit(self, group: Group) -> None:
        """Write a group atomically; when it returns, the group is synced to disk (as far as the store has one).

        After a crash at any moment the store holds whole groups only, a prefix of those that were committed.

        Raises:
            StaleCommit: the first turn does not continue `head()`; nothing was written.
            StoreUnavailable: it could not be written; nothing was written, and the same group may be committed again.
        """
        ...

    def checkpoint(self) -> bool:
        """Write the snapshots of the actors that changed since the last checkpoint, so that opening reads a short tail.

        Bounded in time for each call, never needed for correctness.  True when something is left for another call.

        Raises:
            StoreUnavailable: as `commit`.
        """
        ...

    def seal(self) -> bool:
        """Make columns of turns, so that `history_batches` is fast.  Bounded in time for each call, never needed.

        Call it now and then.  True when something is left for another call.

        Raises:
            StoreUnavailable: as `commit`.
        """
        ...

    def retain(self, retention: Retention, now_us: int) -> bool:
        """Remove turns that `retention` does not keep.  Bounded in time for each call.

        What is kept is at least what is asked for; what is gone follows within some thousand turns.  States, schedules and
        the numbering of turns and revisions stay as they are; an idempotency key goes with the turn that used it.  Waits, with
        False, while a reader is in the middle of it.  True when something is left for another call.

        Raises:
            StoreUnavailable: as `commit`; another call goes on.
        """
        ...

    def retention_mark(self) -> RetentionMark:
        """How much of the past was removed."""
        ...

    def oldest_revision(self, actor: ActorId) -> int | None:
        """The first revision of the actor that `state_at` finds; None if it finds none."""
        ...

    def load(self, actor: ActorId) -> Snapshot | None:
        """The actor's last committed state, or None for an actor that never had a turn or snapshot.

        Sees every group whose `commit` returned before the call.
        """
        ...

    def find_key(self, actor: ActorId, key: str) -> Turn | None:
        """The successful turn that used this idempotency key on this actor, if one was committed."""
        ...

    def state_at(self, actor: ActorId, revision: int) -> Snapshot | None:
        """The actor as it was at that revision, or None if that revision is not in the journal any more."""
        ...

    def turns(self, *, after: int = 0, actor: ActorId | None = None) -> Iterator[list[Turn]]:
        """Committed turns with a sequence above `after`, oldest first, in batches of the store's own size.

        States stored as deltas come back whole.  With `actor`, only that actor's turns.
        """
        ...

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        """The same turns as `turns(after=after)` as `pyarrow.RecordBatch`es with the columns of `columns.SCHEMA`.

        Many times as fast where they are sealed, and faster for few columns.

        Args:
            until: the last turn to give; None for all that there are.
            columns: the only ones that are needed, beside `sequence`; others may be given too.
        """
        ...

    def actors(self, *, prefix: str = "", limit: int | None = None) -> Iterator[Snapshot]:
        """Known actors by name, without their state (`state` is None), at most `limit`."""
        ...

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        """All life-cycle marks but the first `after`, oldest first."""
        ...

    def schedules(self) -> list[Invocation]:
        """Scheduled invocations that are not settled, by the time they are due."""
        ...

    def save_definition(self, definition: StoredDefinition) -> None:
        """Keep a definition's source and shape; the same hash again only renews its time.

        Raises:
            StoreUnavailable: as `commit`.
        """
        ...

    def definitions(self) -> list[StoredDefinition]:
        """Every definition that was ever deployed here, oldest first."""
        ...

    def quarantined(self) -> list[Quarantined]:
        """What was found in the store since it was opened that does not decode, although it passes its check.

        A turn of that kind is given, by all reads, as a failure with the code `turn_quarantined` and with what is known of it;
        an actor comes back with the last of its states that decodes.
        """
        ...

    def close(self) -> None:
        """Release the store; safe to call twice.  What was committed stays."""
        ...


def flatten(batches: Iterable[list[Turn]]) -> Iterator[Turn]:
    """Single turns from the batches of `StateStore.turns`."""
    for batch in batches:
        yield from batch
