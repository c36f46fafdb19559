"""The identity of a store, and the key that opens it."""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from runtime.config import key_from_environment, old_keys_from_environment
from runtime.errors import StoreDamaged, StoreTooNew, StoreUnavailable, WrongKey
from runtime.ids import ActorId
from runtime.security.crypto import Cipher, KeyFiles, KeyRing, SealBrokenError, fingerprint, new_key
from runtime.stores.journal.backend import Backend

FORMAT = 2
"""Of a store.  Since 2, what is beside its blocks is authenticated (`attestation`)."""

OLDER = "old_fingerprints"
"""The entry in the store's facts with the fingerprints of keys that something may still be under."""
REKEYED = "rekeyed"
"""The entry with the last turn up to which blocks are under the present key, while others may not be."""
_INDEX_HEADERS = {1: b"spawn-workbench/index-secret/1", 2: b"spawn-workbench/index-secret/2"}
"""By format: the secret shows, whatever else the facts say, that a store had format 2."""

KEY_SUM_BYTES = 32
"""So many that no other choice of rows that were ever seen has the same sum; 16 would leave that within reach."""
_KEY_SUMS: int = 256**KEY_SUM_BYTES
_KEY_ROW = struct.Struct("<qq")

FirstFacts = Callable[["Identity", dict[str, str]], dict[str, str]]

_encode = msgspec.msgpack.Encoder().encode


class Identity:
    """A store's random id, its cipher, and where the key came from."""

    __slots__ = ("_index_secret", "cipher", "is_attested", "key_is_new", "key_location", "replaced", "store_id")

    def __init__(
        self,
        store_id: str,
        cipher: Cipher,
        index_secret: bytes,
        key_location: str,
        key_is_new: bool,
        replaced: tuple[str, ...] = (),
        is_attested: bool = True,
    ) -> None:
        self.store_id = store_id
        self.cipher = cipher
        self.key_location = key_location
        """A path, the name of the environment variable, or empty for a key that was passed in or is not kept."""
        self.key_is_new = key_is_new
        """True when the key was made just now, which is when a user wants to be told."""
        self.replaced = replaced
        """Fingerprints of the keys in whose place this one was given just now; empty if the store knows it already."""
        self.is_attested = is_attested
        """False for a store of format 1."""
        self._index_secret = index_secret

    def facts_of_new_key(self) -> dict[str, str]:
        """What the store has to know before anything is written under a key that it was given; empty for its own."""
        if not self.replaced:
            return {}
        return {
            "key_fingerprint": self.cipher.fingerprint.hex(),
            "index_secret": self._sealed_secret(FORMAT if self.is_attested else 1),
            REKEYED: "",
            OLDER: " ".join(dict.fromkeys(each for each in self.replaced if each != self.cipher.fingerprint.hex())),
        }

    def facts_of_format(self) -> dict[str, str]:
        """What makes a store one of the present format."""
        return {"format": str(FORMAT), "index_secret": self._sealed_secret(FORMAT)}

    def mac(self, domain: bytes, payload: bytes) -> str:
        """A MAC over `payload`, in hexadecimal; `domain` (at most 16 bytes) keeps uses apart.  It outlives a new key."""
        return hashlib.blake2b(payload, digest_size=16, key=self._index_secret, person=domain).hexdigest()

    def sum_of_key_rows(self, rows: Iterable[tuple[int, int]]) -> int:
        """The MACs of rows (hash, sequence), added modulo 2^256: in any order, and none can be exchanged for another."""
        total, keyed = 0, hashlib.blake2b(digest_size=KEY_SUM_BYTES, key=self._index_secret, person=b"key row")
        for row in rows:
            mac = keyed.copy()
            mac.update(_KEY_ROW.pack(*row))
            total += int.from_bytes(mac.digest(), "little")
        return total % _KEY_SUMS

    def _sealed_secret(self, version: int) -> str:
        return self.cipher.seal(self._index_secret, _INDEX_HEADERS[version]).hex()

    def key_hash(self, actor: ActorId, key: str) -> int:
        """64 bits, signed, for an idempotency key of an actor.

        Keyed with a secret of its own, so that keys cannot be guessed from the rows and the hashes outlive a new key.
        """
        digest = hashlib.blake2b(_encode((actor, key)), digest_size=8, key=self._index_secret).digest()
        return int.from_bytes(digest, "little", signed=True)


