"""AES-256-GCM over one key.

Knows bytes only: not what they mean, nor where they are kept.
"""

from __future__ import annotations

import hashlib
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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
