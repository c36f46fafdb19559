"""A host of ours driven as a real proxy drives it: by recorded calls, again after a lost answer, and after a restart."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from runtime.actor import Actor, action, init, timer
from runtime.context import Context
from runtime.definition import define
from runtime.errors import BadSetting, HostFailed, NotAllowed, SpawnError, UnknownActor
from runtime.ids import ActorId
from runtime.local import embedded
from runtime.records import RESTORE
from runtime.replay.past import Past
from runtime.replay.rerun import Rerun
from runtime.servers.actor_host import ActorHost
from runtime.servers.beside_proxy import open_journal
from runtime.servers.host_app import CrashBudget
from runtime.servers.host_check import check_host, environment_of_listener, forwarder_of_listener
from runtime.servers.host_journal import HostJournal
from runtime.statestores.base import flatten
from runtime.statestores.registry import open_store
from runtime.testing.raw_host import CALL_PATH, Raw, RawHost, body_of, exchange, ok, post, status_of
from runtime.transports.proxy_link import ProxyLink, read_target
from runtime.value import Broadcast, SideEffect, Value
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import EXCHANGES, SYSTEM
from tests.runtime.servers.proxying import json_text

UP = ok(b'{"status":"up"}', content_type="application/json")
ACCEPTED = next(each.response for each in EXCHANGES if each.label == "register_ok")
WAIT_S = 10.0


class Counter(Actor, name="Counter", state_type=StringValue):
    """The actor of the recordings: its state is a text."""

    @action(name="Incr")
    def incr(self, ctx: Context, said: StringValue) -> Value:
        number = int(ctx.state.value or "0") + 1
        return Value.of(StringValue(value=f"n={number}"), StringValue(value=str(number)))


class Tally(Actor, name="Tally", channels=[("news", "add")], tags={"colour": "red"}, deactivate_timeout="10s"):
    total: int = 0

    @init
    def begin(self) -> None:
        self.total = max(self.total, 100)

    @action
    def add(self, value: int = 1) -> dict[str, int]:
        self.total += value
        return {"total": self.total}

    @action
    def fail(self) -> None:
        raise LookupError("no such thing")

    @action
    def flow(self, ctx: Context) -> Value:
        ctx.tell("other", "told", {"value": 1})
        value = Value.of({"done": True}).effect(SideEffect.to("other", "effect", delay="1s")).checkpoint()
        return value.broadcast(Broadcast.to("news", {"value": 2})).tags({"colour": "blue"})

    @timer(every="1h")
    def tick(self) -> None:
        self.total += 1


class Gated(Actor, name="Gated"):
    """Waits in its action until a test opens the gate."""

    gate = threading.Event()
    runs = 0

    @action
    def wait(self) -> str:
        type(self).runs += 1
        assert type(self).gate.wait(WAIT_S)
        return "passed"


class RealProxy(RawHost):
    """Healthy, and takes every registration."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(self._answer, port)
        self.accepts = ok(ACCEPTED)

    def _answer(self, _: bytes) -> Raw:
        return UP if " /health" in self.messages[-1].start else self.accepts

    def registrations(self) -> list[pb.RegistrationRequest]:
        return [pb.RegistrationRequest.FromString(m.body) for m in list(self.messages) if m.start.startswith("POST")]


@pytest.fixture
def proxy() -> Iterator[RealProxy]:
    with RealProxy() as proxy:
        yield proxy


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def hosting(proxy: RealProxy) -> Iterator[Callable[..., ActorHost]]:
    """Makes hosts behind the proxy."""
    opened: list[Any] = []

    def make(**options: Any) -> ActorHost:
        link = ProxyLink(read_target(f"http://127.0.0.1:{proxy.port}"))
        opened.append(link)
        host = ActorHost(link, None, SYSTEM, port=free_port(), **options)
        opened.append(host)
        return host

    yield make
    for each in reversed(opened):
        each.close(1.0) if isinstance(each, ActorHost) else each.close()


def until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"within {WAIT_S:g} s, this did not happen: {what}"
        time.sleep(0.005)


