"""Who a store is and which key opens it."""

from __future__ import annotations

import hashlib
import os
import time

import msgspec

from runtime.config import key_from_environment
from runtime.crypto.cipher import Cipher, SealBrokenError, fingerprint, new_key
from runtime.crypto.keyfiles import KeyFiles
from runtime.errors import StoreDamaged, StoreTooNew, StoreUnavailable, WrongKey
from runtime.ids import ActorId
from runtime.statestores.backend import Backend
from runtime.statestores.blocks import FORMAT

ENVIRONMENT = "SPAWN_STATESTORE_KEY"
_INDEX_HEADER = b"spawn-workbench/index-secret/1"

_encode = msgspec.msgpack.Encoder().encode


class Identity:
    """A store's random id, its cipher, and where the key came from."""

    __slots__ = ("_index_secret", "cipher", "key_is_new", "key_location", "store_id")

    def __init__(self, store_id: str, cipher: Cipher, index_secret: bytes, key_location: str, key_is_new: bool) -> None:
        self.store_id = store_id
        self.cipher = cipher
        self.key_location = key_location
        """A path, the name of the environment variable, or empty for a key that was passed in or is not kept."""
        self.key_is_new = key_is_new
        """True when the key was made just now, which is when a user wants to be told."""
        self._index_secret = index_secret

    def key_hash(self, actor: ActorId, key: str) -> int:
        """64 bits, signed, for an idempotency key of an actor.

        Keyed with a secret of its own, so that keys cannot be guessed from the rows and the hashes outlive a new key.
        """
        digest = hashlib.blake2b(_encode((actor, key)), digest_size=8, key=self._index_secret).digest()
        return int.from_bytes(digest, "little", signed=True)


def identify(backend: Backend, *, key: bytes | None, key_files: KeyFiles | None) -> Identity:
    """The identity of the store in `backend`, which is created if it is new.  An existing store is not written to.

    Args:
        key: the only key to use; None for the one in the environment, else the one made for the store.
        key_files: where keys are made and found; None makes a key that nobody keeps.

    Raises:
        StoreTooNew: a later version made it.
        WrongKey: none of the keys that were found is the store's.
        StoreUnavailable: no key could be made.
    """
    meta = backend.meta()
    return _existing(backend, meta, key, key_files) if meta else _new(backend, key, key_files)


def _new(backend: Backend, key: bytes | None, key_files: KeyFiles | None) -> Identity:
    store_id, secret = os.urandom(8).hex(), os.urandom(32)
    key, location, is_new = _key_for_new(store_id, key, key_files)
    cipher = Cipher(key)
    backend.create(
        {
            "format": str(FORMAT),
            "store_id": store_id,
            "key_fingerprint": cipher.fingerprint.hex(),
            "index_secret": cipher.seal(secret, _INDEX_HEADER).hex(),
            "created_us": str(time.time_ns() // 1000),
            "mark": "0",
        }
    )
    return Identity(store_id, cipher, secret, location, is_new)


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


def _existing(backend: Backend, meta: dict[str, str], key: bytes | None, key_files: KeyFiles | None) -> Identity:
    try:
        version, store_id, wanted = int(meta["format"]), meta["store_id"], meta["key_fingerprint"]
        sealed_secret = bytes.fromhex(meta["index_secret"])
        int(meta["mark"])
    except (KeyError, ValueError) as error:
        raise _damaged_facts(backend.url, repr(error)) from error
    if version > FORMAT:
        raise StoreTooNew(
            f"Cannot open {backend.url}: it has format {version}, this version reads up to format {FORMAT}.\n"
            "A later version of spawn-workbench wrote it. Nothing was changed; update to open it."
        )
    found, location = _find_key(backend.url, store_id, wanted, key, key_files)
    cipher = Cipher(found)
    try:
        secret = cipher.open(sealed_secret, _INDEX_HEADER)
    except SealBrokenError as error:
        raise _damaged_facts(backend.url, str(error)) from error
    return Identity(store_id, cipher, secret, location, key_is_new=False)


def _find_key(url: str, store_id: str, wanted: str, key: bytes | None, key_files: KeyFiles | None) -> tuple[bytes, str]:
    """The key with that fingerprint and where it was.  A key that was passed in is the only candidate."""
    looked: list[str] = []
    if key is not None:
        if fingerprint(key).hex() == wanted:
            return key, ""
        looked.append(f"the key that was passed in ({fingerprint(key).hex()})")
        raise _wrong_key(url, wanted, looked)
    if (found := key_from_environment()) is not None:
        if fingerprint(found).hex() == wanted:
            return found, ENVIRONMENT
        looked.append(f"{ENVIRONMENT} ({fingerprint(found).hex()})")
    else:
        looked.append(f"{ENVIRONMENT} (not set)")
    if key_files is not None:
        path = key_files.path(store_id)
        try:
            found = key_files.read(store_id)
        except OSError as error:
            looked.append(f"{path} ({error.strerror})")
        else:
            if found is not None and fingerprint(found).hex() == wanted:
                return found, str(path)
            missing = "not a key" if path.exists() else "no such file"
            looked.append(f"{path} ({fingerprint(found).hex() if found else missing})")
    raise _wrong_key(url, wanted, looked)


def _wrong_key(url: str, wanted: str, looked: list[str]) -> WrongKey:
    return WrongKey(
        f"Cannot open {url}: it is encrypted with key {wanted}, which was not found.\n"
        f"Looked in {' and '.join(looked)}.\n"
        f"Put the key file back, or set {ENVIRONMENT} to the store's key. Nothing was changed."
    )


def _damaged_facts(url: str, why: str) -> StoreDamaged:
    return StoreDamaged(
        f"Cannot open {url}: what it says of itself is damaged ({why}).\n"
        "Nothing was changed. Put a copy of the store in its place, or start with another one."
    )
