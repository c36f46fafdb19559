"""Calls of what an earlier host had registered: answered at once, without holding back the failures of our own actors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.protobuf.message import DecodeError

from runtime.authoring.actor import Actor, action
from runtime.servers.spawn_host.app import CrashBudget
from runtime.servers.spawn_host.host import ActorHost
from runtime.testing.raw_host import CALL_PATH, exchange, post
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import SYSTEM
from tests.runtime.servers.proxies import json_text
from tests.runtime.servers.real_proxy import Tally, ask, call


class CountedBudget(CrashBudget):
    """Holds nothing back, and counts what it was asked about."""

    asked = 0

    def wait_s(self, now: float) -> float:
        self.asked += 1
        return 0.0


class Former(Actor, name="Former"):
    @action
    def work(self) -> str:
        return "done"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def host(hosting: Callable[..., ActorHost], told: list[str]) -> ActorHost:
    host = hosting(notify=told.append)
    host.deploy(Tally)
    host.app.budget = CountedBudget()
    return host


def own(name: str, action_name: str) -> pb.ActorInvocation:
    """What a real proxy sends for a timer or an init: nothing, in the name of the actor itself."""
    message = call(name, action_name, json_text('{"total":3}'), noop=pb.Noop())
    message.caller.name, message.caller.system = name, SYSTEM
    message.current_context.tags["colour"] = "red"
    return message


def test_timer_of_an_earlier_host_changes_nothing_and_crashes_nobody(host: ActorHost) -> None:
    status, body = ask(host, own("Former", "tick"))

    answer = pb.ActorInvocationResponse.FromString(body)
    assert status == 503
    assert answer.HasField("updated_context")
    assert not answer.updated_context.HasField("state")
    assert answer.updated_context.tags == {"colour": "red"}


def test_call_of_an_actor_that_is_not_ours_fails_as_a_real_proxy_sees_it(host: ActorHost) -> None:
    status, body = ask(host, call("Former", "work"))

    assert status == 503
    with pytest.raises(DecodeError):
        pb.ActorInvocationResponse.FromString(body)


@pytest.mark.parametrize(
    "message",
    [call("Former", "work"), own("Former", "tick"), call("Tally", "gone"), own("Tally", "gone"), own("Former", "init")],
)
def test_what_is_not_ours_stays_apart_from_the_rate_of_failures(host: ActorHost, message: pb.ActorInvocation) -> None:
    for _ in range(5):
        ask(host, message)

    assert isinstance(host.app.budget, CountedBudget)
    assert host.app.budget.asked == 0
    ask(host, call("Tally", "fail"))
    assert host.app.budget.asked == 1


def test_actor_that_the_proxy_still_believes_in_is_said_once(host: ActorHost, told: list[str]) -> None:
    for _ in range(3):
        ask(host, own("Former", "tick"))
        ask(host, call("Former", "work"))

    assert len(told) == 1
    assert "still believes in Former, which this process does not run: it called Former.tick" in told[0]


def test_children_of_a_template_that_is_not_ours_are_said_once(host: ActorHost, told: list[str]) -> None:
    for number in range(3):
        message = call(f"user-{number}", "work")
        message.actor.parent = "User"
        ask(host, message)

    assert [text.partition(", which")[0].partition("believes in ")[2] for text in told] == ["User"]


def test_removed_timer_of_our_own_actor_is_said_by_its_name(host: ActorHost, told: list[str]) -> None:
    ask(host, own("Tally", "gone"))
    ask(host, call("Tally", "add"))

    assert ["Tally.gone" in text for text in told] == [True]


def test_actor_that_is_deployed_afterwards_runs(host: ActorHost) -> None:
    ask(host, call("Former", "work"))
    host.deploy(Former)

    assert ask(host, call("Former", "work"))[0] == 200


def test_call_that_cannot_be_read_is_refused_apart_from_the_rate(host: ActorHost) -> None:
    exchange(host.port, post(CALL_PATH, b"\xff"))

    assert isinstance(host.app.budget, CountedBudget)
    assert host.app.budget.asked == 0
