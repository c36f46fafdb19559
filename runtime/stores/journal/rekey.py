"""Writes what is under an older key anew, under the present one, a portion at a time.

Every portion is one transaction, which also says how far it got; so another process goes on after a crash.  The store names
its older keys until none is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from runtime.errors import StoreDamaged
from runtime.ids import ActorId
from runtime.security.crypto import Cipher, KeyRing, SealBrokenError, cloak, uncloak
from runtime.stores.journal.backend import Backend, DefinitionRow, ScheduleRow, SealingBackend, SnapshotRow, Writes
from runtime.stores.journal.blocks import BlockCodec, sealed_with
from runtime.stores.journal.encryption import OLDER, REKEYED
from runtime.stores.journal.snapshots import bound, dropped_fields_of, is_bound

_BLOCKS, _ROWS = 16, 200
_LAST = 2**62

Row = TypeVar("Row", DefinitionRow, ScheduleRow)


class _Progress(msgspec.Struct, array_like=True):
    part: int = 0
    block: int = 0
    """Blocks up to this turn are done."""
    actor: tuple[str, str] = ("", "")
    """Snapshots up to this (actor, system) are done."""


class Rekeyer:
    """Goes over one store; used by the writer's thread."""

    def __init__(
        self,
        backend: Backend,
        codec: BlockCodec,
        cipher: Cipher,
        meta: Mapping[str, str],
        unsealed: Callable[[int], None],
    ) -> None:
        """`unsealed(0)` is called when all columns are gone."""
        self._backend, self._codec, self._cipher, self._unsealed = backend, codec, cipher, unsealed
        self._present = cipher.present if isinstance(cipher, KeyRing) else cipher
        self._is_done = not isinstance(cipher, KeyRing)
        self._until = backend.head()
        """What is committed from now on is under the present key anyway."""
        self._progress = _Progress()
        if text := meta.get(REKEYED):
            self._progress = msgspec.json.decode(text, type=_Progress)
        self._parts = (self._blocks, self._snapshots, self._definitions, self._schedules, self._columns)

    def step(self) -> bool:
        """One portion; False when everything is under the present key."""
        if self._is_done:
            return False
        writes = self._parts[self._progress.part]()
        if self._progress.part < len(self._parts):
            entries = {REKEYED: msgspec.json.encode(self._progress).decode()}
        else:
            entries, self._is_done = {REKEYED: "", OLDER: ""}, True
        self._backend.write(msgspec.structs.replace(writes, meta=entries))
        if self._is_done:
            self._unsealed(0)
        return not self._is_done

    def _blocks(self) -> Writes:
        """The next block that needs it."""
        for row in self._backend.blocks(self._progress.block, _BLOCKS):
            self._progress.block = row.last
            if sealed_with(row) != self._present.fingerprint:
                return Writes(merged=self._codec.merge([row]))
        if self._progress.block >= self._until:
            self._progress.part += 1
        return Writes()

    def _snapshots(self) -> Writes:
        page = self._backend.snapshots(self._progress.actor, "", _ROWS)
        if not page:
            self._progress.part += 1
            return Writes()
        self._progress.actor = (page[-1].actor, page[-1].system)
        rows = [self._backend.snapshot(ActorId(row.system, row.actor)) for row in page]
        return Writes(snapshots=[anew for row in rows if row is not None and (anew := self._snapshot_anew(row))])

    def _definitions(self) -> Writes:
        rows = [row for row in self._backend.definitions() if not self._is_present(row.data, row.hash)][:_ROWS]
        self._progress.part += not rows
        return Writes(definitions=[self._sealed_anew(row, row.hash) for row in rows])

    def _schedules(self) -> Writes:
        rows = [row for row in self._backend.schedules() if not self._is_present(row.data, row.id)][:_ROWS]
        self._progress.part += not rows
        return Writes(rescheduled=[self._sealed_anew(row, row.id) for row in rows])

    def _columns(self) -> Writes:
        """They are made of blocks: all go, and are made again in quiet moments."""
        self._progress.part += 1
        return Writes(unsealed=(1, _LAST)) if isinstance(self._backend, SealingBackend) else Writes()

    def _snapshot_anew(self, row: SnapshotRow) -> SnapshotRow | None:
        """The row under the present key; None if it is already."""
        try:
            data = self._column_anew(row.data)
            if data is row.data and self._is_bound_anew(row):
                return None
            dropped_fields = dropped_fields_of(self._cipher, row, accepts_unbound=not is_bound(row))
        except SealBrokenError as error:
            raise self._damaged(f"the state of {row.actor} (revision {row.revision})", error) from error
        return bound(self._present, msgspec.structs.replace(row, data=data), dropped_fields)

    def _is_bound_anew(self, row: SnapshotRow) -> bool:
        try:
            dropped_fields_of(self._present, row, accepts_unbound=False)
        except SealBrokenError:
            return False
        return True

    def _column_anew(self, column: bytes | None) -> bytes | None:
        if column is None:
            return None
        try:
            uncloak(self._present, column)
        except SealBrokenError:
            return cloak(self._present, uncloak(self._cipher, column))
        return column

    def _is_present(self, data: bytes, header: str) -> bool:
        try:
            self._present.open(data, header.encode())
        except SealBrokenError:
            return False
        return True

    def _sealed_anew(self, row: Row, header: str) -> Row:
        try:
            plain = self._cipher.open(row.data, header.encode())
        except SealBrokenError as error:
            raise self._damaged(header, error) from error
        return msgspec.structs.replace(row, data=self._present.seal(plain, header.encode()))

    def _damaged(self, what: str, error: SealBrokenError) -> StoreDamaged:
        return StoreDamaged(
            f"Cannot read {what} in {self._backend.url}: {error}.\n"
            "What was written anew before stays so; the store still needs its older keys."
        )
