"""Calls that a real proxy repeats: which of them are recognised, and which run again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from runtime.authoring.actor import Actor, action
from runtime.ids import ActorId
from runtime.servers.http.messages import Response
from runtime.servers.spawn_host.app import CrashBudget, FirstFailures
from runtime.servers.spawn_host.host import ActorHost
from runtime.testing.raw_host import CALL_PATH, post
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.proxies import json_text
from tests.runtime.servers.real_proxy import WAIT_S, Gated, answered, ask, call, until


@pytest.fixture
def gated(hosting: Callable[..., ActorHost]) -> Iterator[ActorHost]:
    Gated.gate, Gated.runs = threading.Event(), 0
    host = hosting()
    host.deploy(Gated)
    yield host
    Gated.gate.set()


def given_up(host: ActorHost, message: pb.ActorInvocation) -> None:
    """Call, and leave before the answer, as a proxy does after a minute."""
    before = Gated.runs
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(post(CALL_PATH, message.SerializeToString()))
        until(lambda: Gated.runs > before, "the action began")
    until(lambda: host._server.connections == 0, "the host saw that the proxy left")


def test_call_repeated_while_it_runs_gets_the_answer_of_the_first(gated: ActorHost) -> None:
    given_up(gated, call("Gated", "wait"))
    answers: list[pb.ActorInvocationResponse] = []
    second = threading.Thread(target=lambda: answers.append(answered(gated, call("Gated", "wait"))))
    second.start()
    until(lambda: gated.retries_recognised == 1, "the repetition was recognised")
    Gated.gate.set()
    second.join(WAIT_S)

    assert [answer.value for answer in answers] == [json_text('"passed"')]
    assert Gated.runs == 1


def test_call_repeated_after_a_lost_answer_is_not_run_again(gated: ActorHost) -> None:
    given_up(gated, call("Gated", "wait"))
    Gated.gate.set()
    until(lambda: gated.app.retries._untaken, "the answer found nobody")

    assert answered(gated, call("Gated", "wait")).value == json_text('"passed"')
    assert (Gated.runs, gated.retries_recognised) == (1, 1)


def test_equal_call_after_a_taken_answer_is_a_new_one(gated: ActorHost) -> None:
    Gated.gate.set()
    for _ in range(3):
        answered(gated, call("Gated", "wait"))

    assert (Gated.runs, gated.retries_recognised) == (3, 0)


def test_other_call_after_a_lost_one_waits_for_it_and_runs(gated: ActorHost) -> None:
    given_up(gated, call("Gated", "wait"))
    other = call("Gated", "wait")
    other.current_context.metadata["another"] = "call"
    answers: list[int] = []
    second = threading.Thread(target=lambda: answers.append(ask(gated, other)[0]))
    second.start()
    Gated.gate.set()
    second.join(WAIT_S)

    assert (answers, Gated.runs) == ([200], 2)


class Flaky(Actor, name="Flaky", deactivate_timeout="10s"):
    runs = 0

    @action
    def fail(self, text: str = "") -> None:
        type(self).runs += 1
        raise LookupError(f"no such thing {text}")

    @action
    def work(self) -> str:
        type(self).runs += 1
        return "done"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def flaky(hosting: Callable[..., ActorHost], monkeypatch: pytest.MonkeyPatch) -> tuple[ActorHost, Clock]:
    """A host whose failures are told without being held back, and the clock by which it remembers them."""
    Flaky.runs, clock = 0, Clock()
    host = hosting()
    host.deploy(Flaky)
    host.app.budget = None
    assert host.app.retries.failures is not None
    monkeypatch.setattr(host.app.retries.failures, "_clock", clock)
    return host, clock


def test_failed_first_call_made_again_at_once_is_answered_from_memory(
    flaky: tuple[ActorHost, Clock], caplog: pytest.LogCaptureFixture
) -> None:
    host, clock = flaky
    first = ask(host, call("Flaky", "fail"))
    clock.now += 0.04

    assert ask(host, call("Flaky", "fail")) == first
    assert (Flaky.runs, host.retries_recognised) == (1, 1)
    assert "its action was not run again" in caplog.text


def test_failure_answers_one_repetition_and_then_the_action_runs(flaky: tuple[ActorHost, Clock]) -> None:
    host, _ = flaky
    for _ in range(3):
        ask(host, call("Flaky", "fail"))

    assert (Flaky.runs, host.retries_recognised) == (2, 1)


def test_failed_call_made_again_after_a_quarter_of_a_second_runs(flaky: tuple[ActorHost, Clock]) -> None:
    host, clock = flaky
    ask(host, call("Flaky", "fail"))
    clock.now += 0.25
    ask(host, call("Flaky", "fail"))

    assert (Flaky.runs, host.retries_recognised) == (2, 0)


def test_other_call_than_the_failed_one_runs_and_ends_the_memory(flaky: tuple[ActorHost, Clock]) -> None:
    host, _ = flaky
    other = call("Flaky", "fail", value=json_text('{"text": "else"}'))
    for message in (call("Flaky", "fail"), other, call("Flaky", "fail")):
        ask(host, message)

    assert (Flaky.runs, host.retries_recognised) == (3, 0)


def test_failure_of_an_actor_that_was_active_is_not_remembered(flaky: tuple[ActorHost, Clock]) -> None:
    host, clock = flaky
    ask(host, call("Flaky", "work"))
    clock.now += 9.9
    for _ in range(2):
        ask(host, call("Flaky", "fail"))

    assert (Flaky.runs, host.retries_recognised) == (3, 0)


def test_failure_after_an_idle_time_may_be_of_a_first_call_again(flaky: tuple[ActorHost, Clock]) -> None:
    host, clock = flaky
    ask(host, call("Flaky", "work"))
    clock.now += 10.1
    for _ in range(2):
        ask(host, call("Flaky", "fail"))

    assert (Flaky.runs, host.retries_recognised) == (2, 1)


def test_success_of_a_first_call_is_never_remembered(flaky: tuple[ActorHost, Clock]) -> None:
    host, _ = flaky
    for _ in range(2):
        ask(host, call("Flaky", "work"))

    assert (Flaky.runs, host.retries_recognised) == (2, 0)


def test_init_says_that_the_proxy_has_activated_the_actor() -> None:
    clock = Clock()
    failures = FirstFailures(lambda _: 10.0, clock)
    actor = ActorId("lab", "Tally")
    assert failures.begins(actor)
    assert not failures.begins(actor)

    failures.initialises(actor)

    assert failures.begins(actor)


def test_init_of_the_crash_that_a_failure_caused_activates_for_nobody() -> None:
    clock = Clock()
    failures = FirstFailures(lambda _: 10.0, clock)
    actor = ActorId("lab", "Tally")
    failures.begins(actor)
    failures.failed(actor, b"call", Response(500, b"no"))

    failures.initialises(actor)

    assert not failures.begins(actor)
    assert failures.repeated(actor, b"call") is not None
    assert failures.repeated(actor, b"call") is None


def test_failures_are_spread_so_that_no_neighbours_crash() -> None:
    budget = CrashBudget()

    waits = [budget.wait_s(100.0) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 5.5, 5.5]
    assert budget.wait_s(200.0) == 0.0