def call(name: str, action_name: str, state: Any = None, value: Any = None, **fields: Any) -> pb.ActorInvocation:
    made = pb.ActorInvocation(action_name=action_name, value=value, **fields)
    made.actor.name, made.actor.system = name, SYSTEM
    if state is not None:
        made.current_context.state.CopyFrom(state)
    return made


def ask(host: ActorHost, message: pb.ActorInvocation) -> tuple[int, bytes]:
    answer = exchange(host.port, post(CALL_PATH, message.SerializeToString()))
    return status_of(answer), body_of(answer)


def answered(host: ActorHost, message: pb.ActorInvocation) -> pb.ActorInvocationResponse:
    status, body = ask(host, message)
    assert status == 200, body
    return pb.ActorInvocationResponse.FromString(body)


# -- registration ----------------------------------------------------------------------------------------------------------


def test_registration_has_everything_whose_absence_crashes_a_real_proxy(
    proxy: RealProxy, hosting: Callable[..., ActorHost]
) -> None:
    hosting().deploy(Tally)
    registered = proxy.registrations()[0]
    actor = registered.actor_system.registry.actors["Tally"]

    assert registered.HasField("service_info")
    assert actor.HasField("metadata")
    assert actor.state.state == json_text('{"total":0}')
    assert actor.state.tags == {"colour": "red"}
    assert actor.settings.state_type == ""
    assert [each.name for each in actor.actions] == ["init", "add", "fail", "flow"]
    assert [(each.action.name, each.seconds) for each in actor.timer_actions] == [("tick", 3_600_000)]
    assert actor.metadata.channel_group[0] == actors.Channel(topic="news", action="add")
    assert (actor.settings.kind, actor.settings.stateful) == (actors.NAMED, True)
    assert actor.settings.deactivation_strategy.timeout.timeout == 10_000


