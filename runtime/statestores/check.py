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

from runtime.crypto.keyfiles import KeyFiles
from runtime.errors import BadSetting, StoreDamaged, StoreTooNew, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Quarantined
from runtime.statestores.backend import Backend, BlockRow, SnapshotRow
from runtime.statestores.blocks import BlockCodec
from runtime.statestores.files import path_of
from runtime.statestores.identity import Identity, identify
from runtime.statestores.quarantine import Quarantine
from runtime.statestores.rows import from_definition_row, from_row, from_schedule_row

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
    """Read everything in a store, which is not changed; nobody may have it open meanwhile.

    Args:
        key, key_files, old_keys: as in `open_store`.
        progress: called after each portion.

    Raises:
        StoreInUse: somebody has it open.
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
    backend: Backend = getattr(import_module(f"runtime.statestores.{module}"), name)(url)
    return backend


class Inspection:
    """One look at one store."""

    def __init__(self, backend: Backend, identity: Identity, progress: Callable[[], None] = lambda: None) -> None:
        self._backend, self._identity, self._progress = backend, identity, progress
        self._quarantine = Quarantine(backend.url, most=sys.maxsize, is_logged=False)
        self.codec = BlockCodec(identity.cipher, backend.url, self._quarantine)
        self.damaged: list[str] = []
        self.damaged_blocks: list[BlockRow] = []
        self._turns = self._actors = 0

    def findings(self) -> Findings:
        """Look at everything."""
        cipher, quarantine = self._identity.cipher, self._quarantine
        for block in self.blocks():
            if (turns := self._attempt(self.codec.decode, block)) is None:
                self.damaged_blocks.append(block)
            else:
                self._turns += len(turns)
        for row in self.snapshots():
            self._actors += 1
            self._attempt(from_row, cipher, row, self._url, quarantine)
        for definition in self._backend.definitions():
            self._attempt(from_definition_row, cipher, definition, self._url, quarantine)
        for schedule in self._backend.schedules():
            self._attempt(from_schedule_row, cipher, schedule, self._url, quarantine)
        return Findings(self._url, self._turns, self._actors, self._quarantine.found(), self.damaged)

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
