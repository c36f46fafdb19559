from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import StoreDamaged, StoreTooNew, WrongKey
from runtime.records import Turn
from runtime.security.crypto import Cipher
from runtime.stores.journal.backend import BlockRow
from runtime.stores.journal.blocks import BlockCodec, actor_filter, actor_hash, may_hold
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.strategies import runs

CIPHER = Cipher(bytes(range(32)))
CODEC = BlockCodec(CIPHER, "memory://")


@pytest.fixture
def row() -> BlockRow:
    return CODEC.encode(TurnHistory().batch(3, "a", "b"))


@given(runs())
def test_decoded_block_is_what_was_encoded(turns: list[Turn]) -> None:
    row = CODEC.encode(turns)

    assert CODEC.decode(row) == turns
    assert (row.first, row.last) == (turns[0].sequence, turns[-1].sequence)


@given(runs(max_size=8), st.integers(1, 7))
def test_merged_blocks_hold_the_same_turns(turns: list[Turn], size: int) -> None:
    parts = [turns[start : start + size] for start in range(0, len(turns), size)]

    merged = CODEC.merge([CODEC.encode(part) for part in parts])

    whole = CODEC.encode(turns)
    assert CODEC.decode(merged) == turns
    assert (merged.first, merged.last, merged.actors) == (whole.first, whole.last, whole.actors)


def test_every_changed_byte_is_noticed(row: BlockRow) -> None:
    for index in range(len(row.data)):
        data = row.data[:index] + bytes([row.data[index] ^ 0x40]) + row.data[index + 1 :]
        with pytest.raises((StoreDamaged, StoreTooNew, WrongKey)):
            CODEC.decode(msgspec.structs.replace(row, data=data))


def test_block_torn_anywhere_is_damaged(row: BlockRow) -> None:
    for length in range(len(row.data)):
        with pytest.raises(StoreDamaged, match="turns 1 to 3"):
            CODEC.decode(msgspec.structs.replace(row, data=row.data[:length]))


def test_changed_filter_or_place_is_noticed(row: BlockRow) -> None:
    with pytest.raises(StoreDamaged):
        CODEC.decode(msgspec.structs.replace(row, actors=actor_filter([actor_id("a")])))
    with pytest.raises(StoreDamaged, match="its header names turns 1 to 3"):
        CODEC.decode(msgspec.structs.replace(row, first=2, last=4))


def test_later_format_is_refused_by_name(row: BlockRow) -> None:
    later = msgspec.structs.replace(row, data=row.data[:4] + b"\x02" + row.data[5:])

    with pytest.raises(StoreTooNew, match=r"format 2.*reads format 1"):
        CODEC.decode(later)


def test_another_key_is_told_apart_from_damage(row: BlockRow) -> None:
    other = BlockCodec(Cipher(bytes(32)), "memory://")

    with pytest.raises(WrongKey, match=CIPHER.fingerprint.hex()):
        other.decode(row)


def test_fields_of_a_later_version_survive_a_merge() -> None:
    past = TurnHistory()
    rows = [_with_extra_field(turn) for turn in past.batch(3, "a")]

    merged = CODEC.merge(rows)

    assert CODEC.decode(merged) == past.turns
    stored = msgspec.msgpack.decode(CODEC._opened(merged))
    assert [fields[-1] for fields in stored] == ["later"] * 3


def test_turns_without_the_last_fields_are_read() -> None:
    (turn,) = TurnHistory().batch(1, "a")
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(turn))[:25]  # before workflow and delta

    assert CODEC.decode(_sealed([fields], 1, turn)) == [turn]


def test_turn_that_does_not_decode_has_the_number_after_the_one_before_it() -> None:
    first, lost, last = TurnHistory().batch(3, "a")
    known: list[object] = [msgspec.msgpack.decode(msgspec.msgpack.encode(turn)) for turn in (first, last)]
    for raw, numbers in [([known[0], 7, known[1]], [1, 2, 3]), ([7, known[0]], [1, 1])]:
        plaintext = msgspec.msgpack.encode(raw)
        row = CODEC._sealed(plaintext, len(raw), first.sequence, last.sequence, actor_filter([lost.actor]))

        turns = CODEC.decode(row)

        assert [turn.sequence for turn in turns] == numbers


def test_filter_names_exactly_its_actors() -> None:
    actors = actor_filter([actor_id("a"), actor_id("b"), actor_id("a")])

    assert len(actors) == 8
    assert may_hold(actors, actor_hash(actor_id("a")))
    assert not may_hold(actors, actor_hash(actor_id("c")))
    assert not may_hold(actors, actor_hash(actor_id("a", "another system")))


def _with_extra_field(turn: Turn) -> BlockRow:
    fields = [*msgspec.msgpack.decode(msgspec.msgpack.encode(turn)), "later"]
    return _sealed([fields], 1, turn)


def _sealed(turns: list[list[object]], count: int, turn: Turn) -> BlockRow:
    plaintext = msgspec.msgpack.encode(turns)
    return CODEC._sealed(plaintext, count, turn.sequence, turn.sequence, actor_filter([turn.actor]))
