"""Several keys that look like one: the present key, under which everything is written, and older ones that still open.

For the time between a change of the key and the end of `rekey`.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag

from runtime.crypto.cipher import Aead, Cipher


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
