"""No request may poison the store: any value in any field that a client or a host can send, then everything is read back.

The fields are those of the protocols' own descriptors, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import runtime
from runtime.api import Subscription
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.raw_host import RawHost, exchange, ok, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as spawn
from runtime.wire.pb.workbench.v1 import node_pb2 as pb
from tests.runtime.read_back import check_read_back, watched
from tests.runtime.servers.grpc_node.node import SERVICE, Raw, node
from tests.runtime.servers.proxies import SYSTEM, actor, counting, invoke, port_of, proxy, register, text

KEY = bytes(range(32))
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

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
