"""The journal's format: blocks of turns.

A block is what one group commit writes, or several such blocks merged.  Integers are big-endian.

    offset  bytes
         0      4   magic "SWJB"
         4      1   format version, 1; a reader refuses a higher one
         5      1   codec of the turns: 1 = msgpack, 2 = msgpack with gaps
         6      2   flags: 1 = written in a store of format 2 or later
         8      8   fingerprint of the key
        16      4   count of turns
        20      8   sequence of the first turn
        28      8   sequence of the last turn
        36     12   nonce
        48      …   ciphertext of AES-256-GCM, its tag (16 bytes) at the end

Authenticated with it: the 36 bytes of header, then the actor filter that is kept beside the block (sorted, distinct
CRC-32 of each actor's (system, name) as msgpack, 4 bytes each, little-endian). The filter only saves reading: a block
whose filter lacks an actor has no turn of it.

The plaintext is a msgpack array with one array for each turn: the fields of `records.Turn` in order. A later minor
version may add fields at the end of a turn: they are ignored when read, and kept as they are when blocks are merged.
Anything that an older reader would misread gets a new format version or codec.

A block is written with codec 1: its turns have all the sequences from first to last. Where retention took turns out of
it, it has codec 2: some are missing, or all.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

import msgspec

from runtime.errors import StoreDamaged, StoreTooNew, WrongKey
from runtime.ids import ActorId
from runtime.records import State, Turn
from runtime.security.crypto import FINGERPRINT_BYTES, Cipher, SealBrokenError
from runtime.stores.journal import salvage
from runtime.stores.journal.backend import BlockRow
from runtime.stores.journal.salvage import Quarantine

FORMAT = 1
_MAGIC = b"SWJB"
_MSGPACK, _WITH_GAPS = 1, 2
_FLAGS = 1
_HEADER = struct.Struct(f">4sBBH{FINGERPRINT_BYTES}sIQQ")

_sequence = attrgetter("sequence")
_encoder = msgspec.msgpack.Encoder()
_turns_decoder = msgspec.msgpack.Decoder(list[Turn])
_turn_decoder = msgspec.msgpack.Decoder(Turn)
_raw_decoder = msgspec.msgpack.Decoder(list[msgspec.Raw])
_STATE, _DELTA = (Turn.__struct_fields__.index(name) for name in ("state", "delta"))


def actor_hash(actor: ActorId) -> int:
    """The 32 bits that stand for an actor in a filter."""
    return zlib.crc32(_encoder.encode(actor))


def actor_filter(actors: Iterable[ActorId]) -> bytes:
    """The filter of a block with turns of these actors."""
    return _packed({actor_hash(actor) for actor in set(actors)})


def may_hold(actors: bytes, wanted: int) -> bool:
    """False when a block with this filter has no turn of the actor with that hash."""
    hashes = hashes_in(actors)
    place = bisect_left(hashes, wanted)
    return place < len(hashes) and hashes[place] == wanted


def sealed_with(row: BlockRow) -> bytes:
    """The fingerprint of the key in a block's header; empty for what is no block."""
    header = row.data[: _HEADER.size]
    return bytes(_HEADER.unpack(header)[4]) if len(header) == _HEADER.size and header.startswith(_MAGIC) else b""


def is_flagged(row: BlockRow) -> bool:
    """Whether the block was written in a store of format 2 or later, whose facts are authenticated."""
    header = row.data[: _HEADER.size]
    return len(header) == _HEADER.size and bool(_HEADER.unpack(header)[3] & _FLAGS)


