"""A copy of a store file together with its key, under a passphrase, and the way back.

A store is encrypted with a key that lies elsewhere, so a copy of the file alone is lost with the home folder.  A backup is one
file: the store as it was at one moment, taken while it is in use, and among its facts the key, encrypted with AES-256-GCM under
a key that scrypt (RFC 7914) derives from the passphrase.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from runtime.config import key_from_environment
from runtime.errors import BadSetting, StoreDamaged, StoreUnavailable, WrongKey
from runtime.security.crypto import KEY_BYTES, Cipher, KeyFiles, SealBrokenError, fingerprint, sync_directory
from runtime.security.private_files import draft_of
from runtime.stores.journal.encryption import OLDER
from runtime.stores.sqlite.lock import path_of, unavailable

ENTRY = "backup"
"""The fact of a store that only a backup has."""
SHORTEST_PASSPHRASE = 8
COST = 2**17
"""Of scrypt: a guess takes 128 MiB and a third of a second."""
_BLOCK, _LANES = 8, 1
_MOST_COST = 2**20
_SALT_BYTES = 16


class WrappedKey(msgspec.Struct, frozen=True):
    """A store's key under a passphrase; bytes are hexadecimal."""

    salt: str
    sealed: str
    cost: int
    block: int = _BLOCK
    lanes: int = _LANES

    @classmethod
    def of(cls, key: bytes, passphrase: str, store_id: str) -> WrappedKey:
        """The key of that store, wrapped."""
        wrapped = cls(salt=os.urandom(_SALT_BYTES).hex(), sealed="", cost=COST)
        return msgspec.structs.replace(wrapped, sealed=wrapped._cipher(passphrase).seal(key, store_id.encode()).hex())

    def key(self, passphrase: str, store_id: str) -> bytes:
        """The key.

        Raises:
            SealBrokenError: another passphrase, or changed bytes.
        """
        return self._cipher(passphrase).open(bytes.fromhex(self.sealed), store_id.encode())

    def _cipher(self, passphrase: str) -> Cipher:
        if not (self.cost <= _MOST_COST and self.block == _BLOCK and self.lanes == _LANES):
            raise SealBrokenError("its parameters for scrypt are none of this version")
        derive = Scrypt(salt=bytes.fromhex(self.salt), length=KEY_BYTES, n=self.cost, r=self.block, p=self.lanes)
        return Cipher(derive.derive(passphrase.encode()))


