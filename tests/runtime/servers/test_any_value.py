"""No request may poison the store: any value in any field that a client or a host can send, then everything is read back.

The fields are those of the protocols' own descriptors, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import grpc
import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import runtime
from runtime.api import Subscription
from runtime.servers.contracts.http import ContractApp
from runtime.servers.spawn_host.host import ActorHost
from runtime.servers.spawn_host.notebook_host import open_journal
from runtime.stores.base import flatten
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.raw_host import CALL_PATH, RawHost, exchange, ok, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as spawn
from runtime.wire.pb.workbench.v1 import node_pb2 as pb
from tests.runtime.read_back import check_read_back, watched
from tests.runtime.servers import captures
from tests.runtime.servers.contracts.test_fuzz import json_values
from tests.runtime.servers.contracts.test_grpc import CONTRACT, AccountActor, CounterActor
from tests.runtime.servers.contracts.test_http import ask
from tests.runtime.servers.grpc_node.node import SERVICE, Raw, node
from tests.runtime.servers.proxies import SYSTEM, actor, counting, invoke, port_of, proxy, register, text
from tests.runtime.servers.real_proxy import Tally

KEY = bytes(range(32))
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

words = st.sampled_from(
    ["", "counter", "add", "echo", SYSTEM, "a\0b", "other", "spawn.restore", "json", "[", "{}", '{"value": 1}']
)
texts = words | st.text(max_size=8)
_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def whole(low: int, high: int) -> st.SearchStrategy[int]:
    edges = [low, high, 0, 1, 2**31 - 1, 2**55, 2**53, 253_402_300_799_999, 253_402_300_800_000]
    return st.sampled_from([edge for edge in edges if low <= edge <= high]) | st.integers(low, high)


def value_of(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_MESSAGE:
        return message_of(field.message_type, depth - 1)
    if kind in _NUMBERS:
        return whole(*_NUMBERS[kind])
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return st.floats(width=32)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return st.booleans()
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return st.sampled_from([each.number for each in field.enum_type.values])
    return st.binary(max_size=12) if field.type == FieldDescriptor.TYPE_BYTES else texts


@st.composite
def message_of(draw: st.DrawFn, descriptor: Descriptor, depth: int = 3) -> Message:
    """A message in which any field may have any value."""
    message: Any = GetMessageClass(descriptor)()
    if descriptor.full_name == "google.protobuf.Any" and draw(st.booleans()):
        message.CopyFrom(text(draw(texts)))
        return message
    for field in descriptor.fields:
        is_message = field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
        if (is_message and depth <= 0) or draw(st.integers(0, 2)) == 0:
            continue
        if is_message and field.message_type.GetOptions().map_entry:
            of_value = field.message_type.fields_by_name["value"]
            if of_value.cpp_type == FieldDescriptor.CPPTYPE_STRING:
                getattr(message, field.name).update(draw(st.dictionaries(texts, texts, max_size=2)))
        elif field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(value_of(field, depth), max_size=2)))
        elif is_message:
            getattr(message, field.name).CopyFrom(draw(value_of(field, depth)))
        else:
            setattr(message, field.name, draw(value_of(field, depth)))
    return message


def _outcome(raw: Raw, method: str, request: Message) -> grpc.StatusCode:
    try:
        raw.call(method, request)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def check_all_is_read_back(store: str, system: EmbeddedSystem, feed: Subscription) -> None:
    check_read_back(system, feed, lambda: runtime.embedded(system=system.name, store=store, key=KEY))


def test_any_request_of_a_client_of_the_proxy_harms_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    answers = RawHost(lambda body: ok(counting(spawn.ActorInvocation()).SerializeToString()))
    with answers as host, proxy(host.port, store=store) as running:
        feed = watched(running.system)
        register(running, actor("counter", "add"))

        @FUZZ
        @given(request=message_of(spawn.InvocationRequest.DESCRIPTOR), is_right=st.booleans())
        def send(request: Any, is_right: bool) -> None:
            if is_right:  # so that what is odd is in the rest
                request.system.name, request.actor.id.name, request.action_name = SYSTEM, "counter", "add"
                request.register_ref = ""
            path = f"/api/v1/system/{SYSTEM}/actors/counter/invoke"
            answer = exchange(port_of(running), post(path, request.SerializeToString()), timeout_s=20.0)
            assert status_of(answer) != 500, answer

        send()
        assert invoke(running, "counter", "add", text("x"))[0] == 200
        check_all_is_read_back(store, running.system, feed)


def test_any_answer_of_a_host_harms_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    answer = counting(spawn.ActorInvocation())
    with RawHost(lambda _: ok(answer.SerializeToString())) as host, proxy(host.port, store=store) as running:
        feed = watched(running.system)
        register(running, actor("counter", "add"))

        @FUZZ
        @given(given_answer=message_of(spawn.ActorInvocationResponse.DESCRIPTOR, 6))
        def hand(given_answer: Any) -> None:
            answer.CopyFrom(given_answer)
            invoke(running, "counter", "add", text("x"))

        hand()
        answer.CopyFrom(counting(spawn.ActorInvocation()))
        assert invoke(running, "counter", "add", text("x"))[0] == 200
        check_all_is_read_back(store, running.system, feed)


def test_any_request_of_any_method_of_a_node_harms_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    methods = {
        method.name: method.input_type
        for method in SERVICE.methods
        if not method.client_streaming and not method.server_streaming and method.name != "Undeploy"
    }
    assert "Invoke" in methods
    with node(tmp_path, store=store) as server:
        raw, feed = Raw(server), watched(server.system)

        @FUZZ
        @given(data=st.data(), name=st.sampled_from(sorted(methods)) | st.just("Invoke"), is_right=st.booleans())
        def call(data: st.DataObject, name: str, is_right: bool) -> None:
            request: Any = data.draw(message_of(methods[name]))
            if is_right and "actor" in methods[name].fields_by_name:
                request.actor = "counter"
            if name == "Flush":
                request.timeout_s = 1.0
            if name == "Invoke" and is_right:
                request.action = "add"
            assert _outcome(raw, name, request) is not grpc.StatusCode.INTERNAL

        call()
        raw.call("Invoke", pb.Call(actor="counter", action="add", payload=pb.Value(json='{"value": 1}')))
        raw.close()
        check_all_is_read_back(store, server.system, feed)


def test_any_calls_on_a_stream_of_a_node_harm_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    with node(tmp_path, store=store) as server:
        raw, feed = Raw(server), watched(server.system)

        @FUZZ
        @given(batches=st.lists(message_of(pb.Calls.DESCRIPTOR), max_size=2), is_right=st.booleans())
        def call(batches: list[Any], is_right: bool) -> None:
            for each in [each for batch in batches for each in batch.calls if is_right]:
                each.actor, each.action, each.asynchronous = "counter", "add", True
            with suppress(grpc.RpcError):  # a stream may end with a failure; the next one is served
                raw.stream("InvokeMany", [batch.SerializeToString() for batch in batches])

        call()
        raw.call("Invoke", pb.Call(actor="counter", action="add", payload=pb.Value(json='{"value": 1}')))
        raw.close()
        check_all_is_read_back(store, server.system, feed)


class Guest:
    """A process that runs the actor `guest` of a node, and answers what it is told to."""

    def __init__(self, raw: Raw) -> None:
        self.outcome: Any = pb.Outcome()
        self.is_ready: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        settings, work = '{"name": "guest"}', pb.Action(name="work", takes_any=True, role="action")
        definition = pb.Definition(name="guest", hash="h", settings_json=settings, actions=[work])
        self._say(hello=pb.Hello(host="x" * 20))
        self._say(offer=pb.Offer(id=1, definition=definition))
        call = raw.channel.stream_stream(f"/{SERVICE.full_name}/Host")
        self._stream = call(iter(self._said.get, None), timeout=300.0, metadata=raw.metadata)
        Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._said.put(None)
        self._stream.cancel()

    def _serve(self) -> None:
        with suppress(grpc.RpcError):
            for data in self._stream:
                message = pb.ToHost.FromString(data)
                if message.HasField("offered"):
                    self.is_ready.put(not message.offered.HasField("failure"))
                elif message.HasField("work"):
                    self.outcome.id = message.work.id
                    self._say(outcome=self.outcome)

    def _say(self, **what: Any) -> None:
        self._said.put(pb.FromHost(**what).SerializeToString())


def test_any_outcome_of_an_attached_host_harms_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    with node(tmp_path, store=store) as server:
        raw, feed = Raw(server), watched(server.system)
        guest = Guest(raw)
        assert guest.is_ready.get(timeout=60)

        @FUZZ
        @given(outcome=message_of(pb.Outcome.DESCRIPTOR, 5))
        def hand(outcome: Any) -> None:
            guest.outcome = outcome
            assert (
                _outcome(raw, "Invoke", pb.Call(actor="guest", action="work")) is not grpc.StatusCode.DEADLINE_EXCEEDED
            )

        hand()
        guest.outcome = pb.Outcome(response=pb.Value(json="1"))
        raw.call("Invoke", pb.Call(actor="guest", action="work"))
        guest.close()
        raw.close()
        check_all_is_read_back(store, server.system, feed)


def test_any_request_of_a_contract_by_http_harms_nothing_else(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/store.db"
    with runtime.embedded(store=store, key=KEY) as system:
        system.deploy(CounterActor)
        system.deploy(AccountActor)
        feed, app = watched(system), ContractApp(system)
        app.add(CONTRACT)
        values = json_values | words | st.integers(-(2**70), 2**70)
        fields = st.dictionaries(st.sampled_from(["value", "note", "who", "amount"]), values, max_size=3)

        @FUZZ
        @given(
            path=st.sampled_from(["/v1/counter:add", "/v1/accounts/{}"]), name=st.text(max_size=3), body=fields | values
        )
        def send(path: str, name: str, body: Any) -> None:
            verb = "PUT" if "{}" in path else "POST"
            data = msgspec.json.encode(body) if not isinstance(body, str) else body.encode("utf-8", "surrogatepass")
            assert ask(app, verb, path.format(quote(name, safe="", errors="replace")), data)[0] < 500

        send()
        assert ask(app, "POST", "/v1/counter:add", {"value": 1})[0] == 200
        check_all_is_read_back(store, system, feed)


def test_any_call_of_a_proxy_leaves_a_hosts_journal_whole(
    hosting: Callable[..., ActorHost], tmp_path: Path, monkeypatch: Any
) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", "A" * 43 + "=")
    host = hosting(journal=open_journal(url))
    host.app.budget = None  # it would space failures out
    host.deploy(Tally)

    @FUZZ
    @given(call=message_of(spawn.ActorInvocation.DESCRIPTOR, 5), name=st.sampled_from(["add", "fail", "flow", "get"]))
    def send(call: Any, name: str) -> None:
        call.actor.name, call.actor.system, call.action_name = "Tally", captures.SYSTEM, name
        assert 200 <= status_of(exchange(host.port, post(CALL_PATH, call.SerializeToString()), timeout_s=60.0)) < 600

    send()
    assert host.close()
    with runtime.embedded(system=captures.SYSTEM, store=url) as home:
        read = [turn.sequence for turn in flatten(home.turns())]
        assert read == list(range(1, len(read) + 1)) != []
        assert home.status().problems == ()
