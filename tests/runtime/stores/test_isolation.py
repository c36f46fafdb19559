"""What is left of a group in which something cannot be encoded."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from runtime.records import Effect, Invocation, Lifecycle, Publication, Turn, Workflow
from runtime.stores.base import Group, flatten
from runtime.stores.isolation import isolated
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.testing.turns import TurnHistory, actor_id

KEY = bytes(32)
ODD: list[Any] = [
    object(),
    10**400,
    1 << 63,
    {"x": object()},
    {5: "x"},
    {"x": 5},
    [object()],
    float("nan"),
    b"\xff",
    object,
    1j,
]


@pytest.mark.parametrize("name", [name for name in Turn.__struct_fields__ if name != "sequence"])
def test_any_value_in_any_field_leaves_a_group_that_is_written_and_read(name: str) -> None:
    for odd in ODD:
        past, backend = TurnHistory(), MemoryBackend()
        before, after = past.batch(1, "a"), past.batch(1, "b")
        turn = msgspec.structs.replace(past.turn("a", b"{}"), sequence=2, **{name: odd})
        group = Group(turns=(before[0], turn, msgspec.structs.replace(after[0], sequence=3)))

        left = isolated(group)
        store = JournalStore(backend, key=KEY)
        store.commit(group if left is None else left.group)
        while store.checkpoint():
            pass

        again = JournalStore(backend, key=KEY)
        assert [each.sequence for each in flatten(again.turns())] == [1, 2, 3]
        assert again.quarantined() == []
        assert again.load(actor_id("b")) is not None


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow(effects=(Effect(5, "add"),)),  # type: ignore[arg-type]
        Workflow(effects=(Effect("a", "add", delay_ms=1 << 70),)),
        Workflow(broadcast=Publication(object())),  # type: ignore[arg-type]
    ],
    ids=["name", "delay", "channel"],
)
def test_effect_that_cannot_be_encoded_costs_the_turn_its_workflow(workflow: Workflow) -> None:
    turn = msgspec.structs.replace(TurnHistory().turn("a", b"{}"), workflow=workflow)

    left = isolated(Group(turns=(turn,)))

    assert left is not None
    ((_, written),) = left.turns
    assert written.workflow is None
    assert written.state == turn.state
    assert written.failure is not None
    assert written.failure.code == "turn_quarantined"


def test_group_that_can_be_encoded_is_left_alone() -> None:
    past = TurnHistory()
    group = Group(
        turns=past.batch(3, "a"), snapshots=(past.snapshot("b", b"1"),), lifecycle=(Lifecycle(1, actor_id("a"), "x"),)
    )

    assert isolated(group) is None
    assert isolated(Group(turns=(past.turn("c", b"\xff", tags={"x": "\ud800"}),))) is None  # surrogates are replaced


def test_what_is_no_turn_is_left_out_one_by_one() -> None:
    past = TurnHistory()
    good = Invocation(id="good", actor=actor_id("a"), action="x", scheduled_to_us=1)  # type: ignore[arg-type]
    far = msgspec.structs.replace(good, id="far", scheduled_to_us=2**63)
    odd = msgspec.structs.replace(good, id="odd", metadata={"x": object()})
    snapshot = msgspec.structs.replace(past.snapshot("a", b"1"), tags={"mood": "good", "x": object()})
    mark = Lifecycle(1, actor_id("a"), object())  # type: ignore[arg-type]

    left = isolated(
        Group(snapshots=(snapshot,), lifecycle=(mark,), scheduled=(good, far, odd), settled=("a", 5))  # type: ignore[arg-type]
    )

    assert left is not None
    assert left.group.scheduled == (good,)
    assert [each.id for each in left.refused] == ["far", "odd"]
    assert left.group.lifecycle == ()
    assert left.group.settled == ("a",)
    assert [each.tags for each in left.group.snapshots] == [{"mood": "good"}]
    assert [each.what for each in left.findings] == ["state", "mark", "schedule", "schedule"]
