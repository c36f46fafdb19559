"""A copy of a store file in which everything reads.

The copy has the original's id and key.  States come first: what can be kept of the turns that do not decode is written to the
actors' rows, then these turns are taken out.  A damaged block is replaced by an empty one, a damaged row by what the journal says.
The numbering of turns stays.  The original is only read, and the copy appears under its name when it is complete.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType

import msgspec

from runtime.errors import BadSetting, StoreDamaged
from runtime.ids import ActorId
from runtime.records import Snapshot, Turn
from runtime.security.crypto import KeyFiles, sync_directory
from runtime.stores.check import Findings, Inspection, open_backend
from runtime.stores.journal.attestation import BOUND, CHANGES, GONE, MARK, Attestor
from runtime.stores.journal.backend import SnapshotRow, Writes
from runtime.stores.journal.blocks import BlockCodec
from runtime.stores.journal.encryption import Identity, identify
from runtime.stores.journal.idempotency import Keys
from runtime.stores.journal.reader import JournalReader
from runtime.stores.journal.retention import Thinner
from runtime.stores.journal.salvage import Quarantine, uses_key
from runtime.stores.journal.snapshots import Tail, from_definition_row, from_schedule_row, snapshot_of, to_row
from runtime.stores.journal.store import JournalStore
from runtime.stores.sqlite.backend import SqliteBackend
from runtime.stores.sqlite.lock import StoreLock, path_of, unavailable


class _NoLock(StoreLock):
    """For a draft, which no one else knows."""

    def __init__(self) -> None:
        pass

    def renew(self) -> None:
        pass

    def release(self) -> None:
        pass


def repair(
    url: str,
    out: Path,
    *,
    key: bytes | None = None,
    key_files: KeyFiles | None = None,
    old_keys: Sequence[bytes] | None = None,
) -> Findings:
    """Make `out` a copy of the store file at `url` without what `check` finds; what that was.

    No one may have the store open meanwhile.  Without a finding no copy is made.  `out` appears whole or not at all.

    Raises:
        BadSetting: the store is no file, or `out` is there already.
        StoreInUse, StoreUnavailable, WrongKey: as `check`.
    """
    if not url.startswith("sqlite:"):
        raise BadSetting(f"Cannot repair {url}: only store files are copied. Restore the server's own backup.")
    out = out.absolute()
    if out.exists():
        raise BadSetting(f"Cannot write {out}: there is a file of that name. Name one that is not there yet.")
    files = key_files or KeyFiles()
    with closing(open_backend(url)) as source:
        identity = identify(source, key=key, key_files=files, old_keys=old_keys)
        findings = Inspection(source, identity).findings()
        if findings:
            draft = out.with_name(f".{out.name}.{os.getpid()}.draft")
            try:
                with unavailable(str(out)):
                    _copy(path_of(url), draft)
                _Repair(draft, identity, key, files, old_keys).run()
                with unavailable(str(out)):
                    os.link(draft, out)  # unlike a rename, never replaces a file that is there
                    sync_directory(out.parent)
            finally:
                for ending in ("", "-wal", "-shm", "-journal"):
                    draft.with_name(draft.name + ending).unlink(missing_ok=True)
    return findings


def _copy(source: Path, draft: Path) -> None:
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(draft)) as copy,
    ):
        original.backup(copy)


class _Repair:
    """Works on the draft alone."""

    def __init__(
        self,
        draft: Path,
        identity: Identity,
        key: bytes | None,
        key_files: KeyFiles,
        old_keys: Sequence[bytes] | None,
    ) -> None:
        self._draft, self._identity, self._cipher = draft, identity, identity.cipher
        self._keys = {"key": key, "key_files": key_files, "old_keys": old_keys}
        self._quarantine = Quarantine("", most=sys.maxsize, is_logged=False)

    def run(self) -> None:
        with closing(self._backend()) as backend:
            inspection = Inspection(backend, self._identity)
            inspection.findings()
            self._empty_damaged_blocks(backend, inspection)
            self._mend_rows(backend, inspection)
            self._remove_undecodable(backend)
            # Whatever the mark says: with 0, opening looks at every turn that a row has not seen.
            self._attest_anew(backend, inspection.attestor, {MARK: "0"})
        self._bring_rows_up_to_date()
        with closing(self._backend()) as backend:
            self._remove_turns(backend)
            self._list_keys_anew(backend)
            self._attest_anew(backend, Attestor(self._identity, str(self._draft), backend.meta()))
        with closing(sqlite3.connect(self._draft)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        handle = os.open(self._draft, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _backend(self) -> SqliteBackend:
        return SqliteBackend(self._draft, str(self._draft), _NoLock())

    def _codec(self, quarantine: Quarantine | None = None) -> BlockCodec:
        return BlockCodec(self._cipher, str(self._draft), quarantine or Quarantine("", is_logged=False))

    def _empty_damaged_blocks(self, backend: SqliteBackend, inspection: Inspection) -> None:
        head, last = backend.head(), inspection.attestor.head()
        if head < last:  # what is missing at the end leaves a gap, so that its numbers are not given to other turns
            backend.write(Writes(block=self._codec().empty(head + 1, last)))
        for row in inspection.damaged_blocks:
            backend.write(Writes(merged=self._codec().empty(row.first, row.last), unsealed=(row.first, row.last)))

    def _attest_anew(
        self, backend: SqliteBackend, attestor: Attestor, more: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        facts = {name: value for name, value in backend.meta().items() if name in (MARK, GONE, CHANGES, BOUND)} | dict(
            more
        )
        backend.write(Writes(meta=facts | attestor.first(backend.counts(), facts)))

    def _mend_rows(self, backend: SqliteBackend, inspection: Inspection) -> None:
        for row in inspection.snapshots():
            quarantine = Quarantine("", is_logged=False)
            snapshot: Snapshot | None
            try:
                snapshot = inspection.snapshot_of(row, quarantine)
            except StoreDamaged:
                snapshot = self._from_journal(backend, row)
            else:
                if not quarantine.found():
                    continue
            if snapshot is None:
                _execute(backend, "DELETE FROM snapshots WHERE actor = ? AND system = ?", (row.actor, row.system))
            else:
                backend.write(Writes(snapshots=[to_row(self._cipher, snapshot, row.sequence)]))

    def _from_journal(self, backend: SqliteBackend, row: SnapshotRow) -> Snapshot | None:
        """The actor as the turns say that the row has seen."""
        last: Turn | None = None
        reader = JournalReader(backend, self._codec())
        for turns in reader.batches_of(ActorId(row.system, row.actor), 0, min(row.sequence, backend.head())):
            for turn in turns:
                if turn.state is not None or last is None:
                    last = turn
                elif turn.tags_after is not None:
                    last = msgspec.structs.replace(turn, state=last.state, definition=last.definition)
        return snapshot_of(last) if last is not None else None

    def _remove_undecodable(self, backend: SqliteBackend) -> None:
        for definition in backend.definitions():
            with suppress(StoreDamaged):
                if from_definition_row(self._cipher, definition, "", self._quarantine) is not None:
                    continue
            _execute(backend, "DELETE FROM definitions WHERE hash = ?", (definition.hash,))
        for schedule in backend.schedules():
            with suppress(StoreDamaged):
                if from_schedule_row(self._cipher, schedule, "", self._quarantine) is not None:
                    continue
            _execute(backend, "DELETE FROM schedules WHERE id = ?", (schedule.id,))

    def _bring_rows_up_to_date(self) -> None:
        with closing(JournalStore(self._backend(), **self._keys)) as store:  # type: ignore[arg-type]
            while store.checkpoint():
                pass

    def _remove_turns(self, backend: SqliteBackend) -> None:
        """Those that do not decode, each after the states that are stored as a difference to its own are whole."""
        reader = JournalReader(backend, self._codec(Quarantine("", is_logged=False)))
        keys = Keys(
            backend, Tail(0), self._identity, reader, Attestor(self._identity, str(self._draft), backend.meta())
        )
        codec = self._codec(self._quarantine)
        thinner = Thinner(backend, codec, reader, keys, lambda _: None, lambda _, __: None)
        meta = {CHANGES: str(int(backend.meta().get(CHANGES, "0")) + 1)}
        after = 0
        while page := backend.blocks(after, 1):
            (row,) = page
            turns = codec.decode(row)
            wrong = {each.sequence for each in self._quarantine.found() if each.what == "turn"}
            gone = [index for index, turn in enumerate(turns) if turn.sequence in wrong]
            if not gone or thinner.remove([row], turns, gone, meta):
                after = row.last

    def _list_keys_anew(self, backend: SqliteBackend) -> None:
        _execute(backend, "DELETE FROM keys")
        for turns in JournalReader(backend, self._codec()).stored(0, backend.head()):
            keys = [(self._identity.key_hash(turn.actor, turn.key), turn.sequence) for turn in turns if uses_key(turn)]
            if keys:
                backend.write(Writes(keys=keys))


def _execute(backend: SqliteBackend, statement: str, values: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(backend.path)) as connection, connection:
        connection.execute(statement, values)