def backup(url: str, out: Path, passphrase: str, *, key_files: KeyFiles | None = None) -> str:
    """Copy the store file at `url`, which may be in use, with its key; the id of the store.

    The copy is the store as of one moment: every turn that was on disk when this began.  `out` appears whole or not at all.

    Args:
        passphrase: 8 characters or more; with it and the file anyone can read everything.
        key_files: where the store's key is found, beside the environment.

    Raises:
        BadSetting: the store is no file, `out` is there already, the passphrase is short, or a change of the key is unfinished.
        WrongKey: the key is not here.
        StoreUnavailable: there is no such store, or a file cannot be read or written.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BadSetting(f"The passphrase has {len(passphrase)} characters; give {SHORTEST_PASSPHRASE} or more.")
    source = _file(url)
    _facts(source, url)
    with _draft(out) as draft:
        _copy(source, draft)
        facts = _facts(draft, url)  # of the same moment as everything else
        key = _key(facts, url, key_files or KeyFiles())
        wrapped = WrappedKey.of(key, passphrase, facts["store_id"])
        _write(draft, "INSERT INTO meta VALUES (?, ?)", (ENTRY, msgspec.json.encode(wrapped).decode()))
    return facts["store_id"]


def restore(source: Path, url: str, passphrase: str, *, key_files: KeyFiles | None = None) -> str:
    """Make a backup a store again, at `url`, and keep its key where stores look for it; the id of the store.

    The key is kept before the store appears, and the store appears whole or not at all.

    Raises:
        BadSetting: something is at `url` already, it is no file, or `source` is no backup.
        WrongKey: another passphrase, or another key is kept for this store; nothing was changed.
        StoreUnavailable: a file cannot be read or written.
    """
    files = key_files or KeyFiles()
    facts = _facts(source, str(source))
    if ENTRY not in facts:
        raise BadSetting(f"{source} is no backup: it has no key. Make one with: python -m runtime backup STORE FILE")
    store_id = facts["store_id"]
    key = _unwrapped(source, facts, passphrase)
    with _draft(path_of(url)) as draft:
        _copy(source, draft)
        _write(draft, "DELETE FROM meta WHERE name = ?", (ENTRY,))
        _keep(files, store_id, key)
    return store_id


def _unwrapped(source: Path, facts: Mapping[str, str], passphrase: str) -> bytes:
    try:
        key = msgspec.json.decode(facts[ENTRY], type=WrappedKey).key(passphrase, facts["store_id"])
    except (msgspec.MsgspecError, ValueError) as error:
        if isinstance(error, SealBrokenError):
            raise WrongKey(f"Cannot restore {source}: this is not its passphrase. Nothing was changed.") from None
        raise StoreDamaged(f"Cannot restore {source}: what it says of its key is damaged ({error}).") from error
    if fingerprint(key).hex() != facts["key_fingerprint"]:
        raise StoreDamaged(f"Cannot restore {source}: the key in it is not the key of its store.")
    return key


def _key(facts: Mapping[str, str], url: str, files: KeyFiles) -> bytes:
    if facts.get(OLDER):
        raise BadSetting(
            f"Cannot back up {url}: the change of its key is not finished.\n"
            f"Finish it first: python -m runtime rekey --store {url}"
        )
    for key in _known_keys(facts["store_id"], files):
        if fingerprint(key).hex() == facts["key_fingerprint"]:
            return key
    raise WrongKey(
        f"Cannot back up {url}: its key {facts['key_fingerprint']} is neither in {files.path(facts['store_id'])} nor in "
        "SPAWN_STATESTORE_KEY."
    )


def _known_keys(store_id: str, files: KeyFiles) -> list[bytes]:
    return [key for key in (key_from_environment(), files.read(store_id)) if key is not None]


def _keep(files: KeyFiles, store_id: str, key: bytes) -> None:
    if key in _known_keys(store_id, files):
        return
    try:
        files.keep(store_id, key)
    except FileExistsError:
        raise WrongKey(
            f"Cannot restore: {files.path(store_id)} has another key for this store. Nothing was changed; move that file away."
        ) from None


# --- Files ------------------------------------------------------------------------------------------------------------


def _file(url: str) -> Path:
    if not url.startswith("sqlite:"):
        raise BadSetting(
            f"Cannot back up {url}: only store files are copied. Use the server's own backup, and keep the key."
        )
    return path_of(url)


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """A new file beside `out`, which it becomes at the end; removed after any error."""
    out = out.absolute()
    if os.path.lexists(out):
        raise BadSetting(f"Cannot write {out}: there is a file of that name. Name one that is not there yet.")
    draft = draft_of(out)
    try:
        with unavailable(str(out)):
            yield draft
            _settle(draft)
            os.link(draft, out)  # unlike a rename, never replaces a file that is there
            sync_directory(out.parent)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + ending).unlink(missing_ok=True)


def _copy(source: Path, draft: Path) -> None:
    """All pages in one read transaction: who has the store open writes on meanwhile."""
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with _reading(source) as original, closing(sqlite3.connect(draft)) as copy:
        original.backup(copy)


def _facts(path: Path, name: str) -> dict[str, str]:
    if not path.is_file():
        raise StoreUnavailable(f"There is no file {path}.")
    with _reading(path) as connection:
        try:
            facts = dict(connection.execute("SELECT name, value FROM meta"))
        except sqlite3.DatabaseError:
            facts = {}
    if not {"store_id", "key_fingerprint"} <= facts.keys():
        raise BadSetting(f"{name} is no store of spawn-workbench.")
    return facts


def _write(draft: Path, statement: str, values: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(draft)) as connection, connection:
        connection.execute(statement, values)


def _settle(draft: Path) -> None:
    """Everything in the one file, on disk, and readable where nothing can be written."""
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    handle = os.open(draft, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise StoreUnavailable(f"Cannot read {path}: {error}.") from error
