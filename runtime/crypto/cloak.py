"""The byte layout in which Spawn keeps encrypted columns (Elixir's Cloak, spawn-protocol §3.4).

    01 · 0A · "AES.GCM.V1" · IV (16 bytes) · tag (16 bytes) · ciphertext        additional data: "AES256GCM"

The first byte is the type of what follows, the second the length of the cipher's label. Only `snapshots.data` uses
this; the journal has its own blocks. The older AES-CTR label has no tag and is read by `spawn_tables`, not here.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag

from runtime.crypto.cipher import Cipher, SealBrokenError

_LABEL = b"\x01\x0aAES.GCM.V1"
_ADDITIONAL = b"AES256GCM"
_IV_BYTES = 16
_TAG_BYTES = 16
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
