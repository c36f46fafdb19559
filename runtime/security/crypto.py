"""Keys, tokens, and encryption with AES-256-GCM.

`Cipher` encrypts bytes with one key and knows nothing of what they mean; a `KeyRing` opens what older keys wrote.  Keys and
tokens are kept in files that only their owner can read; `cloak` is the layout of Spawn's own encrypted columns.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.errors import BadSetting
from runtime.security.private_files import draft_of, make_private_directory, replace, write_new

KEY_BYTES = 32
FINGERPRINT_BYTES = 8
_NONCE_BYTES = 12
_TAG_BYTES = 16
_FINGERPRINT_DOMAIN = b"spawn-workbench/key-fingerprint/1\0"


class SealBrokenError(ValueError):
    """The bytes were not sealed with this key and this header, or were changed since."""


class Aead(Protocol):
    """Authenticated encryption with one key or several; `cryptography.exceptions.InvalidTag` for what does not fit."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes | memoryview, data: bytes | memoryview, associated_data: bytes | None) -> bytes: ...


def fingerprint(key: bytes) -> bytes:
    """8 bytes that tell keys apart and say nothing about them."""
    return hashlib.sha256(_FINGERPRINT_DOMAIN + key).digest()[:FINGERPRINT_BYTES]


def new_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