class BlockCodec:
    """Turns to sealed rows and back, for one store."""

    __slots__ = ("_cipher", "_quarantine", "_store")

    def __init__(self, cipher: Cipher, store: str, quarantine: Quarantine | None = None) -> None:
        """`store` is its URL, for messages; `quarantine` is told of turns that do not decode."""
        self._cipher, self._store = cipher, store
        self._quarantine = quarantine or Quarantine(store)

    def encode(self, turns: Sequence[Turn]) -> BlockRow:
        """A block of one or more turns without gaps between their sequences."""
        plaintext = _encoder.encode(turns)
        return self._sealed(
            plaintext, len(turns), turns[0].sequence, turns[-1].sequence, actor_filter([turn.actor for turn in turns])
        )

    def decode(self, row: BlockRow) -> list[Turn]:
        """The turns, in order; large states may still be deltas.

        A turn that does not decode, in a block that passes its check, is given as far as it is known (`salvage`).

        Raises:
            StoreTooNew: the block has a later format.
            WrongKey: it was sealed with another key.
            StoreDamaged: it fails a check; the message says which turns it held.
        """
        plaintext = self._opened(row)
        try:
            turns = _turns_decoder.decode(plaintext)
        except salvage.UNDECODABLE:
            turns = self._one_by_one(plaintext, row)
        if len(turns) != count_of(row) or (
            turns and not row.first <= turns[0].sequence <= turns[-1].sequence <= row.last
        ):
            raise self._damaged(row, "its turns are not the ones its header names")
        return turns

    def plaintext(self, row: BlockRow) -> bytes:
        """What is under the encryption: the turns as msgpack.

        Raises:
            StoreTooNew, WrongKey, StoreDamaged: as `decode`; whether its turns are what they should be is not looked at.
        """
        return self._opened(row)

    def _one_by_one(self, plaintext: bytes, row: BlockRow) -> list[Turn]:
        """The turns of a block in which one at least does not decode."""
        try:
            raw = _raw_decoder.decode(plaintext)
        except salvage.UNDECODABLE as error:
            raise self._damaged(row, str(error)) from error
        turns = list[Turn]()
        for each in raw:
            try:
                turns.append(_turn_decoder.decode(each))
            except salvage.UNDECODABLE:
                found = salvage.of_bytes(each, turns[-1].sequence + 1 if turns else row.first)
                self._quarantine.add(found.finding)
                turns.append(found.turn)
        return turns

    def change(
        self, rows: Sequence[BlockRow], turns: Sequence[Turn], kept: Sequence[int], whole: Mapping[int, State]
    ) -> BlockRow:
        """One block in place of adjacent ones, with only some of their turns, moved as bytes.

        Args:
            turns: what the blocks hold, together.
            kept: positions in `turns`, ascending.
            whole: states that take the place of differences, by position.
        """
        raw = [turn for row in rows for turn in _raw_decoder.decode(self._opened(row))]
        left = [_with_state(raw[index], whole[index]) if index in whole else raw[index] for index in kept]
        actors = actor_filter([turns[index].actor for index in kept])
        return self._sealed(_encoder.encode(left), len(left), rows[0].first, rows[-1].last, actors)

    def empty(self, first: int, last: int) -> BlockRow:
        """A block without turns, which keeps the numbering of those that it had."""
        return self._sealed(_encoder.encode([]), 0, first, last, actor_filter([]))

    def merge(self, rows: Sequence[BlockRow]) -> BlockRow:
        """One block in place of adjacent ones.  Turns are moved as bytes, so that unknown fields survive."""
        raw = [turn for row in rows for turn in _raw_decoder.decode(self._opened(row))]
        actors = _packed({hashed for row in rows for hashed in hashes_in(row.actors)})
        return self._sealed(_encoder.encode(raw), len(raw), rows[0].first, rows[-1].last, actors)

    def _sealed(self, plaintext: bytes, count: int, first: int, last: int, actors: bytes) -> BlockRow:
        codec = _MSGPACK if count == last - first + 1 else _WITH_GAPS
        header = _HEADER.pack(_MAGIC, FORMAT, codec, _FLAGS, self._cipher.fingerprint, count, first, last)
        return BlockRow(first, last, actors, header + self._cipher.seal(plaintext, header + actors))

    def _opened(self, row: BlockRow) -> bytes:
        header = row.data[: _HEADER.size]
        self._check(header, row)
        try:
            return self._cipher.open(memoryview(row.data)[_HEADER.size :], header + row.actors)
        except SealBrokenError as error:
            raise self._damaged(row, str(error)) from error

    def _check(self, header: bytes, row: BlockRow) -> None:
        if len(header) < _HEADER.size or not header.startswith(_MAGIC):
            raise self._damaged(row, "it does not start like a block")
        _, version, codec, _, key, count, first, last = _HEADER.unpack(header)
        if version > FORMAT or codec not in (_MSGPACK, _WITH_GAPS):
            raise StoreTooNew(
                f"Cannot read turns {row.first} to {row.last} of {self._store}: block format {version}, codec {codec}; "
                f"this version reads format {FORMAT}, codecs {_MSGPACK} and {_WITH_GAPS}.\n"
                "A later version of spawn-workbench wrote it. Nothing was changed; update to read it."
            )
        if not self._cipher.knows(key):
            raise WrongKey(
                f"Cannot read turns {row.first} to {row.last} of {self._store}: sealed with key {key.hex()}, "
                f"opened with key {self._cipher.fingerprint.hex()}."
            )
        is_full = count == last - first + 1
        if (first, last) != (row.first, row.last) or is_full != (codec == _MSGPACK):
            raise self._damaged(row, f"its header names turns {first} to {last}")

    def _damaged(self, row: BlockRow, why: str) -> StoreDamaged:
        return StoreDamaged(
            f"Cannot read turns {row.first} to {row.last} of {self._store}: the block is damaged ({why}).\n"
            "Nothing was changed. Put a copy of the store in its place, or start with another one."
        )


def between(turns: list[Turn], first: int, last: int) -> list[Turn]:
    """Those of `turns`, which are in order, from one sequence to another."""
    if turns and turns[-1].sequence - turns[0].sequence == len(turns) - 1:
        start = turns[0].sequence
        return turns[max(first - start, 0) : max(last - start + 1, 0)]
    return turns[bisect_left(turns, first, key=_sequence) : bisect_right(turns, last, key=_sequence)]


def count_of(row: BlockRow) -> int:
    """How many turns a block has, as its header says."""
    return int(_HEADER.unpack_from(row.data)[5])


def _with_state(raw: msgspec.Raw, state: State) -> msgspec.Raw:
    """A turn's bytes with that state in place of the difference; whatever else is in it stays."""
    fields = _raw_decoder.decode(raw)
    fields[_STATE], fields[_DELTA] = msgspec.Raw(_encoder.encode(state)), msgspec.Raw(_encoder.encode(None))
    return msgspec.Raw(_encoder.encode(fields))


def _packed(hashes: Iterable[int]) -> bytes:
    return _little_endian(array("I", sorted(hashes))).tobytes()


def hashes_in(actors: bytes) -> array[int]:
    """The hashes that a filter holds, sorted."""
    hashes = array("I")
    hashes.frombytes(actors)
    return _little_endian(hashes)


def _little_endian(hashes: array[int]) -> array[int]:
    if sys.byteorder == "big":
        hashes.byteswap()
    return hashes
