"""Foreign actors as citizens of the system: looked at, invoked from here, timed, spawned, balanced over hosts, in both dialects."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.errors import ActionFailed, UnknownAction
from runtime.records import JSON, Encoded
from runtime.stores.base import flatten
from runtime.testing.raw_host import Raw, RawHost, body_of, exchange, ok, post, status_of
from runtime.wire.pb.eigr.functions.protocol.actors import protocol_pb2 as old
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.proxies import (
    NEW,
    OLD,
    SYSTEM,
    actor,
    answering,
    count_of,
    counting,
    invoke,
    json_text,
    proxy,
    register,
    registration,
    request,
    send,
    text,
)


class Bridge(Actor, name="bridge"):
    """Lives in this process and asks a foreign actor."""

    @action
    async def relay(self, ctx: Context, said: str) -> str:
        answer = await ctx.invoke("counter", "add", StringValue(value=said))
        return str(answer.value)


# -- looking -------------------------------------------------------------------------------------------------------------


def test_foreign_actor_is_listed_with_its_actions_and_host() -> None:
    with proxy() as running:
        register(running, actor("counter", "add", "reset"))
        system = running.system

        assert [info.id.name for info in system.actors()] == ["counter"]
        assert list(system.actions("counter")) == ["add", "reset"]
        assert running.hosts() == {"127.0.0.1:1 (test-host)": ["counter"]}
        assert "Registered by test-host" in system.definitions()[0].source


def test_foreign_actor_is_invoked_from_here_and_its_turns_recorded() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        system = running.system
        answers = [system.invoke("counter", "add", StringValue(value="x")) for _ in range(2)]

        assert answers == [StringValue(value="1"), StringValue(value="2")]
        assert system.state("counter") == StringValue(value="2")
        system.flush()
        assert [turn.revision for turn in flatten(system.turns(actor="counter"))] == [1, 2]
        assert system.state("counter", revision=1) == StringValue(value="1")


def test_actor_of_this_process_asks_a_foreign_one() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        running.system.deploy(Bridge)

        assert running.system.invoke("bridge", "relay", {"said": "hi"}) == "1"
        call = pb.ActorInvocation.FromString(host.calls[0])
        assert (call.caller.name, call.value) == ("bridge", text("hi"))


def test_foreign_client_invokes_an_actor_of_this_process_with_json() -> None:
    class Adder(Actor, name="adder"):
        total: int = 0

        @action
        def add(self, value: int) -> dict[str, int]:
            self.total += value
            return {"total": self.total}

    with proxy() as running:
        running.system.deploy(Adder)
        status, response = invoke(running, "adder", "add", json_text('{"value": 5}', OLD))
        refused = invoke(running, "adder", "add", json_text('{"value": "five"}'))

    assert (status, response.value) == (200, json_text('{"total":5}', OLD))
    assert refused[0] == 400
    assert "value expected" in refused[1].status.message


def test_failure_of_a_foreign_action_is_raised_here_with_its_text() -> None:
    with RawHost(lambda _: ok(b"KeyError: 'x'", status="500 Oops")) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))

        with pytest.raises(ActionFailed, match="HTTP 500: KeyError: 'x'"):
            running.system.invoke("counter", "add")


def test_unknown_action_of_a_foreign_actor_names_the_nearest() -> None:
    with proxy() as running:
        register(running, actor("counter", "increment"))

        with pytest.raises(UnknownAction, match="increment"):
            running.system.invoke("counter", "incremet")


def test_state_is_read_with_get_without_waking_the_actor() -> None:
    with proxy() as running:
        register(running, actor("counter", "add", state=text("7")))
        answer = send(
            running, f"GET /api/v1/system/{SYSTEM}/actors/counter HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
        )

        assert pb.InvocationResponse.FromString(body_of(answer)).value == text("7")
        assert running.system.info("counter").phase == "passive"


# -- the definition ------------------------------------------------------------------------------------------------------


def test_implicit_reads_go_to_the_host_when_it_registers_one_of_them() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("plain", "add", state=text("7")), actor("own", "add", "getState"))

        assert count_of(invoke(running, "plain", "get")[1]) == "7"
        assert len(host.calls) == 0
        assert invoke(running, "own", "get")[0] == 200
        assert pb.ActorInvocation.FromString(host.calls[0]).action_name == "get"


def test_actor_that_names_its_states_message_begins_with_an_empty_one() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add", state_type="google.protobuf.StringValue"))
        read = invoke(running, "counter", "get")[1]
        invoke(running, "counter", "add")

    given = pb.ActorInvocation.FromString(host.calls[0]).current_context
    assert given.state.Is(StringValue.DESCRIPTOR)
    assert read.value.Is(StringValue.DESCRIPTOR)


def test_init_runs_before_the_first_message_and_only_its_state_counts() -> None:
    def answer(call: pb.ActorInvocation) -> pb.ActorInvocationResponse:
        answered = counting(call)
        if call.action_name == "init":
            answered.updated_context.tags["from"] = "init"
            answered.workflow.effects.add().request.action_name = "never"
        return answered

    with RawHost(answering(answer)) as host, proxy(host.port) as running:
        register(running, actor("counter", "init", "add", state=text("10")))
        status, response = invoke(running, "counter", "add")
        calls = [pb.ActorInvocation.FromString(body) for body in host.calls]

    assert (status, count_of(response)) == (200, "12")
    assert [call.action_name for call in calls] == ["init", "add"]
    assert calls[0].WhichOneof("payload") == "noop"
    assert calls[0].caller.name == "counter"
    assert calls[1].current_context.tags == {"from": "init"}


def test_timer_action_runs_with_nothing_as_its_payload() -> None:
    ticking = actor("clock", state=text("0"))
    ticking.timer_actions.add(seconds=10).action.name = "tick"
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, ticking)
        calls = [pb.ActorInvocation.FromString(body) for body in host.wait_for_calls(2)]

    assert {(call.action_name, call.WhichOneof("payload"), call.caller.name) for call in calls} == {
        ("tick", "noop", "clock")
    }


@pytest.mark.parametrize("milliseconds", [0, -5])
def test_timer_without_an_interval_is_refused(milliseconds: int) -> None:
    broken = actor("clock")
    broken.timer_actions.add(seconds=milliseconds).action.name = "tick"
    with proxy() as running:
        answer = send(running, post("/api/v1/system", registration(broken).SerializeToString()))

    assert status_of(answer) == 400
    assert "no interval" in pb.RegistrationResponse.FromString(body_of(answer)).status.message


def test_registering_again_changes_nothing_and_a_new_action_is_there_at_once() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        before = running.system.info("counter").definition
        register(running, actor("counter", "add"))
        assert running.system.info("counter").definition == before
        register(running, actor("counter", "add", "more"))

        assert invoke(running, "counter", "more")[0] == 200


def test_tags_survive_a_host_that_never_sends_any() -> None:
    tagged = actor("counter", "add")
    tagged.state.tags["colour"] = "red"
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, tagged)
        for _ in range(2):
            invoke(running, "counter", "add")

        assert [dict(pb.ActorInvocation.FromString(body).current_context.tags) for body in host.calls] == [
            {"colour": "red"}
        ] * 2


def test_tags_are_cleared_by_a_host_that_sends_them() -> None:
    sent = iter([{"colour": "blue"}, {}, {}])

    def answer(call: pb.ActorInvocation) -> pb.ActorInvocationResponse:
        answered = counting(call)
        answered.updated_context.tags.update(next(sent))
        return answered

    with RawHost(answering(answer)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        for _ in range(3):
            invoke(running, "counter", "add")

        tags = [dict(pb.ActorInvocation.FromString(body).current_context.tags) for body in host.calls]
        assert tags == [{}, {"colour": "blue"}, {}]


# -- children ------------------------------------------------------------------------------------------------------------


def spawn(name: str, parent: str) -> bytes:
    body = pb.SpawnRequest(actors=[actors.ActorId(name=name, system=SYSTEM, parent=parent)]).SerializeToString()
    return post(f"/api/v1/system/{SYSTEM}/actors/spawn", body)


def test_spawned_child_is_known_before_its_first_message_and_not_active() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("user", "add", kind=actors.UNNAMED))
        assert status_of(send(running, spawn("ada", "user"))) == 200

        info = running.system.info("ada")
        assert (info.parent, info.phase, info.revision) == ("user", "passive", 0)
        assert count_of(invoke(running, "ada", "add")[1]) == "1"
        call = pb.ActorInvocation.FromString(host.calls[0])
        assert (call.actor.name, call.actor.parent) == ("ada", "user")


def test_spawning_again_keeps_the_child_as_it_is() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("user", "add", kind=actors.UNNAMED), actor("other", "add", kind=actors.UNNAMED))
        invoke(running, "ada", "add", register_ref="user")
        running.system.flush()
        again, taken = send(running, spawn("ada", "user")), send(running, spawn("ada", "other"))

        assert (status_of(again), status_of(taken)) == (200, 409)
        assert count_of(invoke(running, "ada", "add")[1]) == "2"


def test_spawn_at_a_revision_continues_from_it_without_pinning() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add", kind=actors.UNNAMED))
        for _ in range(3):
            invoke(running, "c1", "add", register_ref="counter")
        body = pb.SpawnRequest(actors=[actors.ActorId(name="c1", system=SYSTEM, parent="counter")]).SerializeToString()
        path = f"/api/v1/system/{SYSTEM}/actors/spawn?revision="

        assert status_of(send(running, post(f"{path}1", body))) == 200
        assert [count_of(invoke(running, "c1", "add")[1]) for _ in range(2)] == ["2", "3"]
        assert status_of(send(running, post(f"{path}99", body))) == 404
        assert status_of(send(running, post(f"{path}x", body))) == 400
        assert count_of(invoke(running, "c1", "get")[1]) == "3"


# -- hosts and dialects ----------------------------------------------------------------------------------------------------


def test_calls_are_balanced_over_hosts_and_state_stays_one() -> None:
    with RawHost(answering(counting)) as one, RawHost(answering(counting)) as two, proxy(one.port) as running:
        register(running, actor("counter", "add"))
        register(running, actor("counter", "add"), host_port=two.port)
        counts = [count_of(invoke(running, "counter", "add")[1]) for _ in range(8)]

        assert counts == [str(number) for number in range(1, 9)]
        assert min(len(one.calls), len(two.calls)) >= 2


def test_host_that_died_is_left_out_and_taken_back_when_it_registers() -> None:
    with RawHost(answering(counting)) as one, proxy(one.port) as running:
        with RawHost(answering(counting)) as two:
            register(running, actor("counter", "add"))
            register(running, actor("counter", "add"), host_port=two.port)
            port = two.port
        statuses = [invoke(running, "counter", "add")[0] for _ in range(6)]

        # At most the call that found the connection cut has no outcome; none is sent twice.
        assert statuses.count(200) >= 5
        assert len(one.calls) == statuses.count(200)
        with RawHost(answering(counting), port) as again:
            register(running, actor("counter", "add"), host_port=port)
            for _ in range(4):
                assert invoke(running, "counter", "add")[0] == 200
            assert len(again.calls) >= 1


def test_host_that_is_silent_is_left_out_while_another_answers() -> None:
    with (
        RawHost(lambda _: Raw(after=threading.Event())) as silent,
        RawHost(answering(counting)) as well,
        proxy(silent.port, host_timeout_s=1.5) as running,
    ):
        register(running, actor("counter", "add"))
        register(running, actor("counter", "add"), host_port=well.port)
        statuses = [invoke(running, "counter", "add")[0] for _ in range(6)]

    assert statuses.count(503) == len(silent.calls) == 1
    assert statuses.count(200) == len(well.calls) == 5


def test_action_goes_only_to_hosts_that_registered_it() -> None:
    with RawHost(answering(counting)) as one, RawHost(answering(counting)) as two, proxy(one.port) as running:
        register(running, actor("counter", "add"))
        register(running, actor("counter", "add", "more"), host_port=two.port)
        for _ in range(4):
            assert invoke(running, "counter", "more")[0] == 200

        assert (len(one.calls), len(two.calls)) == (0, 4)


def json_counting(dialect: str) -> Callable[[bytes], Raw]:
    """A host that refuses the JSON of the other dialect, as SDKs do, and counts in JSON."""

    def answer(body: bytes) -> Raw:
        call = pb.ActorInvocation.FromString(body)
        for value in (call.current_context.state, call.value):
            if value.type_url and value.type_url != f"type.googleapis.com/{dialect}.JSONType":
                return ok(f"unknown type {value.type_url}".encode(), status="500 Oops")
        state = msgspec.json.decode(pb.JSONType.FromString(call.current_context.state.value).content)
        counted = json_text(msgspec.json.encode({"n": state["n"] + 1, "by": dialect}).decode(), dialect)
        answered = pb.ActorInvocationResponse(value=counted)
        answered.updated_context.state.CopyFrom(counted)
        return ok(answered.SerializeToString())

    return answer


def test_one_actor_is_served_by_hosts_of_both_dialects() -> None:
    with RawHost(json_counting(OLD)) as old, RawHost(json_counting(NEW)) as new, proxy(old.port) as running:
        register(running, actor("counter", "add", state=json_text('{"n":0}', OLD)))
        definition = running.system.info("counter").definition
        register(running, actor("counter", "add", state=json_text('{"n":0}', NEW)), host_port=new.port, minor=2)
        answers = [running.system.invoke("counter", "add", {"value": 1}) for _ in range(8)]

        assert running.system.info("counter").definition == definition
        assert [answer["n"] for answer in answers] == list(range(1, 9))
        assert {answer["by"] for answer in answers} == {OLD, NEW}
        assert running.system.encoded_state("counter") == Encoded(JSON, msgspec.json.encode(answers[-1]))


def test_client_gets_json_in_the_dialect_that_it_spoke() -> None:
    with RawHost(json_counting(OLD)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add", state=json_text('{"n":0}', OLD)))
        answers = [invoke(running, "counter", "add", json_text("{}", dialect))[1] for dialect in (OLD, NEW)]

    assert [answer.value.type_url.rpartition("/")[2] for answer in answers] == [f"{OLD}.JSONType", f"{NEW}.JSONType"]


def test_client_that_shows_none_is_answered_as_the_host_of_its_door_speaks() -> None:
    with (
        RawHost(json_counting(OLD)) as former,
        RawHost(json_counting(NEW)) as latter,
        proxy(former.port, more=[(0, latter.port)]) as running,
    ):
        first, second = (int(url.rpartition(":")[2]) for url in running.addresses)
        for port, dialect in ((first, OLD), (second, NEW)):
            body = registration(actor("counter", "add", state=json_text('{"n":0}', dialect))).SerializeToString()
            assert status_of(exchange(port, post("/api/v1/system", body))) == 200
        call = post(f"/api/v1/system/{SYSTEM}/actors/counter/invoke", request("counter", "get").SerializeToString())
        answers = [pb.InvocationResponse.FromString(body_of(exchange(port, call))) for port in (first, second)]

    assert [answer.value.type_url.rpartition("/")[2] for answer in answers] == [f"{OLD}.JSONType", f"{NEW}.JSONType"]


# -- broadcasts of the old dialect ---------------------------------------------------------------------------------------


def subscriber(name: str, *names: str) -> actors.Actor:
    made = actor(name, *names)
    made.metadata.channel_group.add(topic="news")
    return made


def publishing(call: pb.ActorInvocation) -> pb.ActorInvocationResponse:
    """Publishes as the Python SDK does, which names the receivers' action in field 2; answers all else."""
    answer = pb.ActorInvocationResponse(value=text(call.action_name))
    if call.action_name == "publish":
        named = old.Broadcast(channel_group="news", action_name="announce")
        answer.workflow.broadcast.MergeFromString(named.SerializeToString())
        answer.workflow.broadcast.value.CopyFrom(text("fire"))
    return answer


def test_broadcast_of_the_old_dialect_calls_the_action_it_names() -> None:
    with RawHost(answering(publishing)) as host, proxy(host.port) as running:
        register(running, actor("desk", "publish"), subscriber("radio", "announce"), subscriber("paper", "receive"))
        invoke(running, "desk", "publish")

        host.wait_for_calls(3)
        calls = [pb.ActorInvocation.FromString(body) for body in host.calls[1:]]
        assert {(call.actor.name, call.action_name) for call in calls} == {("radio", "announce"), ("paper", "receive")}


def test_broadcast_to_an_action_that_a_subscriber_lacks_is_kept_as_a_dead_letter() -> None:
    with RawHost(answering(publishing)) as host, proxy(host.port) as running:
        register(running, actor("desk", "publish"), subscriber("statue", "stand"))
        invoke(running, "desk", "publish")

        [letter] = running.system.dead_letters()
        assert letter.invocation.action == "announce"
        assert "'statue' has no action 'announce'" in letter.why
