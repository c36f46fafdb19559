"""What a host gave is admitted, or is a failure of its turn that names the field: the engine's own proof, for every host."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.admission import admitted, recordable_failure
from runtime.errors import BadPayload, SpawnError, error_class
from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Effect, Encoded, Failure, Invocation, Outcome, Publication, Route, State, Workflow
from runtime.testing.any_values import VALUES


def told(**fields: Any) -> Invocation:
    return Invocation(**{"id": InvocationId("i-1"), "actor": ActorId("lab", "other"), "action": "act", **fields})


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(tags={"x": 5}), "tags['x'] is 5 (int); tags are text"),  # type: ignore[dict-item]
        (Outcome(tags={5: "x"}), "a name in tags is 5 (int); names are text"),  # type: ignore[dict-item]
        (Outcome(tags={"x": "\ud800"}), "tags['x'] is '\\ud800' (str)"),
        (Outcome(workflow=Workflow(effects=(Effect(5, "act"),))), "effects[0].actor is 5 (int)"),  # type: ignore[arg-type]
        (
            Outcome(workflow=Workflow(effects=(Effect("a", "act", delay_ms=10**18),))),
            "effects[0].delay_ms is 1000000000",
        ),
        (
            Outcome(workflow=Workflow(effects=(Effect("a", "act", scheduled_to_us=2**60),))),
            "effects[0].scheduled_to_us is",
        ),
        (Outcome(workflow=Workflow(broadcast=Publication(b"x"))), "broadcast.channel is b'x' (bytes)"),  # type: ignore[arg-type]
        (
            Outcome(workflow=Workflow(pipe=Route("a\0b", "act"))),
            "pipe.actor is 'a\\x00b' (str); it is text without NUL",
        ),
        (Outcome(told=(told(key=object()),)), "told[0].key is an object (object)"),
        (
            Outcome(told=(told(metadata={"a": None}),)),
            "told[0].metadata['a'] is None (NoneType); told[0].metadata is text",
        ),
        (Outcome(told=(told(scheduled_to_us=2**62),)), "told[0].scheduled_to_us is 4611686018427387904 (int)"),
        (Outcome(tags={"x": object()}, state=State(Encoded(JSON, b"{}"))), "tags['x'] is an object (object)"),  # type: ignore[dict-item]
    ],
)
def test_outcome_that_cannot_be_recorded_fails_its_turn_with_the_field_named(outcome: Outcome, said: str) -> None:
    failure = admitted(outcome, "counter").failure

    assert failure is not None
    assert failure.code == "bad_response"
    assert failure.message.startswith(said)
    assert "the state of counter is as it was before" in failure.message


def test_sound_outcome_is_admitted_as_it_is() -> None:
    workflow = Workflow(
        effects=(Effect("a", "act", Encoded(JSON, b"1"), metadata={"ü": "日本"}),), forward=Route("b", "act")
    )
    for outcome in (Outcome(), Outcome(tags={"ü": "日本\n"}), Outcome(workflow=workflow), Outcome(told=(told(),))):
        assert admitted(outcome, "counter") is outcome


def test_failure_is_kept_with_escapes_for_what_utf8_cannot_hold() -> None:
    failure = admitted(Outcome(failure=Failure("action_failed", "lost \ud800", "E", "\udfff")), "counter").failure

    assert failure == Failure("action_failed", "lost \\ud800", "E", "\\udfff")


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_error_with_any_code_or_text_is_a_failure_that_can_be_recorded(value: Any) -> None:
    odd = type("Odd", (BadPayload,), {"code": value})

    failure = recordable_failure(odd(value))

    assert failure.code == ("text" if value is VALUES["text"] else failure.code)
    assert all(type(text) is str and text.encode() is not None for text in (failure.code, failure.message))


def test_class_of_an_error_is_found_whatever_codes_others_have() -> None:
    assert error_class("bad_payload") is BadPayload
    assert error_class("error") is SpawnError
