"""Columns from the bytes of blocks are those that decoded turns give."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.ids import ActorId
from runtime.records import Encoded, Failure, State, Turn
from runtime.stores.journal.columns.batches import SCHEMA, batch
from runtime.stores.journal.columns.packed_turns import UnusualTurns, batch_of
from runtime.stores.journal.deltas import LARGE_BYTES
from tests.runtime.stores.strategies import runs

_encode = msgspec.msgpack.encode


def plain(turns: list[Turn]) -> list[Turn]:
    """Without differences, which need the turns before."""
    return [msgspec.structs.replace(turn, delta=None) for turn in turns]


@given(st.lists(runs(), min_size=1, max_size=3).map(lambda lists: list(map(plain, lists))))
def test_any_blocks_give_the_columns_of_their_turns(blocks: list[list[Turn]]) -> None:
    found = batch_of([_encode(turns) for turns in blocks])

    found.validate(full=True)
    assert plain_columns(found) == plain_columns(batch([turn for turns in blocks for turn in turns]))
    assert found.schema == SCHEMA


@given(runs().map(plain), st.sets(st.sampled_from(SCHEMA.names)))
def test_only_the_columns_that_are_asked_for_are_made(turns: list[Turn], names: set[str]) -> None:
    found = batch_of([_encode(turns)], names)

    wanted = [name for name in SCHEMA.names if name in names | {"sequence"}]
    assert found.schema.names == wanted
    assert plain_columns(found) == plain_columns(batch(turns).select(wanted))


@pytest.mark.parametrize("size", [0, 1, 4, 7, 8, 9, 11, 12, 13, 31, 32, 33, 255, 256, 65_535, LARGE_BYTES])
def test_texts_of_every_length_are_copied_whole(size: int) -> None:
    turns = [one(index, text="é"[: size % 2] + "x" * size, data=b"y" * size) for index in range(1, 4)]

    found = batch_of([_encode(turns)])

    assert found.to_pylist() == batch(turns).to_pylist()


def test_a_block_without_turns_has_no_rows() -> None:
    assert batch_of([_encode([])]).to_pylist() == []
    assert batch_of([]).schema == SCHEMA


@pytest.mark.parametrize(
    "turn",
    [
        pytest.param({"delta": ((0, 1, b""),), "state": None}, id="a difference"),
        pytest.param({"state": State(Encoded("json", b"x" * (LARGE_BYTES + 1)))}, id="a large state"),
        pytest.param({"started_us": -1}, id="a negative time"),
        pytest.param({"finished_us": 2**63}, id="a time beyond 63 bits"),
        pytest.param({"action": None}, id="no text"),
        pytest.param({"sent": (1,)}, id="no message"),
        pytest.param({"metadata": {"a": 1}}, id="no text in a map"),
        pytest.param({"failure": Failure("code", "text").code}, id="no failure"),
    ],
)
def test_what_is_not_plain_is_left_to_who_decodes_turns(turn: dict[str, object]) -> None:
    turns = [one(1), msgspec.structs.replace(one(2), **turn)]

    with pytest.raises(UnusualTurns):
        batch_of([_encode(turns)])


def test_text_that_is_not_utf_8_is_left_to_who_decodes_turns() -> None:
    data = _encode([one(1, text="marker-of-a-text")]).replace(b"marker-of", b"marker\xff\xff\xff")

    with pytest.raises(UnusualTurns):
        batch_of([data])


@given(runs().map(plain).map(_encode), st.data())
def test_cut_or_changed_bytes_never_end_in_another_error(block: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(block) - 1))
    changed = block[:at] + bytes([data.draw(st.integers(0, 255))]) + block[at + 1 :]
    for each in (block[:at], changed):
        with suppress(UnusualTurns):
            batch_of([each]).validate(full=True)


def plain_columns(given: Any) -> dict[str, list[Any]]:
    """By name; times as numbers, since Python has no year 300,000."""
    times = [name for name in given.schema.names if name.endswith("_at")]
    return {
        name: (given[name].cast(pa.int64()) if name in times else given[name]).to_pylist()
        for name in given.schema.names
    }


def one(sequence: int, text: str = "a", data: bytes = b"{}") -> Turn:
    value = Encoded("json", data)
    return Turn(
        sequence, text, ActorId("spawn", text), text, "add", text, "", None, "", value, {}, 1, 2, 3, 4, 5, (), {}, None, None,
        value, 0, 1, State(value), text,
    )  # fmt: skip
