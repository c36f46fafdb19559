"""Recorded turns run again, one after the other, in this thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runtime import embedded
from runtime.authoring.definition import define
from runtime.errors import ActionFailed, SpawnError
from runtime.ids import ActorId
from runtime.records import Failure
from runtime.replay.history import ActorHistory
from runtime.replay.rerun import Rerun, RerunResult
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.codecs.values import decode_value
from tests.runtime.replay.actors import Archive, FairTill, Prices, Till

TILL = ActorId("spawn-system", "till")

CALLS = st.one_of(
    st.tuples(st.just("take"), st.fixed_dictionaries({"amount": st.integers(-5, 500)})),
    st.tuples(st.just("greet"), st.fixed_dictionaries({"name": st.sampled_from(["ada", "bob", "cy"])})),
    st.tuples(st.just("price"), st.fixed_dictionaries({"item": st.sampled_from(["tea", "none"])})),
    st.tuples(st.just("tag"), st.fixed_dictionaries({"text": st.text(max_size=3)})),
    st.tuples(st.sampled_from(["stamp", "announce", "get", "nonsense"]), st.none()),
)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        for each in (Till, Prices, Archive):
            system.deploy(each)
        yield system


def _call(system: EmbeddedSystem, action: str, payload: Any = None) -> None:
    with suppress(SpawnError):  # a failure is part of the history
        system.invoke("till", action, payload)


def _again(system: EmbeddedSystem, code: type, *, carry: bool = False) -> list[RerunResult]:
    system.flush()
    rerun = Rerun(define(code), TILL, carry=carry)
    with rerun.line:
        return list(rerun.run(ActorHistory(system, "till")))


@settings(max_examples=25, deadline=None)
@given(st.lists(CALLS, max_size=12), st.booleans())
def test_unchanged_deterministic_code_agrees_on_every_turn(calls: list[tuple[str, Any]], carry: bool) -> None:
    with embedded() as system:
        for each in (Till, Prices, Archive):
            system.deploy(each)
        for action, payload in calls:
            _call(system, action, payload)

        assert [each.parts for each in _again(system, Till, carry=carry) if each.parts or each.skipped] == []


def test_changed_code_differs_where_it_decides_otherwise(system: EmbeddedSystem) -> None:
    for amount in (50, 200, 10):
        _call(system, "take", {"amount": amount})

    first, second, third = _again(system, FairTill)

    assert (first.parts, second.parts, third.parts) == ((), ("state", "response"), ())
    assert second.came is not None
    assert decode_value(second.came.state) == {"cents": 249, "receipts": [], "customers": [], "taken": 1}


def test_a_carried_state_keeps_what_earlier_turns_did_otherwise(system: EmbeddedSystem) -> None:
    for amount in (200, 10):
        _call(system, "take", {"amount": amount})

    _, second = _again(system, FairTill, carry=True)

    assert second.came is not None
    assert decode_value(second.came.response) == 209


def test_a_question_that_was_not_asked_then_is_not_asked(system: EmbeddedSystem) -> None:
    _call(system, "price", {"item": "tea"})

    [again] = _again(system, FairTill)

    assert again.came is not None
    assert again.came.failure is not None
    assert "prices.of was asked with another payload in the recorded turn" in again.came.failure.message
    assert system.state("prices") == {"asked": 1}


def test_what_it_would_not_send_any_more_is_a_difference(system: EmbeddedSystem) -> None:
    class Silent(Till, name="till"):
        announce = None  # type: ignore[assignment]

    _call(system, "announce")

    [again] = _again(system, Silent)

    assert {"failure", "sends"} <= set(again.parts)


def test_an_action_that_is_gone_fails_as_it_would(system: EmbeddedSystem) -> None:
    _call(system, "tag", {"text": "x"})

    [again] = _again(system, FairTill)

    assert again.came is not None
    assert again.came.failure is not None
    assert again.came.failure.code == "unknown_action"


def test_a_turn_that_was_given_up_says_nothing_about_its_code(system: EmbeddedSystem) -> None:
    _call(system, "take", {"amount": 1})
    system.flush()
    [task] = ActorHistory(system, "till")
    abandoned = replace(task, turn=replace(task.turn, failure=Failure("abandoned", "given up"), state=None))

    [again] = Rerun(define(Till), TILL, carry=False).run([abandoned])

    assert again.skipped == "it was given up before it ended"


def test_a_restored_state_is_carried_on(system: EmbeddedSystem) -> None:
    for amount in (1, 2, 3):
        _call(system, "take", {"amount": amount})
    system.restore("till", 1)
    _call(system, "take", {"amount": 5})

    assert [each.parts for each in _again(system, Till, carry=True)] == [(), (), (), (), ()]


def test_running_again_changes_nothing_of_the_original(system: EmbeddedSystem) -> None:
    _call(system, "price", {"item": "tea"})
    _call(system, "take", {"amount": 5})
    before = [system.state(name) for name in ("till", "prices", "archive")], system.flush()

    _again(system, Till)

    assert ([system.state(name) for name in ("till", "prices", "archive")], system.flush()) == before
    with pytest.raises(ActionFailed):
        system.invoke("till", "take", {"amount": -1})
