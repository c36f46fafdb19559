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
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from runtime.crypto.keyfiles import KeyFiles
from runtime.errors import BadSetting, StoreInUse, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Invocation, Kept, Lifecycle, Quarantined, Snapshot, StoredDefinition, Turn
from runtime.statestores.actors import Actors
from runtime.statestores.attestation import Attestor
from runtime.statestores.backend import Backend, Counts, RetainingBackend, SealingBackend, Writes
from runtime.statestores.base import Group, Retention
from runtime.statestores.binding import Binder
from runtime.statestores.blocks import BlockCodec
from runtime.statestores.identity import Identity, identify
from runtime.statestores.keys import Keys
from runtime.statestores.merging import META as MERGED
from runtime.statestores.merging import Merger
from runtime.statestores.quarantine import Quarantine
from runtime.statestores.reading import JournalReader
from runtime.statestores.recovery import Recovery
from runtime.statestores.rekeying import Rekeyer
from runtime.statestores.retention import Retainer
from runtime.statestores.rows import from_definition_row, from_schedule_row, snapshot_of, to_definition_row
from runtime.statestores.sealing import SealedColumns, Sealer
from runtime.statestores.steadiness import Steadiness
from runtime.statestores.tail import Tail
from runtime.statestores.texts import encodable
from runtime.statestores.thinning import Thinner
from runtime.statestores.writing import JournalWriter

_CHECKPOINT_S = 0.025
_PAGE_MARKS = 1_000


class JournalStore:
    """A `StateStore` (see `statestores.base`) in the database behind `backend`."""

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
        self._actors = Actors(backend, tail, self._identity.cipher, self._quarantine, attestor)
        self._keys = Keys(backend, tail, self._identity, self._reader, attestor)
        Recovery(backend, self._reader, tail, self._actors).run(mark, self._keys)
        self._writer = JournalWriter(backend, self._identity, codec, tail, self._reader, self._actors, self._keys)
        self._merger = Merger(backend, codec, int(meta.get(MERGED, "0")))
        sealing = backend if isinstance(backend, SealingBackend) else None
        self._columns = SealedColumns(sealing, self._identity.cipher, self._reader)
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
        if not isinstance(self._backend, RetainingBackend):
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

    def kept(self) -> Kept:
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

    def history_batches(self, *, after: int = 0) -> Iterator[Any]:
        self._check_usable()
        return self._steadiness.steady(self._columns.batches(after, self._writer.head))

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
