"""Reads everything in a store and says what is wrong in it; makes a copy of a store file without that.

Two kinds of findings are kept apart.  What is *not whole* passes its check and does not decode, because a version with a defect
wrote it: it is quarantined, and the store works.  What is *damaged* fails its check: bytes were changed, torn or removed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import BadSetting, StoreDamaged, StoreTooNew, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Quarantined, Snapshot, Turn
from runtime.security.crypto import KeyFiles
from runtime.stores.journal.attestation import CHANGES, GONE, MARK, Attestor
from runtime.stores.journal.backend import Backend, BlockRow, SnapshotRow
from runtime.stores.journal.blocks import BlockCodec
from runtime.stores.journal.encryption import Identity, identify
from runtime.stores.journal.salvage import Quarantine, uses_key
from runtime.stores.journal.snapshots import from_definition_row, from_row, from_schedule_row
from runtime.stores.sqlite.lock import path_of

_PAGE_BLOCKS, _PAGE_ROWS = 64, 500


class Findings(msgspec.Struct, frozen=True):
    """What a look at a whole store gave."""

    store: str
    """Its URL."""
    turns: int
    actors: int
    quarantined: list[Quarantined]
    damaged: list[str]
    """What fails its check, in words."""

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.quarantined or self.damaged)


def check(
    url: str,
    *,
    key: bytes | None = None,
    key_files: KeyFiles | None = None,
    old_keys: Sequence[bytes] | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Findings:
    """Read everything in a store, which is not changed; no one may have it open meanwhile.

    Args:
        key, key_files, old_keys: as in `open_store`.
        progress: called after each portion.

    Raises:
        StoreInUse: another process has it open.
        StoreUnavailable: there is no store.
        WrongKey: it is encrypted with another key.
    """
    backend = open_backend(url)
    with closing(backend):
        if not backend.meta():
            raise StoreUnavailable(f"There is no store at {url}.")
        identity = identify(backend, key=key, key_files=key_files or KeyFiles(), old_keys=old_keys)
        return Inspection(backend, identity, progress).findings()


def open_backend(url: str) -> Backend:
    """The tables of an existing store; the caller owns them until `close`.

    Raises:
        BadSetting: a store of this kind keeps nothing that could be looked at.
    """
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        if not path_of(url).is_file():
            raise StoreUnavailable(f"There is no store at {url}.")
        return _made("sqlite", "open_backend", url)
    if scheme in ("postgresql", "mariadb", "mysql", "cockroachdb", "mssql"):
        return _made("sql", "SqlBackend", url)
    raise BadSetting(f"Cannot check {url}: only SQLite files and SQL servers keep a store. Write sqlite:///PATH.")


def _made(module: str, name: str, url: str) -> Backend:
    backend: Backend = getattr(import_module(f"runtime.stores.{module}.backend"), name)(url)
    return backend


class Inspection:
    """One look at one store."""

    def __init__(self, backend: Backend, identity: Identity, progress: Callable[[], None] = lambda: None) -> None:
        self._backend, self._identity, self._progress = backend, identity, progress
        self._quarantine = Quarantine(backend.url, most=sys.maxsize, is_logged=False)
        self.codec = BlockCodec(identity.cipher, backend.url, self._quarantine)
        self._meta = backend.meta()
        self.attestor = Attestor(identity, backend.url, self._meta)
        self.damaged: list[str] = []
        self.damaged_blocks: list[BlockRow] = []
        self._turns = self._actors = 0
        self._mark = int(self._meta.get(MARK, "0"))
        self._changed: dict[ActorId, int] = {}
        """The last turn that changed an actor, of those that its row has seen."""

    def findings(self) -> Findings:
        """Look at everything."""
        cipher, quarantine = self._identity.cipher, self._quarantine
        self._attempt(self.attestor.check, self._backend)
        self._attempt(self.attestor.verify, self._backend)
        self._look_at_blocks()
        for row in self.snapshots():
            self._actors += 1
            self._attempt(self.snapshot_of, row, quarantine)
        for definition in self._backend.definitions():
            self._attempt(from_definition_row, cipher, definition, self._url, quarantine)
        for schedule in self._backend.schedules():
            self._attempt(from_schedule_row, cipher, schedule, self._url, quarantine)
        return Findings(self._url, self._turns, self._actors, self._quarantine.found(), self.damaged)

    def snapshot_of(self, row: SnapshotRow, quarantine: Quarantine) -> Snapshot:
        """What a row says.

        Raises:
            StoreDamaged: it was changed, or is an earlier one.
        """
        accepts_unbound = self.attestor.accepts_unbound(row)
        if row.sequence < (last := self._changed.get(ActorId(row.system, row.actor), 0)):
            raise self.attestor.damaged(
                f"the row of {row.actor} is as of turn {row.sequence}, and turn {last} changed it"
            )
        return from_row(self._identity.cipher, row, self._url, quarantine, accepts_unbound=accepts_unbound)

    def _look_at_blocks(self) -> None:
        last = int(self._meta.get(GONE, "0"))
        has_gaps = self._meta.get(CHANGES, "0") != "0"
        for block in self.blocks():
            if block.first > last + 1 and not has_gaps:
                self.damaged.append(f"Turns {last + 1} to {block.first - 1} of {self._url} are missing.")
            last = block.last
            if (turns := self._attempt(self.codec.decode, block)) is None:
                self.damaged_blocks.append(block)
                continue
            self._turns += len(turns)
            self._look_at_keys(turns)
            for turn in turns:
                if turn.sequence <= self._mark and (turn.state or turn.delta or turn.tags_after is not None):
                    self._changed[turn.actor] = turn.sequence

    def _look_at_keys(self, turns: list[Turn]) -> None:
        """Whether each key that a turn used, and that has to have a row, is found by it."""
        for turn in turns:
            if not uses_key(turn) or turn.sequence > self._mark:
                continue
            found = self._backend.key(self._identity.key_hash(turn.actor, turn.key))
            if found is None or found > turn.sequence:
                self.damaged.append(
                    f"The idempotency key of turn {turn.sequence} of {turn.actor.name} has no row of its own."
                )

    @property
    def _url(self) -> str:
        return self._backend.url

    def blocks(self) -> Iterator[BlockRow]:
        """Every block, in order."""
        after = 0
        while page := self._backend.blocks(after, _PAGE_BLOCKS):
            yield from page
            after = page[-1].last
            self._progress()

    def snapshots(self) -> Iterator[SnapshotRow]:
        """Every actor's row."""
        after = ("", "")
        while page := self._backend.snapshots(after, "", _PAGE_ROWS):
            for light in page:
                if (row := self._backend.snapshot(ActorId(light.system, light.actor))) is not None:
                    yield row
            after = (page[-1].actor, page[-1].system)
            self._progress()

    def _attempt(self, look: Callable[..., Any], *of: Any) -> Any:
        try:
            return look(*of)
        except (StoreDamaged, StoreTooNew) as error:
            self.damaged.append(str(error).partition("\n")[0])
            return None


def url_of(store: str) -> str:
    """The URL of a store given by its URL or by the path of its file."""
    return store if "://" in store else f"sqlite:///{Path(store).absolute()}"
