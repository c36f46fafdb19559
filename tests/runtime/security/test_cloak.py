from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.security.crypto import Cipher, SealBrokenError, cloak, uncloak

# A row that a real Spawn proxy wrote (its key was made for the recording).
SPAWN_KEY = base64.b64decode("3Jnb0hZiHIzHTOih7t2cTEPEpY98Tu1wvQkPfq/XwqE=")
SPAWN_COLUMN = bytes.fromhex(
    "010a4145532e47434d2e56310b2137d1299d85cb104e7f073228a06a1c2b2dcefdb1d274ef19b614df59f064e39091"
)
CIPHER = Cipher(bytes(32))


def test_column_of_a_real_proxy_is_opened() -> None:
    assert uncloak(Cipher(SPAWN_KEY), SPAWN_COLUMN) == bytes.fromhex("0a0162")


@given(st.binary(max_size=300))
def test_uncloaked_is_what_was_cloaked(plaintext: bytes) -> None:
    assert uncloak(CIPHER, cloak(CIPHER, plaintext)) == plaintext


def test_layout_is_the_one_spawn_writes() -> None:
    column = cloak(CIPHER, b"abc")

    assert column[:12] == SPAWN_COLUMN[:12]
    assert len(column) == 12 + 16 + 16 + 3


def test_every_changed_byte_is_noticed() -> None:
    column = cloak(CIPHER, b"abc")

    for index in range(len(column)):
        changed = column[:index] + bytes([column[index] ^ 1]) + column[index + 1 :]
        with pytest.raises(SealBrokenError):
            uncloak(CIPHER, changed)


def test_short_column_is_not_opened() -> None:
    with pytest.raises(SealBrokenError, match="layout"):
        uncloak(CIPHER, SPAWN_COLUMN[:40])
