"""User code in this process."""

from __future__ import annotations

import traceback

import msgspec
import pytest

from runtime import Actor, Value, action
from runtime.authoring.definition import define
from runtime.errors import DefinitionError
from runtime.hosts.in_process import InProcessHost
from runtime.records import Outcome, Work
from runtime.testing.host_checks import COUNTER, HostChecks, NoCalls, work
from runtime.wire.codecs.values import decode_value


class TestInProcessHost(HostChecks):
    def host(self) -> InProcessHost:
        host = InProcessHost()
        host.prepare(COUNTER)
        return host


class Odd(Actor, name="odd"):
    total: int = 0

    @action
    def undeclared(self) -> None:
        self.other = 1

    @action
    def unsendable(self) -> object:
        self.total = 7
        return object()

    @action
    def leave(self) -> None:
        raise SystemExit(3)

    @action
    def replace(self, state: dict[str, int]) -> Value:
        return Value.of("ok", state)


ODD = define(Odd)


def run(name: str, payload: object = None) -> Outcome:
    host = InProcessHost()
    host.prepare(ODD)
    return host.run(_work(name, payload), NoCalls())


def _work(name: str, payload: object) -> Work:
    return work(name, payload, actor="odd", definition=ODD)


def test_undeclared_attribute_is_refused_at_its_line() -> None:
    outcome = run("undeclared")

    assert outcome.failure is not None
    assert "has no state field 'other'" in outcome.failure.text
    assert "self.other = 1" in outcome.failure.trace


def test_response_that_cannot_be_sent_fails_the_turn_and_keeps_the_state() -> None:
    outcome = run("unsendable")

    assert outcome.failure is not None
    assert outcome.failure.code == "bad_response"
    assert outcome.state is None


def test_action_cannot_end_the_process() -> None:
    outcome = run("leave")

    assert outcome.failure is not None
    assert outcome.failure.type_name == "SystemExit"


def test_traceback_has_the_users_frames_only() -> None:
    outcome = run("undeclared")

    assert outcome.error is not None
    files = {frame.filename for frame in traceback.extract_tb(outcome.error.__traceback__)}
    assert files == {__file__}


def test_value_can_replace_the_state_by_name() -> None:
    outcome = run("replace", {"state": {"total": 4}})

    assert outcome.state is not None
    assert msgspec.json.decode(outcome.state.value.data) == {"total": 4}
    assert decode_value(outcome.response) == "ok"


def test_value_with_an_unknown_field_is_refused_with_the_nearest() -> None:
    outcome = run("replace", {"state": {"totl": 4}})

    assert outcome.failure is not None
    assert "Did you mean total" in outcome.failure.message


def test_definition_that_cannot_be_encoded_is_not_prepared() -> None:
    class Complex(Actor):
        value: complex = 1j

    with pytest.raises(DefinitionError):
        InProcessHost().prepare(define(Complex))
