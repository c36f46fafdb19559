from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.security.crypto import Cipher, SealBrokenError, fingerprint

CIPHER = Cipher(bytes(32))


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_opened_seal_is_what_was_sealed(plaintext: bytes, header: bytes) -> None:
    assert CIPHER.open(CIPHER.seal(plaintext, header), header) == plaintext


def test_every_changed_byte_breaks_the_seal() -> None:
    sealed = CIPHER.seal(b"twelve bytes", b"header")

    for index in range(len(sealed)):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(SealBrokenError):
            CIPHER.open(changed, b"header")


@pytest.mark.parametrize("length", range(40))
def test_truncated_seal_is_broken(length: int) -> None:
    with pytest.raises(SealBrokenError):
        CIPHER.open(CIPHER.seal(b"twelve bytes", b"header")[:length], b"header")


def test_another_header_or_key_breaks_the_seal() -> None:
    sealed = CIPHER.seal(b"text", b"header")

    with pytest.raises(SealBrokenError):
        CIPHER.open(sealed, b"Header")
    with pytest.raises(SealBrokenError):
        Cipher(bytes(31) + b"\1").open(sealed, b"header")


def test_equal_texts_are_sealed_differently() -> None:
    assert CIPHER.seal(b"text", b"") != CIPHER.seal(b"text", b"")


def test_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        Cipher(bytes(16))


def test_fingerprint_never_changes() -> None:
    assert fingerprint(bytes(range(32))).hex() == "509de97df1dfafad"