def test_proxy_that_refuses_leaves_the_former_definition(proxy: RealProxy, hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    refusal = pb.RegistrationResponse(status=pb.RequestStatus(status=pb.ERROR, message="Error on create Actors"))
    proxy.accepts = ok(refusal.SerializeToString(), status="500 Internal Server Error")

    with pytest.raises(HostFailed, match="Error on create Actors"):
        host.deploy(Tally)
    assert host.actors == ("Counter",)
    assert ask(host, call("Tally", "add"))[0] == 503


def test_redeploy_tells_what_a_real_proxy_takes_over_later(hosting: Callable[..., ActorHost]) -> None:
    class Later(Actor, name="Tally", deactivate_timeout="20s"):
        total: int = 0

        @action
        def add(self, value: int = 1) -> int:
            self.total += value
            return self.total

        @action
        def more(self) -> None: ...

    host = hosting()
    assert host.deploy(Tally).notes == ()
    notes = " ".join(host.deploy(Later).notes)

    assert "New actions (more) are not found by the proxy until Tally leaves memory, up to 13 s" in notes
    assert "Removed actions (fail, flow, init) are still accepted" in notes
    assert "old settings" in notes
    assert "old timers" in notes


def test_undeployed_actor_fails_and_an_unknown_one_is_named(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    host.undeploy("Counter")

    assert ask(host, call("Counter", "Incr"))[0] == 503
    with pytest.raises(UnknownActor):
        host.undeploy("Counter")


# -- calls -------------------------------------------------------------------------------------------------------------------


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
    status, body = ask(host, pb.ActorInvocation.FromString(recorded.request))

    if status == 200:
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


# -- retries -----------------------------------------------------------------------------------------------------------------


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


# -- restarts ----------------------------------------------------------------------------------------------------------------


def test_restarted_proxy_gets_everything_registered_again(proxy: RealProxy, hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    host.deploy(Tally)
    until(lambda: host._watch.is_connected, "the proxy is watched")
    port = proxy.port
    proxy.__exit__()
    until(lambda: not host._watch.is_connected, "the loss was noticed")
    with RealProxy(port) as restarted:
        until(lambda: host.times_registered_again == 1, "the actors were registered again")

        assert set(restarted.registrations()[-1].actor_system.registry.actors) == {"Counter", "Tally"}


def test_registration_is_tried_again_until_the_restarted_proxy_takes_it(
    proxy: RealProxy, hosting: Callable[..., ActorHost]
) -> None:
    host = hosting()
    host.deploy(Counter)
    until(lambda: host._watch.is_connected, "the proxy is watched")
    port = proxy.port
    proxy.__exit__()
    restarted = RealProxy(port)
    restarted.accepts = Raw(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", then_hang_up=True)
    with restarted:
        until(lambda: len(restarted.registrations()) >= 2, "it was tried again")
        restarted.accepts = ok(ACCEPTED)
        until(lambda: host.times_registered_again == 1, "it was taken")


# -- whose host --------------------------------------------------------------------------------------------------------------


def link_to(url: str) -> ProxyLink:
    return ProxyLink(read_target(url))


@pytest.mark.parametrize(
    "environment",
    [{}, {"USER_FUNCTION_HOST": "0.0.0.0"}, {"USER_FUNCTION_PORT": "8090"}, {"USER_FUNCTION_HOST": "127.0.0.1"}],
)
def test_proxy_whose_environment_names_this_port_is_taken(environment: dict[str, str]) -> None:
    assert "its environment says" in check_host(
        link_to("http://127.0.0.1:9"), None, 8090, "me", is_stated=False, environment=environment
    )


@pytest.mark.parametrize(
    ("environment", "stated"),
    [
        ({"USER_FUNCTION_PORT": "8091"}, True),
        ({"USER_FUNCTION_HOST": "10.0.0.7"}, True),
        ({"USER_FUNCTION_HOST": "actors.production", "USER_FUNCTION_PORT": "8090"}, False),
    ],
)
def test_proxy_that_calls_another_process_is_refused_even_if_the_user_says_otherwise(
    environment: dict[str, str], stated: bool
) -> None:
    with pytest.raises(NotAllowed, match="Its calls would go to another process"):
        check_host(link_to("http://127.0.0.1:9"), None, 8090, "me", is_stated=stated, environment=environment)


def test_where_there_is_no_telling_the_user_has_to_say_it() -> None:
    link = link_to("http://127.0.0.1:9")
    with pytest.raises(NotAllowed, match="--host-port 8090"):
        check_host(link, None, 8090, "me", is_stated=False)

    assert "you said" in check_host(link, None, 8090, "me", is_stated=True)


def test_proxy_of_another_machine_is_refused_whatever_the_user_says() -> None:
    with pytest.raises(NotAllowed, match="runs on another machine"):
        check_host(link_to("http://192.0.2.1:9001"), None, 8090, "me", is_stated=True)


def test_forwarded_port_is_refused_whatever_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, b"HOME=/root\0")
    (proc / "42" / "comm").write_text("kubectl\n")
    assert forwarder_of_listener(9001, proc) == "kubectl"
    monkeypatch.setattr("runtime.servers.host_check.forwarder_of_listener", lambda port: "kubectl")

    with pytest.raises(NotAllowed, match="kubectl forwards that port"):
        check_host(link_to("http://127.0.0.1:9"), None, 8090, "me", is_stated=True)


def test_nothing_is_registered_with_a_proxy_that_calls_another(
    proxy: RealProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"USER_FUNCTION_PORT": "1"}
    monkeypatch.setattr("runtime.servers.host_check.environment_of_listener", lambda _: found)
    link = link_to(f"http://127.0.0.1:{proxy.port}")

    with pytest.raises(NotAllowed):
        ActorHost(link, None, SYSTEM, port=free_port())
    assert proxy.registrations() == []
    link.close()


def test_listener_elsewhere_is_refused(proxy: RealProxy, hosting: Callable[..., ActorHost]) -> None:
    with pytest.raises(BadSetting, match="anybody there could run actions"):
        hosting(bind="0.0.0.0")

    assert not proxy.registrations()


def test_port_that_another_process_has_is_refused(proxy: RealProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        link = link_to(f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(BadSetting, match="its calls go to the process that listens there"):
            ActorHost(link, None, SYSTEM, port=taken.getsockname()[1])
        link.close()
    assert proxy.registrations() == []


def fake_proc(root: Path, environ: bytes) -> Path:
    (root / "net").mkdir()
    header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = "   0: 0100007F:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
    (root / "net" / "tcp").write_text(header + row)
    (root / "42" / "fd").mkdir(parents=True)
    (root / "42" / "fd" / "7").symlink_to("socket:[4711]")
    (root / "42" / "environ").write_bytes(environ)
    return root


def test_environment_is_that_of_the_process_that_listens(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, b"PROXY_HTTP_PORT=9001\0USER_FUNCTION_PORT=8095\0")

    assert environment_of_listener(9001, proc) == {"PROXY_HTTP_PORT": "9001", "USER_FUNCTION_PORT": "8095"}
    assert environment_of_listener(9002, proc) is None


def test_process_that_forwards_a_port_is_not_taken_for_the_proxy(tmp_path: Path) -> None:
    assert environment_of_listener(9001, fake_proc(tmp_path, b"HOME=/root\0PATH=/bin\0")) is None


# -- the journal -------------------------------------------------------------------------------------------------------------


def test_every_invocation_and_its_answer_is_in_the_journal(hosting: Callable[..., ActorHost], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    host = hosting(journal=open_journal(url))
    host.deploy(Tally)
    state = answered(
        host, call("Tally", "add", json_text('{"total":0}'), json_text('{"value":5}'))
    ).updated_context.state
    ask(host, call("Tally", "fail", state))
    answered(host, call("Tally", "add", state, json_text('{"value":1}')))
    assert host.close()
    journal = open_journal(url)
    assert journal is not None
    store = journal._store
    turns = list(flatten(store.turns()))

    assert [(turn.action, turn.revision, turn.failure is None) for turn in turns] == [
        ("add", 1, True),
        ("fail", 1, False),
        ("add", 2, True),
    ]
    assert [turn.response.data for turn in turns if turn.response is not None] == [b'{"total":5}', b'{"total":6}']
    assert store.definitions()[0].name == "Tally"
    loaded = store.load(turns[0].actor)
    assert loaded is not None
    assert loaded.state is not None
    assert loaded.state.value.data == b'{"total":6}'
    journal.close()


def test_journal_beside_a_real_proxy_is_run_again_at_home(hosting: Callable[..., ActorHost], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    host = hosting(journal=open_journal(url))
    host.deploy(Tally)
    for total in (40, 45):
        answered(host, call("Tally", "add", json_text(f'{{"total":{total}}}'), json_text('{"value":5}')))
    ask(host, call("Tally", "fail", json_text('{"total":50}')))
    assert host.close()

    with embedded(system=SYSTEM, store=url) as home:
        rerun = Rerun(define(Tally), ActorId(SYSTEM, "Tally"), carry=True)
        again = list(rerun.run(Past(home, "Tally")))

    assert [(each.parts, each.skipped) for each in again] == [((), "")] * 4


def test_state_that_the_proxy_changed_by_itself_is_noted_before_the_turn(hosting: Callable[..., ActorHost]) -> None:
    store = open_store("memory://")
    host = hosting(journal=HostJournal(store))
    host.deploy(Tally)
    answered(host, call("Tally", "add", json_text('{"total":40}'), json_text('{"value":1}')))
    answered(host, call("Tally", "add", json_text('{"total":7}'), json_text('{"value":1}')))
    until(lambda: store.head() == 4, "the turns were written")

    assert [(turn.action, turn.revision, turn.state and turn.state.value.data) for turn in flatten(store.turns())] == [
        (RESTORE, 1, b'{"total":40}'),
        ("add", 2, b'{"total":41}'),
        (RESTORE, 3, b'{"total":7}'),
        ("add", 4, b'{"total":8}'),
    ]


def test_journal_that_cannot_be_written_delays_nothing_and_loses_nothing(hosting: Callable[..., ActorHost]) -> None:
    store = open_store("memory://")
    commit, failures = store.commit, iter([True, True, False])

    def flaky(group: Any) -> None:
        if next(failures, False):
            raise SpawnError("the disk is full")
        commit(group)

    store.commit = flaky  # type: ignore[method-assign]
    host = hosting(journal=HostJournal(store))
    host.deploy(Tally)
    for total in range(3):
        answered(host, call("Tally", "add", json_text(f'{{"total":{total}}}'), json_text('{"value":1}')))

    until(lambda: store.head() == 3, "the turns were written")
