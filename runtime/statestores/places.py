"""An actor's place: name and system as bytes that compare like the pair of texts, and fit into any server's index."""

from __future__ import annotations

import hashlib

LONGEST = 850
"""Bytes; the least that an index key may have on the servers there are is 900 (MSSQL)."""

_DIGEST_BYTES = 16
_END = b"\0\0"


def place_of(name: str, system: str) -> bytes:
    """The place of an actor.  Distinct actors have distinct places.

    Places sort like (name, system) by code points, except among names of which the first 834 bytes are the same: those
    stand together, in an order of their own.

    Raises:
        UnicodeEncodeError: a text that UTF-8 cannot hold.
    """
    whole = _escaped(name) + _END + _escaped(system) + _END
    if len(whole) < LONGEST:
        return whole
    return whole[: LONGEST - _DIGEST_BYTES] + hashlib.blake2b(whole, digest_size=_DIGEST_BYTES).digest()


def places_from(prefix: str) -> tuple[bytes, bytes]:
    """The first place of a name with that prefix, and the first one after all of those.

    Raises:
        UnicodeEncodeError: as above.
    """
    start = _escaped(prefix)[: LONGEST - _DIGEST_BYTES]
    kept = start.rstrip(b"\xff")
    return start, kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\xff"


def _escaped(text: str) -> bytes:
    """Without two zero bytes in a row, so that a shorter text always sorts before a longer one that begins with it."""
    return text.encode().replace(b"\0", b"\0\xff")
