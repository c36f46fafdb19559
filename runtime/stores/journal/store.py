"""`JournalStore`: a journal of sealed blocks over any `Backend`.

A commit appends one block and nothing else, whatever the number of actors. What single actors and keys need to be
found by is kept in the `Tail` until `checkpoint` writes it as rows; opening the store rolls forward the blocks since
the last mark. So every read looks into the tail first and into the rows then.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import msgspec

from runtime.errors import BadSetting, StoreDamaged, StoreInUse, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Invocation, Lifecycle, Quarantined, RetentionMark, Snapshot, StoredDefinition, Turn
from runtime.security.crypto import KeyFiles
from runtime.stores.base import Group, Retention
from runtime.stores.journal import salvage
from runtime.stores.journal.attestation import Attestor
from runtime.stores.journal.backend import Backend, Counts, RetainingBackend, SealedRow, SealingBackend, Writes
from runtime.stores.journal.blocks import BlockCodec
from runtime.stores.journal.columns.sealed_columns import SealedColumns, Sealer
from runtime.stores.journal.deltas import applied
from runtime.stores.journal.encryption import Identity, identify
from runtime.stores.journal.idempotency import Keys
from runtime.stores.journal.reader import JournalReader
from runtime.stores.journal.rekey import Rekeyer
from runtime.stores.journal.retention import META as MERGED
from runtime.stores.journal.retention import Merger, Retainer, Thinner
from runtime.stores.journal.salvage import Quarantine, encodable
from runtime.stores.journal.snapshots import (
    Actors,
    Binder,
    Tail,
    from_definition_row,
    from_schedule_row,
    snapshot_of,
    to_definition_row,
)
from runtime.stores.journal.writer import JournalWriter

_CHECKPOINT_S = 0.025
_PAGE_MARKS = 1_000


class JournalStore:
    """A `StateStore` (see `stores.base`) in the database behind `backend`."""

    def __init__(
        self,
        backend: Backend,
        *,
        key: bytes | None = None,
        key_files: KeyFiles | None = None,
        old_keys: Sequence[bytes] | None = None,
    ) -> None:
        """Opens the store, or creates it where there is none; nothing is written to one that cannot be opened.

        Args:
            key: 32 bytes; None for the key in the environment, else the one that was made for this store.
            key_files: where keys are made and found; None for a store that dies with the process.
            old_keys: those before `key`: they open the store, and what is written is under the new key.

        Raises:
            WrongKey, StoreTooNew, StoreDamaged, StoreUnavailable: the backend is left as it was, and open.
        """
        self.url = backend.url
        self._backend = backend
        self._identity = identify(backend, key=key, key_files=key_files, old_keys=old_keys, first_facts=_first_facts)
        self._quarantine = Quarantine(self.url)
        codec = BlockCodec(self._identity.cipher, self.url, self._quarantine)
        meta = backend.meta()
        attestor = Attestor(self._identity, self.url, meta)
        attestor.check(backend)
        backend.attests = attestor
        mark = int(meta["mark"])
        tail = Tail(mark)
        self._reader = JournalReader(backend, codec)
        cipher = self._identity.cipher
        self._actors = Actors(backend, tail, cipher, self._quarantine, attestor, self._reader, mark)
        self._keys = Keys(backend, tail, self._identity, self._reader, attestor)
        Recovery(backend, self._reader, tail, self._actors).run(mark, self._keys)
        self._writer = JournalWriter(backend, self._identity, codec, tail, self._reader, self._actors, self._keys)
        self._merger = Merger(backend, codec, int(meta.get(MERGED, "0")))
        self._retains = isinstance(backend, RetainingBackend)  # once: such a look costs 0.1 ms
        sealing = backend if isinstance(backend, SealingBackend) else None
        self._columns = SealedColumns(sealing, self._identity.cipher, self._reader, self._keep_columns)
        self._sealer = Sealer(sealing, self._identity.cipher, self._reader, self._columns) if sealing else None
        self._steadiness = Steadiness(self.url)
        thinner = Thinner(backend, codec, self._reader, self._keys, self._writer.forget_base, self._unseal)
        self._retainer = Retainer(backend, codec, thinner, meta)
        self._binder = Binder(backend, self._identity.cipher, meta, is_old=not self._identity.is_attested)
        if facts := self._identity.facts_of_new_key():
            backend.write(Writes(meta=facts))
        self._rekeyer = Rekeyer(backend, codec, self._identity.cipher, meta | facts, self._unseal_above)
        self._pid = os.getpid()
        self._writing = threading.Lock()
        self._is_closed = False

    @property
    def key_location(self) -> str:
        """Where the key is: a path, `SPAWN_STATESTORE_KEY`, or empty for one that was passed in or is not kept."""
        return self._identity.key_location

    @property
    def key_is_new(self) -> bool:
        """True when opening this store made its key, which is when a user has to be told where it is."""
        return self._identity.key_is_new

    def head(self) -> int:
        return self._writer.head

    def commit(self, group: Group) -> None:
        self._check_usable()
        with self._writing:
            try:
                self._writer.commit(group)
            except UnicodeEncodeError:
                self._writer.commit(encodable(group))

    def checkpoint(self) -> bool:
        self._check_usable()
        deadline = time.monotonic() + _CHECKPOINT_S
        with self._writing:
            while has_more := self._writer.checkpoint_step() or self._binder.step() or self._merge():
                if time.monotonic() >= deadline:
                    break
            return has_more

    def seal(self) -> bool:
        self._check_usable()
        with self._writing:
            return self._sealer is not None and self._sealer.step(self._writer.head, self._retainer.kept.gone)

    def retain(self, retention: Retention, now_us: int) -> bool:
        self._check_usable()
        if not retention:
            return False
        if not self._retains:
            raise BadSetting(f"Cannot remove old turns from {self.url}: a store of this kind keeps all of them.")
        with self._writing, self._steadiness.removing() as is_free:
            return is_free and self._retainer.step(retention, now_us, self._writer.mark)

    def rekey(self) -> bool:
        """Write a portion of what is under an older key anew, under the present one; True when something is left.

        Each call is bounded in time.  When nothing is left, the store needs its older keys no more.

        Raises:
            StoreUnavailable: as `commit`; another call goes on, also after a crash.
        """
        self._check_usable()
        with self._writing:
            return self._rekeyer.step()

    def retention_mark(self) -> RetentionMark:
        return self._retainer.kept

    def oldest_revision(self, actor: ActorId) -> int | None:
        self._check_usable()
        if (first := self._reader.next_state(actor, 0)) is not None:
            return first.revision
        now = self.load(actor)
        return now.revision if now is not None and now.state is not None else None

    def schedules(self) -> list[Invocation]:
        self._check_usable()
        rows = self._backend.schedules()
        found = (from_schedule_row(self._identity.cipher, row, self.url, self._quarantine) for row in rows)
        return [invocation for invocation in found if invocation is not None]

    def save_definition(self, definition: StoredDefinition) -> None:
        self._check_usable()
        row = to_definition_row(self._identity.cipher, definition)
        with self._writing:
            self._backend.write(Writes(definitions=[row]))

    def load(self, actor: ActorId) -> Snapshot | None:
        self._check_usable()
        try:
            return self._actors.load(actor)
        except UnicodeEncodeError:
            return None  # nothing was ever stored under such a name

    def find_key(self, actor: ActorId, key: str) -> Turn | None:
        self._check_usable()
        try:
            return self._keys.find(actor, key)
        except UnicodeEncodeError:
            return None

    def state_at(self, actor: ActorId, revision: int) -> Snapshot | None:
        now = self.load(actor)
        if now is None or now.revision < revision:
            return None
        if now.revision == revision:
            return now
        return self._past(actor, revision)

    def turns(self, *, after: int = 0, actor: ActorId | None = None) -> Iterator[list[Turn]]:
        self._check_usable()
        # Up to the head as of now: what `load` does not show yet is not shown here either.
        head = self._writer.head
        found = self._reader.batches(after, head) if actor is None else self._reader.batches_of(actor, after, head)
        return self._steadiness.steady(found)

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        self._check_usable()
        head = self._writer.head
        last = head if until is None else min(head, until)
        return self._steadiness.steady(self._columns.batches(after, last, columns))

    def actors(self, *, prefix: str = "", limit: int | None = None) -> Iterator[Snapshot]:
        self._check_usable()
        return self._actors.known(prefix, limit)

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        self._check_usable()
        return self._marks(after)

    def definitions(self) -> list[StoredDefinition]:
        self._check_usable()
        rows = self._backend.definitions()
        found = (from_definition_row(self._identity.cipher, row, self.url, self._quarantine) for row in rows)
        return [definition for definition in found if definition is not None]

    def quarantined(self) -> list[Quarantined]:
        return self._quarantine.found()

    def close(self) -> None:
        """Release the store; safe to call twice, and without effect in a forked child.  What was committed stays."""
        if os.getpid() != self._pid:
            return
        with self._writing:
            self._is_closed = True
            self._backend.close()

    def _merge(self) -> bool:
        return not self._retainer.is_passing and self._merger.step(self._writer.head)

    def _keep_columns(self, row: SealedRow, changes: int) -> bool:
        """Write what a reader made.  A reader goes on whatever becomes of it."""
        with self._writing, suppress(StoreUnavailable):
            if self._sealer is not None and not self._is_closed and row.first > self._retainer.kept.gone:
                return self._sealer.keep(row, changes)
        return False

    def _unseal(self, first: int, last: int) -> None:
        if self._sealer is not None:
            self._sealer.again(first, last)

    def _unseal_above(self, sequence: int) -> None:
        self._unseal(sequence + 1, sys.maxsize)

    def _past(self, actor: ActorId, revision: int) -> Snapshot | None:
        turn = self._reader.last_at_revision(actor, revision)
        if turn is None:
            return None
        if revision == 0:
            return snapshot_of(turn)
        holder = self._reader.state_before(actor, turn.sequence + 1)
        if holder is None or holder.revision != revision:  # that state was never journaled, or is not kept any more
            return None
        return snapshot_of(msgspec.structs.replace(turn, state=holder.state, definition=holder.definition, delta=None))

    def _marks(self, after: int) -> Iterator[Lifecycle]:
        while page := self._backend.lifecycle(after, _PAGE_MARKS):
            yield from (mark for _, mark in page)
            after = page[-1][0]

    def _check_usable(self) -> None:
        if os.getpid() != self._pid:
            raise StoreInUse(
                f"Cannot use {self.url} here: process {self._pid} owns it, and this is its forked child {os.getpid()}.\n"
                "Open another store in the child, or start the child with the method 'spawn'."
            )
        if self._is_closed:
            raise StoreUnavailable(f"Cannot use {self.url}: it was closed.")


def _first_facts(identity: Identity, facts: dict[str, str]) -> dict[str, str]:
    return Attestor(identity, "", facts).first(Counts(0, 0, 0, ""), {})


# --- Opening a store: what the blocks since the mark say that the rows do not -----------------------------------------


class Recovery:
    """Rolls the tail forward.  Reads only: a store that is opened twice is the same."""

    def __init__(self, backend: Backend, reader: JournalReader, tail: Tail, actors: Actors) -> None:
        self._backend, self._reader = backend, reader
        self._tail, self._actors = tail, actors
        self._mark = 0
        self._row_sequences: dict[ActorId, int] = {}
        self._unknown: set[ActorId] = set()
        """Actors whose last state in the journal does not decode; they stay at the one before."""

    def run(self, mark: int, keys: Keys) -> None:
        """Bring every turn above `mark` into the tail."""
        self._mark = mark
        for turns in self._reader.stored(mark, self._backend.head()):
            for turn in turns:
                if salvage.uses_key(turn):
                    keys.add(turn)
                # A row can be ahead of the mark: checkpoints are written in chunks, and snapshots beside turns.
                if turn.sequence > self._row_sequence(turn.actor):
                    self._follow(turn)

    def _follow(self, turn: Turn) -> None:
        if turn.state is not None:
            self._unknown.discard(turn.actor)
        elif turn.delta == salvage.LOST or (turn.delta is not None and turn.actor in self._unknown):
            self._unknown.add(turn.actor)
            turn = salvage.without_state(turn)
            if turn.tags_after is None:
                return
        elif turn.delta is not None:
            before = self._actors.load(turn.actor)
            if before is None or before.state is None:
                raise StoreDamaged(
                    f"Cannot open {self._backend.url}: turn {turn.sequence} changes a state of {turn.actor} "
                    "that is not there.\n"
                    "Nothing was changed. Put a copy of the store in its place, or start with another one."
                )
            turn = applied(turn, before.state)
        if (whole := self._actors.whole(turn)) is not None:
            self._tail.add(whole)

    def _row_sequence(self, actor: ActorId) -> int:
        """The last turn that the actor's row has seen; 0 without a row."""
        sequence = self._row_sequences.get(actor)
        if sequence is None:
            sequence = self._row_sequences[actor] = self._actors.row_sequence(actor, self._mark)
        return sequence