def identify(
    backend: Backend,
    *,
    key: bytes | None,
    key_files: KeyFiles | None,
    old_keys: Sequence[bytes] | None = None,
    first_facts: FirstFacts = lambda identity, facts: {},
) -> Identity:
    """The identity of the store in `backend`, which is created if it is new.  An existing store is not written to.

    Args:
        key: the only key to use; None for the one in the environment, else the one made for the store.
        key_files: where keys are made and found; None makes a key that no one keeps.
        first_facts: what a new store says of itself beside its identity.
        old_keys: those before `key`, which open what was written under them; None for the environment's.

    Raises:
        StoreTooNew: a later version made it.
        WrongKey: none of the keys that were found is the store's.
        StoreUnavailable: no key could be made.
    """
    meta = backend.meta()
    return (
        _existing(backend, meta, KeySources(key, key_files, old_keys))
        if meta
        else _new(backend, key, key_files, first_facts)
    )


def _new(backend: Backend, key: bytes | None, key_files: KeyFiles | None, first_facts: FirstFacts) -> Identity:
    store_id, secret = os.urandom(8).hex(), os.urandom(32)
    key, location, is_new = _key_for_new(store_id, key, key_files)
    cipher = Cipher(key)
    identity = Identity(store_id, cipher, secret, location, is_new)
    facts = {
        "store_id": store_id,
        "key_fingerprint": cipher.fingerprint.hex(),
        "created_us": str(time.time_ns() // 1000),
        "mark": "0",
    }
    backend.create(facts | identity.facts_of_format() | first_facts(identity, facts))
    return identity


def _key_for_new(store_id: str, key: bytes | None, key_files: KeyFiles | None) -> tuple[bytes, str, bool]:
    if key is not None:
        return key, "", False
    if (found := key_from_environment()) is not None:
        return found, ENVIRONMENT, False
    if key_files is None:
        return new_key(), "", False
    try:
        return key_files.create(store_id), str(key_files.path(store_id)), True
    except OSError as error:
        raise StoreUnavailable(
            f"Cannot make a key for the new store: {error}.\n"
            f"Set {ENVIRONMENT} to base64 of 32 bytes, or XDG_DATA_HOME to a directory of yours that can be written."
        ) from error


def _existing(backend: Backend, meta: dict[str, str], given: KeySources) -> Identity:
    try:
        version, store_id, present = int(meta["format"]), meta["store_id"], meta["key_fingerprint"]
        sealed_secret = bytes.fromhex(meta["index_secret"])
        int(meta["mark"])
    except (KeyError, ValueError) as error:
        raise _damaged_facts(backend.url, repr(error)) from error
    if version > FORMAT:
        raise StoreTooNew(
            f"Cannot open {backend.url}: it has format {version}, this version reads up to format {FORMAT}.\n"
            "A later version of spawn-workbench wrote it. Nothing was changed; update to open it."
        )
    wanted = Wanted(store_id, present, tuple(meta.get(OLDER, "").split()))
    found = Search(backend.url, wanted, given).found()
    try:
        secret, format_ = _secret(found.cipher, sealed_secret)
    except SealBrokenError as error:
        raise _damaged_facts(backend.url, str(error)) from error
    replaced = (*wanted.older, present) if found.is_new else ()
    return Identity(
        store_id, found.cipher, secret, found.location, key_is_new=False, replaced=replaced, is_attested=format_ > 1
    )


def _secret(cipher: Cipher, sealed: bytes) -> tuple[bytes, int]:
    """The secret, and the format that the store had when it was sealed."""
    try:
        return cipher.open(sealed, _INDEX_HEADERS[2]), 2
    except SealBrokenError:
        return cipher.open(sealed, _INDEX_HEADERS[1]), 1


def _damaged_facts(url: str, why: str) -> StoreDamaged:
    return StoreDamaged(
        f"Cannot open {url}: what it says of itself is damaged ({why}).\n"
        "Nothing was changed. Put a copy of the store in its place, or start with another one."
    )


# --- Search for the key of a store ------------------------------------------------------------------------------------
# Which keys open a store: the present one, and those before it as long as something is still under them.

ENVIRONMENT = "SPAWN_STATESTORE_KEY"
OLD_ENVIRONMENT = "SPAWN_STATESTORE_OLD_KEYS"


class Wanted(NamedTuple):
    """What a store says of its keys: fingerprints, in hexadecimal."""

    store_id: str
    present: str
    older: tuple[str, ...]
    """Of keys that something in it may still be under."""


class KeySources(NamedTuple):
    """Where keys may come from."""

    key: bytes | None
    """None for the environment, then the key file."""
    key_files: KeyFiles | None
    old_keys: Sequence[bytes] | None
    """None for the environment, where `key` is None too; else nothing but these and the key file."""


class Found(NamedTuple):
    """The keys of a store."""

    cipher: Cipher
    """A `KeyRing` as long as older keys are needed."""
    location: str
    is_new: bool
    """The store was given another key, and does not know it yet."""


class Search:
    """One look for the keys of one store."""

    def __init__(self, url: str, wanted: Wanted, given: KeySources) -> None:
        """Raises BadSetting: a key in the environment is none."""
        self._url, self._wanted = url, wanted
        self._looked: list[str] = []
        self._known: dict[str, bytes] = {}
        self._key, self._location = given.key, ""
        if given.key is not None:
            self._look("the key that was passed in", given.key)
        else:
            self._key, self._location = key_from_environment(), ENVIRONMENT
            self._look(ENVIRONMENT, self._key, "not set")
        self._old = self._old_keys(given)
        self._file = self._key_file(given)

    def found(self) -> Found:
        """The keys.

        Raises:
            WrongKey: one that is needed is not there; it is named, and where it was looked for.
        """
        present, location, is_new = self._present()
        needed = {*self._wanted.older, self._wanted.present} - {fingerprint(present).hex()}
        for each in sorted(needed):
            if each not in self._known:
                raise self._older_is_missing(each)
        if not needed:
            return Found(Cipher(present), location, is_new)
        return Found(KeyRing(present, [self._known[each] for each in sorted(needed)]), location, is_new)

    def _present(self) -> tuple[bytes, str, bool]:
        wanted = self._wanted.present
        if self._key is not None:
            if fingerprint(self._key).hex() == wanted:
                return self._key, self._location, False
            if wanted in self._old:
                return self._key, self._location, True
        if self._file is not None and fingerprint(self._file[0]).hex() == wanted:
            return *self._file, False
        raise WrongKey(
            f"Cannot open {self._url}: it is encrypted with key {wanted}, which was not found.\n"
            f"Looked in {' and '.join(self._looked)}.\n"
            f"Put the key file back, or set {ENVIRONMENT} to the store's key. Nothing was changed."
        )

    def _old_keys(self, given: KeySources) -> set[str]:
        keys = given.old_keys
        if keys is None:
            keys = old_keys_from_environment() if given.key is None else []
        for key in keys:
            self._look("the old keys" if given.old_keys is not None else OLD_ENVIRONMENT, key)
        return {fingerprint(key).hex() for key in keys}

    def _key_file(self, given: KeySources) -> tuple[bytes, str] | None:
        if given.key_files is None or (given.key is not None and given.old_keys is None):
            return None
        path = given.key_files.path(self._wanted.store_id)
        try:
            key = given.key_files.read(self._wanted.store_id)
        except OSError as error:
            self._look(str(path), None, str(error.strerror))
            return None
        self._look(str(path), key, "not a key" if path.exists() else "no such file")
        if key is None:
            return None
        if (
            given.old_keys is not None
        ):  # the one who says that the key was changed means also the one that was made here
            self._old.add(fingerprint(key).hex())
        return key, str(path)

    def _look(self, where: str, key: bytes | None, otherwise: str = "") -> None:
        self._looked.append(f"{where} ({fingerprint(key).hex() if key is not None else otherwise})")
        if key is not None:
            self._known[fingerprint(key).hex()] = key

    def _older_is_missing(self, older: str) -> WrongKey:
        return WrongKey(
            f"Cannot open {self._url}: part of it is still encrypted with the older key {older}, which was not found.\n"
            f"Looked in {' and '.join(self._looked)}.\n"
            f"Set {OLD_ENVIRONMENT} to that key, and run `python -m runtime rekey` to be rid of it. Nothing was changed."
        )
