"""What a journal store knows of actors right now: their rows, and over them the tail."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice

import msgspec

from runtime.crypto.cipher import Cipher, SealBrokenError
from runtime.ids import ActorId
from runtime.records import Snapshot, Turn
from runtime.statestores.attestation import Attestor
from runtime.statestores.backend import Backend
from runtime.statestores.quarantine import Quarantine
from runtime.statestores.rows import damaged_row, from_row, kept_aside_of, listed, snapshot_of
from runtime.statestores.tail import Tail

_PAGE = 500


class Actors:
    """The committed state of every actor; any thread."""

    def __init__(
        self, backend: Backend, tail: Tail, cipher: Cipher, quarantine: Quarantine, attestor: Attestor
    ) -> None:
        self._backend, self._tail, self._cipher = backend, tail, cipher
        self._quarantine, self._attestor = quarantine, attestor

    def load(self, actor: ActorId) -> Snapshot | None:
        """The actor as of the last commit, or None."""
        if (turn := self._tail.turn(actor)) is not None:
            return snapshot_of(turn)
        row = self._backend.snapshot(actor)
        if row is None:
            self._attestor.verify(self._backend)
            return None
        accepts_unbound = self._attestor.accepts_unbound(row)
        return from_row(self._cipher, row, self._backend.url, self._quarantine, accepts_unbound=accepts_unbound)

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
            kept_aside_of(self._cipher, row, self._attestor.accepts_unbound(row))
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