# --- Readers see a steady past: turns are not removed while a reader is in the middle of them -----------------
# A reader fetches pages, without a transaction that would stay open.  Were old turns removed between two pages, it
# would see a past with a hole in it.  So removal waits for readers; a reader that has not asked for a page for a while
# loses that right, and is told so if turns were removed meanwhile.

T = TypeVar("T")

PATIENCE_S = 30.0


class Steadiness:
    """Who is reading.  Any thread."""

    def __init__(self, store: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`store` is its URL, for messages."""
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._seen: dict[object, float] = {}
        self._removals = 0

    def steady(self, pages: Iterator[T]) -> Iterator[T]:
        """The same pages, of one past.

        Raises:
            StoreUnavailable: so much time passed between two pages that turns were removed.
        """
        reader = object()
        with self._lock:
            removals = self._removals
            self._seen[reader] = self._clock()
        try:
            for page in pages:
                if self._removals != removals:
                    raise self._too_late()
                self._seen[reader] = self._clock()
                yield page
        finally:
            self._seen.pop(reader, None)

    @contextmanager
    def removing(self) -> Iterator[bool]:
        """True when turns may be removed inside; False while there is a reader."""
        with self._lock:
            now = self._clock()
            is_free = all(now - seen >= PATIENCE_S for seen in list(self._seen.values()))
            self._removals += is_free
            yield is_free

    def _too_late(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"Cannot go on reading {self._store}: old turns were removed meanwhile, as its retention says. Read again."
        )
