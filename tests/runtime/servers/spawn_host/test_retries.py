"""Calls that a real proxy repeats: recognised, and answered once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from runtime.servers.spawn_host.app import CrashBudget
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


def test_failures_are_spread_so_that_no_neighbours_crash() -> None:
    budget = CrashBudget()

    waits = [budget.wait_s(100.0) for _ in range(5)]

    assert waits == [0.0, 0.0, 0.0, 5.5, 5.5]
    assert budget.wait_s(200.0) == 0.0