class Cipher:
    """Seals and opens byte strings; may be shared between threads.

    The AESGCM object is kept: making one for each call would triple the cost of a small value.
    """

    __slots__ = ("aead", "fingerprint")

    def __init__(self, key: bytes) -> None:
        """Raises ValueError unless `key` has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"An AES-256 key has {KEY_BYTES} bytes, not {len(key)}.")
        self.aead: Aead = AESGCM(key)
        self.fingerprint = fingerprint(key)

    def seal(self, plaintext: bytes, header: bytes) -> bytes:
        """A random nonce of 12 bytes, then the ciphertext with its tag; `header` is authenticated, not contained."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self.aead.encrypt(nonce, plaintext, header)

    def knows(self, fingerprint: bytes) -> bool:
        """Whether what bears this fingerprint can be opened."""
        return fingerprint == self.fingerprint

    def open(self, sealed: bytes | memoryview, header: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealBrokenError: another key, another header, or changed or missing bytes.
        """
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise SealBrokenError("fewer bytes than a nonce and a tag have")
        try:
            return self.aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], header)
        except InvalidTag:
            raise SealBrokenError("the authentication tag does not match") from None


# --- Key ring ---------------------------------------------------------------------------------------------------------
# Several keys that look like one: the present key, under which everything is written, and older ones that still open.
#
# For the time between a change of the key and the end of `rekey`.


class KeyRing(Cipher):
    """Seals with the first key; opens with whichever fits."""

    __slots__ = ("_known", "present")

    def __init__(self, present: bytes, older: Sequence[bytes]) -> None:
        """Raises ValueError unless every key has 32 bytes."""
        super().__init__(present)
        ciphers = [Cipher(key) for key in older]
        self.present = Cipher(present)
        """The present key alone: by it one tells what is still under an older one."""
        self._known = {self.fingerprint, *(cipher.fingerprint for cipher in ciphers)}
        self.aead = _Tried([self.aead, *(cipher.aead for cipher in ciphers)])

    def knows(self, fingerprint: bytes) -> bool:
        return fingerprint in self._known


class _Tried:
    """The ciphers one after the other; the first one encrypts."""

    __slots__ = ("_aeads",)

    def __init__(self, aeads: Sequence[Aead]) -> None:
        self._aeads = aeads

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        return self._aeads[0].encrypt(nonce, data, associated_data)

    def decrypt(self, nonce: bytes | memoryview, data: bytes | memoryview, associated_data: bytes | None) -> bytes:
        for aead in self._aeads:
            try:
                return aead.decrypt(nonce, data, associated_data)
            except InvalidTag:
                continue
        raise InvalidTag


# --- The byte layout in which Spawn keeps encrypted columns (Elixir's Cloak; docs/protocols.md, "Cloak layout") ---
# 01 · 0A · "AES.GCM.V1" · IV (16 bytes) · tag (16 bytes) · ciphertext        additional data: "AES256GCM"
#
# The first byte is the type of what follows, the second the length of the cipher's label. Only `snapshots.data` uses
# this; the journal has its own blocks. The older AES-CTR label has no tag and is read by `spawn_tables`, not here.

_LABEL = b"\x01\x0aAES.GCM.V1"
_ADDITIONAL = b"AES256GCM"
_IV_BYTES = 16
_TAG_AT = len(_LABEL) + _IV_BYTES
_BODY_AT = _TAG_AT + _TAG_BYTES

TAGGED_BYTES = _BODY_AT
"""So many bytes of a column, with its IV and tag, tell it from any other."""


def cloak(cipher: Cipher, plaintext: bytes) -> bytes:
    """The column value for `plaintext`, under a random IV."""
    iv = os.urandom(_IV_BYTES)
    sealed = cipher.aead.encrypt(iv, plaintext, _ADDITIONAL)
    return b"".join((_LABEL, iv, sealed[-_TAG_BYTES:], sealed[:-_TAG_BYTES]))


def uncloak(cipher: Cipher, column: bytes) -> bytes:
    """What a column value holds.

    Raises:
        SealBrokenError: another layout, another key, or changed bytes.
    """
    if len(column) < _BODY_AT or not column.startswith(_LABEL):
        raise SealBrokenError("not in the layout AES.GCM.V1")
    try:
        return cipher.aead.decrypt(
            column[len(_LABEL) : _TAG_AT], column[_BODY_AT:] + column[_TAG_AT:_BODY_AT], _ADDITIONAL
        )
    except InvalidTag:
        raise SealBrokenError("the authentication tag does not match") from None


# --- Key files --------------------------------------------------------------------------------------------------------
# Keys that were made because none was configured: one file per store, outside the project, its owner's only.
#
# A file holds the key as base64 in one line, which is also what `SPAWN_STATESTORE_KEY` takes.


def default_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_DATA_HOME/spawn-workbench/keys`, or under `~/.local/share` where that is not set (or not absolute)."""
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():
        base = Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "spawn-workbench" / "keys"


class KeyFiles:
    """The directory of key files; a key is found again by the random id of its store."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or default_directory()

    def path(self, store_id: str) -> Path:
        """Where the key of that store is, or would be."""
        return self.directory / f"{store_id}.key"

    def read(self, store_id: str) -> bytes | None:
        """The store's key, or None when there is no usable file.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            text = self.path(store_id).read_bytes()
        except FileNotFoundError:
            return None
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            return None
        return key if len(key) == KEY_BYTES else None

    def create(self, store_id: str) -> bytes:
        """A new key, kept as `keep` does.

        Raises:
            OSError: it cannot be written, or that store already has one (which is left as it is).
        """
        key = new_key()
        self.keep(store_id, key)
        return key

    def keep(self, store_id: str, key: bytes) -> None:
        """Write a store's key, synced before this returns; the file appears whole or not at all.

        Raises:
            FileExistsError: that store already has one, which is left as it is.
            OSError: it cannot be written.
        """
        make_private_directory(self.directory)
        self.directory.chmod(0o700)
        draft = draft_of(self.path(store_id))
        write_new(draft, base64.b64encode(key) + b"\n", is_synced=True)
        try:
            os.link(draft, self.path(store_id))  # unlike a rename, never replaces a key that is there
        finally:
            draft.unlink()
        sync_directory(self.directory)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    if os.name == "nt":  # directories cannot be opened there, and need not be
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- Tokens -----------------------------------------------------------------------------------------------------------
# Tokens by which a process shows that it belongs to the same user: files per listening port, their owner's only.
#
# A server has one token for each role.  The file of the role `act` has the name that it had before there were roles.

TOKEN_BYTES = 32


class Role(StrEnum):
    """What a server lets the bearer of a token, or the owner of a certificate, do."""

    LOOK = "look"
    """Only reads."""
    ACT = "act"
    """Everything."""


def new_token() -> str:
    """256 random bits as text that fits a header."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_same(given: str, expected: str) -> bool:
    """Whether two tokens are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


class TokenFiles:
    """Where servers of this machine leave their tokens for other processes of the same user."""

    def __init__(self, directory: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> None:
        self.directory = directory or default_directory(environ).with_name("tokens")

    def path(self, port: int, role: Role = Role.ACT) -> Path:
        """Where the token for that port is, or would be."""
        return self.directory / (f"{port}.token" if role is Role.ACT else f"{port}.{role}.token")

    def create(self, port: int, token: str, role: Role = Role.ACT) -> Path:
        """Leave a token for those who may read its owner's files; replaces one of an earlier server on that port.

        Raises:
            OSError: it cannot be written.
        """
        make_private_directory(self.directory)
        self.directory.chmod(0o700)
        path = self.path(port, role)
        replace(path, f"{token}\n".encode("ascii"))
        return path

    def read(self, port: int, role: Role = Role.ACT) -> str:
        """The token for a port of this machine; empty when there is none.

        Raises:
            BadSetting: another user owns the file or can write it, so that it may say anything.
        """
        return read_token(self.path(port, role))

    def remove(self, port: int, token: str, role: Role = Role.ACT) -> None:
        """Take the token away again, unless another server has replaced it."""
        path = self.path(port, role)
        try:
            if path.read_text("ascii").strip() == token:
                path.unlink()
        except (OSError, ValueError):
            pass


def read_token(path: Path) -> str:
    """The token in a file; empty when the file is not there.

    Raises:
        BadSetting: another user owns the file or can read or write it.
    """
    try:
        status = path.stat()
        text = path.read_text("ascii").strip()
    except (FileNotFoundError, ValueError):
        return ""
    except PermissionError:
        raise BadSetting(f"The token file {path} belongs to another user; only they can attach.") from None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        raise BadSetting(
            f"The token file {path} is not used: others than you may have written or read it.\n"
            f"Restart the server that made it, or make it yours alone: chmod 600 {path}"
        )
    return text
