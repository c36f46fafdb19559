"""A host of ours driven by the recorded calls of a real proxy, and by calls that a real proxy could not bear answered wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from runtime.authoring.actor import Actor, init
from runtime.servers.spawn_host.host import ActorHost
from runtime.servers.spawn_host.turns import is_own_call
from runtime.testing.raw_host import CALL_PATH, exchange, post, status_of
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import EXCHANGES
from tests.runtime.servers.proxies import json_text
from tests.runtime.servers.real_proxy import Counter, Tally, answered, ask, call


@pytest.mark.parametrize(
    "recorded",
    [
        each
        for each in EXCHANGES
        if not each.is_to_proxy and each.label.startswith("invoke_") and "Counter" in str(each.request)
    ],
    ids=lambda each: each.label,
)
def test_recorded_call_of_a_real_proxy_is_answered_as_its_host_answered(
    recorded: Any, hosting: Callable[..., ActorHost]
) -> None:
    host = hosting()
    host.deploy(Counter)
    got = answered(host, pb.ActorInvocation.FromString(recorded.request))
    expected = pb.ActorInvocationResponse.FromString(recorded.response)

    assert (got.value, got.updated_context.state) == (expected.value, expected.updated_context.state)
    assert (got.actor_name, got.actor_system) == (expected.actor_name, expected.actor_system)


@pytest.mark.parametrize("recorded", [each for each in EXCHANGES if not each.is_to_proxy], ids=lambda each: each.label)
def test_every_recorded_call_is_answered_safely(recorded: Any, hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    host.app.budget = None
    asked = pb.ActorInvocation.FromString(recorded.request)
    status, body = ask(host, asked)

    if status == 503 and is_own_call(asked):
        # An init or a timer of another host's actor: nothing changes, and nothing crashes.
        answer = pb.ActorInvocationResponse.FromString(body)
        assert answer.HasField("updated_context")
        assert answer.WhichOneof("payload") is None
        assert not answer.updated_context.HasField("state")
    elif status == 200:
        answer = pb.ActorInvocationResponse.FromString(body)
        assert answer.updated_context.HasField("state")
        assert not answer.checkpoint
    else:
        with pytest.raises(Exception, match="Error parsing"):
            pb.ActorInvocationResponse.FromString(body)


def test_init_is_called_by_spawns_name_and_its_failure_does_not_crash_the_actor(
    hosting: Callable[..., ActorHost],
) -> None:
    class Broken(Actor, name="Broken"):
        total: int = 7

        @init
        def start_up(self) -> None:
            raise RuntimeError("no")

    host = hosting()
    host.deploy(Tally)
    host.deploy(Broken)
    begun = call("Tally", "init", json_text('{"total":3}'), noop=pb.Noop(), caller=actors.ActorId(name="Tally"))
    broken = call("Broken", "init", json_text('{"total":3}'), noop=pb.Noop(), caller=actors.ActorId(name="Broken"))

    assert answered(host, begun).updated_context.state == json_text('{"total":100}')
    assert answered(host, broken).updated_context.state == json_text('{"total":3}')


def test_failure_is_an_answer_that_a_real_proxy_cannot_decode(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Tally)
    status, body = ask(host, call("Tally", "fail"))

    assert status == 500
    assert b"LookupError: no such thing" in body
    with pytest.raises(Exception, match="Error parsing"):
        pb.ActorInvocationResponse.FromString(body)


def test_workflow_and_told_messages_go_out_and_no_checkpoint(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Tally)
    answer = answered(host, call("Tally", "flow", json_text('{"total":1}')))

    assert [each.request.action_name for each in answer.workflow.effects] == ["effect", "told"]
    assert answer.workflow.effects[0].request.scheduled_to > 0
    assert {each.request.caller.name for each in answer.workflow.effects} == {"Tally"}
    assert answer.workflow.broadcast.channel_group == "news"
    assert answer.updated_context.tags == {"colour": "blue"}
    assert not answer.checkpoint


def test_tags_and_state_are_sent_back_when_nothing_changed(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Tally)
    asked = call("Tally", "add", json_text('{"total":5}'), json_text('{"value":0}'))
    asked.current_context.tags["a"] = "b"
    answer = answered(host, asked)

    assert answer.updated_context.state == json_text('{"total":5}')
    assert answer.updated_context.tags == {"a": "b"}


def test_dropped_fields_stay_in_the_state(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Tally)
    answer = answered(host, call("Tally", "add", json_text('{"total":5,"gone":[1]}')))

    assert answer.updated_context.state == json_text('{"gone":[1],"total":6}')


def test_answer_is_in_the_dialect_of_the_call(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Tally)
    answer = answered(host, call("Tally", "add", json_text('{"total":5}', "eigr.functions.protocol")))

    assert answer.value == json_text('{"total":6}', "eigr.functions.protocol")


@pytest.mark.parametrize("body", [b"", b"\xff\xff", b"<html>", b"\x0a\xff"])
def test_call_that_is_none_is_refused(hosting: Callable[..., ActorHost], body: bytes) -> None:
    host = hosting()
    host.deploy(Tally)

    assert status_of(exchange(host.port, post(CALL_PATH, body))) >= 400
