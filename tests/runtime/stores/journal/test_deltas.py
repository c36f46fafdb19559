from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from runtime.records import Turn
from runtime.stores.journal.deltas import LARGE_BYTES, WHOLE_EVERY, DeltaReader, DeltaWriter, diff, patch
from runtime.testing.turns import TurnHistory, actor_id

STATE = b"".join(b'{"item": %d, "text": "some text"},' % index for index in range(3_000))

edits = st.lists(st.tuples(st.integers(0, len(STATE)), st.integers(0, 3_000), st.binary(max_size=300)), max_size=5)


@given(edits)
def test_patched_difference_is_the_new_state(changes: list[tuple[int, int, bytes]]) -> None:
    new = _edited(STATE, changes)

    runs = diff(STATE, new)

    if runs is not None:
        assert patch(STATE, runs) == new
        assert sum(len(added) for _, _, added in runs) * 2 <= len(new)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_two_states_have_a_difference_or_none(old: bytes, new: bytes) -> None:
    runs = diff(old, new)

    assert runs is None or patch(old, runs) == new


def test_few_scattered_changes_make_a_small_difference() -> None:
    new = _edited(STATE, [(10, 3, b"1234567"), (50_000, 0, b"inserted"), (70_000, 2_000, b""), (len(STATE), 0, b"end")])

    runs = diff(STATE, new)

    assert runs is not None
    assert sum(len(added) for _, _, added in runs) < 200


def test_unrelated_state_has_no_difference() -> None:
    assert diff(STATE, random.Random(1).randbytes(len(STATE))) is None


def test_small_states_are_stored_as_they_are() -> None:
    past, writer = TurnHistory(), DeltaWriter()
    turns = [past.turn("a", b"x" * LARGE_BYTES), past.turn("a", b"x" * LARGE_BYTES)]

    assert list(writer.encode(turns)) == turns


def test_whole_state_is_stored_at_least_every_so_many() -> None:
    past = TurnHistory()
    stored = _written(DeltaWriter(), [past.turn("a", STATE + b"%d" % index) for index in range(3 * WHOLE_EVERY)])

    whole = [index for index, turn in enumerate(stored) if turn.state is not None]

    assert whole == [0, WHOLE_EVERY, 2 * WHOLE_EVERY]
    assert DeltaReader(lambda actor, sequence: None).whole(stored) == past.turns


def test_failed_write_leaves_the_base_as_it_was() -> None:
    past, writer = TurnHistory(), DeltaWriter()
    first, second, third = (past.turn("a", STATE + text) for text in (b"1", b"2", b"3"))
    written = _written(writer, [first])

    writer.encode([second])  # never adopted: the write failed
    written += _written(writer, [third])

    assert DeltaReader(lambda actor, sequence: None).whole(written) == [first, third]


def test_reader_that_starts_in_the_middle_asks_for_the_base() -> None:
    past = TurnHistory()
    stored = _written(DeltaWriter(), [past.turn("a", STATE + b"%d" % index) for index in range(3)])
    asked = []

    def earlier(actor: object, sequence: int) -> object:
        asked.append((actor, sequence))
        return past.turns[1].state

    assert DeltaReader(earlier).whole(stored[2:]) == past.turns[2:]
    assert asked == [(actor_id("a"), 3)]


def _written(writer: DeltaWriter, turns: list[Turn]) -> list[Turn]:
    stored = []
    for turn in turns:
        stored += writer.encode([turn])
        writer.adopt()
    return stored


def _edited(state: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for at, removed, added in sorted(changes, reverse=True):
        state = state[:at] + added + state[at + removed :]
    return state
