"""Which keys open a store: the present one, and those before it as long as something is still under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from runtime.config import key_from_environment, old_keys_from_environment
from runtime.crypto.cipher import Cipher, fingerprint
from runtime.crypto.keyfiles import KeyFiles
from runtime.crypto.keyring import KeyRing
from runtime.errors import WrongKey

ENVIRONMENT = "SPAWN_STATESTORE_KEY"
OLD_ENVIRONMENT = "SPAWN_STATESTORE_OLD_KEYS"


class Wanted(NamedTuple):
    """What a store says of its keys: fingerprints, in hexadecimal."""

    store_id: str
    present: str
    older: tuple[str, ...]
    """Of keys that something in it may still be under."""


class Given(NamedTuple):
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

    def __init__(self, url: str, wanted: Wanted, given: Given) -> None:
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

    def _old_keys(self, given: Given) -> set[str]:
        keys = given.old_keys
        if keys is None:
            keys = old_keys_from_environment() if given.key is None else []
        for key in keys:
            self._look("the old keys" if given.old_keys is not None else OLD_ENVIRONMENT, key)
        return {fingerprint(key).hex() for key in keys}

    def _key_file(self, given: Given) -> tuple[bytes, str] | None:
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
        if given.old_keys is not None:  # whoever says that the key was changed means also the one that was made here
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
