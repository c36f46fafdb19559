"""Turns as rows of Parquet, and back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runtime.errors import BadSetting, StoreDamaged
from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Effect, Encoded, Failure, Publication, Route, Sent, State, Turn, Workflow
from runtime.stores.archive.rows import SCHEMA, as_history, encoded, in_pieces, to_columns, to_rows, to_turns
from runtime.stores.journal.columns import batches
from runtime.testing.turns import TurnHistory

MESSAGE = Encoded("type.googleapis.com/shop.Order", b"\x08\x01\xff")
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "archive.md"


def past() -> list[Turn]:
    """One of everything that a turn can have."""
    history = TurnHistory()
    history.turn("a", b'{"total":1}', key="k", tags={"x": "1"})
    history.turn("a")
    history.turn("b", State(MESSAGE, b'{"old":1}'), parent="template", definition="d2")
    history.turn("a", fails=Failure("action_failed", "it raised", "ValueError", "no", "Traceback …"))
    history.turn("a", State(Encoded(JSON, b"\xff not UTF-8")))
    sent = Sent(ActorId("checks", "b"), "take", MESSAGE, InvocationId("i-9"), True, Encoded(JSON, b"1"))
    flow = Workflow(
        effects=(Effect("b", "later", Encoded(JSON, b"2"), delay_ms=5, metadata={"m": "1"}),),
        broadcast=Publication("news", MESSAGE),
        pipe=Route("b", "go"),
    )
    caller = ActorId("elsewhere", "c")
    return [*history.turns[:-1], msgspec.structs.replace(history.turns[-1], sent=(sent,), workflow=flow, caller=caller)]


def test_turns_come_back_equal() -> None:
    assert to_turns(to_rows(past())) == past()


def test_sql_reads_the_same_columns_as_from_a_store() -> None:
    turns = [turn for turn in past() if turn.state is None or turn.state.value.data != b"\xff not UTF-8"]

    assert to_columns(to_rows(turns)).to_pylist() == batches.batch(turns).to_pylist()


def test_values_are_text_that_any_tool_reads() -> None:
    rows = to_rows(past())

    assert rows["state"].to_pylist() == ['{"total":1}', None, "CAH/", None, "/yBub3QgVVRGLTg="]
    assert rows["state_type"].to_pylist() == [JSON, None, MESSAGE.type, None, "json;base64"]


def test_a_file_without_record_is_read_as_far_as_its_columns_say() -> None:
    table = pa.Table.from_batches([to_rows(past())]).drop_columns(["record"])

    turns = to_turns(as_history(table, "others.parquet"))

    assert turns[0].state == past()[0].state
    assert turns[3].failure == Failure("action_failed", "no", "ValueError", "no", "Traceback …")
    assert turns[4].sent == ()


def test_a_file_of_another_tool_is_read_by_its_columns(tmp_path: Path) -> None:
    at = pa.array([1_700_000_000_000_000], pa.timestamp("us", tz="UTC"))
    plain = {"sequence": [1], "id": ["i"], "system": ["s"], "actor": ["a"], "action": ["add"], "revision_before": [0]}
    table = pa.table({**plain, "finished_at": at, "revision": [1], "state": pa.array(['{"n":1}'], pa.large_string())})
    pq.write_table(table, tmp_path / "plain.parquet")

    [turn] = to_turns(as_history(pq.read_table(tmp_path / "plain.parquet"), "plain.parquet"))

    assert turn.state == State(Encoded(JSON, b'{"n":1}'))
    assert (turn.parent, turn.started_us) == ("a", 1_700_000_000_000_000)
    batch = as_history(table, "plain").to_batches()[0]
    assert to_columns(batch)["state_type"].to_pylist() == [JSON]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"a": [1]}), "no column action, actor"),
        (
            pa.Table.from_batches([to_rows(past())]).set_column(0, "sequence", [["x"] * 5]),
            "column sequence cannot be read",
        ),
    ],
)
def test_what_is_no_history_is_refused_by_name(table: pa.Table, message: str) -> None:
    with pytest.raises(BadSetting, match=rf"^day.parquet is no history: .*{message}"):
        as_history(table, "day.parquet")


def test_a_row_without_what_every_turn_has_is_refused() -> None:
    table = pa.Table.from_batches([to_rows(past())]).set_column(1, "id", [["i", None, "i", "i", "i"]])

    with pytest.raises(BadSetting, match="a row of it has no id"):
        as_history(table, "day.parquet")


def test_a_record_that_cannot_be_read_names_its_turn() -> None:
    table = pa.Table.from_batches([to_rows(past())])
    broken = table.set_column(table.num_columns - 1, "record", pa.array([b"\xc1"] * 5, pa.binary()))

    with pytest.raises(StoreDamaged, match="The record of turn 1 cannot be read"):
        to_turns(broken)


def test_text_that_is_no_base64_is_kept_as_text() -> None:
    assert encoded("type.googleapis.com/x", "né") == Encoded(JSON, '"né"'.encode())


def test_pieces_are_bounded_in_turns_and_in_bytes() -> None:
    history = TurnHistory()
    for _ in range(5):
        history.turn("a", b"x" * 1_000)

    assert [len(piece) for piece in in_pieces(history.turns, 2, 10**9)] == [2, 2, 1]
    assert [len(piece) for piece in in_pieces(history.turns, 10**9, 2_400)] == [2, 2, 1]


def test_every_column_is_in_the_document() -> None:
    text = DOCUMENT.read_text("utf-8")

    assert [name for name in SCHEMA.names if f"| `{name}` |" not in text] == []
