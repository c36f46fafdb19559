"""A node as any gRPC client meets it: statuses and their details, reflection, health, bounds, hostile bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import BadSetting, SpawnError
from runtime.servers.grpc_node.errors import status_code
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.security import Limits
from runtime.system.embedded import embedded
from runtime.wire.pb.workbench.v1 import node_pb2 as pb
from tests.runtime.servers.grpc_node.node import SERVICE, Raw, node, status_of

Code = grpc.StatusCode


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeServer]:
    with node(tmp_path_factory.mktemp("node")) as server:
        yield server


@pytest.fixture(scope="module")
def raw(server: NodeServer) -> Iterator[Raw]:
    raw = Raw(server)
    yield raw
    raw.close()


def call(action: str, json: str | None = None, actor: str = "counter") -> pb.Call:
    return pb.Call(actor=actor, action=action, payload=None if json is None else pb.Value(json=json))


def failure_of(raw: Raw, request: pb.Call) -> pb.Failure:
    """The details of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        raw.call("Invoke", request)
    [data] = [value for name, value in caught.value.trailing_metadata() if name == "grpc-status-details-bin"]
    failure = pb.Failure()
    assert status_pb2.Status.FromString(data).details[0].Unpack(failure)
    return failure


# -- statuses --------------------------------------------------------------------------------------------------------------


def test_any_client_can_invoke(raw: Raw) -> None:
    answer = pb.Answer.FromString(raw.call("Invoke", call("echo", '{"value": [1]}')))

    assert answer.response.json == "[1]"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (call("add", "{}"), Code.INVALID_ARGUMENT),
        (call("add", "nonsense"), Code.INVALID_ARGUMENT),
        (call("sub", "{}"), Code.UNIMPLEMENTED),
        (call("add", "{}", actor="countr"), Code.NOT_FOUND),
        (call("", "{}", actor=""), Code.NOT_FOUND),
        (call("fail", '{"text": "x"}'), Code.UNKNOWN),
        (call("add", "[" * 200 + "]" * 200), Code.INVALID_ARGUMENT),
    ],
)
def test_failure_has_the_right_status(raw: Raw, request_: pb.Call, code: grpc.StatusCode) -> None:
    assert status_of(lambda: raw.call("Invoke", request_))[0] is code


def test_details_keep_a_users_exception(raw: Raw) -> None:
    failure = failure_of(raw, call("fail", '{"text": "no such thing"}'))

    assert (failure.code, failure.type_name, failure.text) == ("action_failed", "LookupError", "no such thing")
    assert "raise LookupError(text)" in failure.trace


def test_long_failure_fits_the_headers_of_any_client(raw: Raw) -> None:
    failure = failure_of(raw, call("fail", '{"text": "%s"}' % ("long " * 50_000)))

    assert failure.text.startswith("long long")
    assert failure.ByteSize() < 7_000


def _classes(root: type[SpawnError]) -> Iterator[type[SpawnError]]:
    yield root
    for child in root.__subclasses__():
        yield from _classes(child)


@pytest.mark.parametrize("kind", list(_classes(SpawnError)), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind: type[SpawnError]) -> None:
    assert status_code(kind) not in (Code.OK, Code.CANCELLED)


def test_unary_call_ends_at_its_deadline(raw: Raw, server: NodeServer) -> None:
    code, _ = status_of(lambda: raw.call("Watch", pb.WatchRequest(), timeout=0.2))

    assert code is Code.DEADLINE_EXCEEDED


# -- who may -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "wrong", "ünicode"])
@pytest.mark.parametrize("method", [method.name for method in SERVICE.methods])
def test_no_method_answers_without_the_token(server: NodeServer, method: str, token: str) -> None:
    raw = Raw(server, token="")
    raw.metadata = (("authorization", f"Bearer {token}".encode("ascii", "ignore").decode()),)

    code, text = status_of(lambda: raw.call(method))
    raw.close()

    assert code is Code.UNAUTHENTICATED
    assert "token is missing or wrong" in text


def test_health_answers_without_a_token(server: NodeServer) -> None:
    raw = Raw(server, token="")

    answer = health_pb2.HealthCheckResponse.FromString(raw.call("/grpc.health.v1.Health/Check"))
    raw.close()

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_is_told_of_each_service(raw: Raw) -> None:
    def check(service: str) -> bytes:
        return raw.call("/grpc.health.v1.Health/Check", health_pb2.HealthCheckRequest(service=service))

    answer = health_pb2.HealthCheckResponse.FromString(check("workbench.v1.Node"))

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert status_of(lambda: check("no.such.Service"))[0] is Code.NOT_FOUND


def test_token_file_goes_when_the_server_does(tmp_path: Path) -> None:
    with node(tmp_path) as server:
        path = server.token_file
        assert path is not None
        assert path.read_text().strip() == server.security.token

    assert not path.exists()


def test_listener_for_strangers_is_refused(tmp_path: Path) -> None:
    with embedded() as system, pytest.raises(BadSetting, match="without TLS"):
        NodeServer(system, host="0.0.0.0")


def test_taken_port_is_named(server: NodeServer) -> None:
    with embedded() as system, pytest.raises(BadSetting, match=f"Cannot listen on 127.0.0.1:{server.port}"):
        NodeServer(system, port=server.port).start()


# -- reflection --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_shows_services_and_files(raw: Raw, version: str) -> None:
    path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="workbench.v1.Node"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="workbench.v1.Node.Invoke"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.Thing"),
    ]

    data = raw.channel.stream_stream(path)(iter([each.SerializeToString() for each in asked]), metadata=raw.metadata)
    services, file, of_method, missing = map(reflection_pb2.ServerReflectionResponse.FromString, data)

    assert "workbench.v1.Node" in [each.name for each in services.list_services_response.service]
    assert file.file_descriptor_response.file_descriptor_proto
    assert of_method.file_descriptor_response == file.file_descriptor_response
    assert missing.error_response.error_code == Code.NOT_FOUND.value[0]


# -- many calls on a stream ------------------------------------------------------------------------------------------------------


def calls(*some: pb.Call) -> bytes:
    return pb.Calls(calls=some).SerializeToString()


def test_stream_answers_every_call_by_its_number(raw: Raw) -> None:
    batch = [call("echo", f'{{"value": {number}}}') for number in range(50)]
    for number, each in enumerate(batch):
        each.id = number

    answers = [a for data in raw.stream("InvokeMany", [calls(*batch)]) for a in pb.Answers.FromString(data).answers]

    assert {(answer.id, answer.response.json) for answer in answers} == {(n, str(n)) for n in range(50)}


def test_stream_tells_failures_apart_and_goes_on(raw: Raw) -> None:
    good, bad = call("echo", '{"value": 1}'), call("nothing")
    good.id, bad.id = 1, 2

    answers = {
        a.id: a for d in raw.stream("InvokeMany", [calls(bad), calls(good)]) for a in pb.Answers.FromString(d).answers
    }

    assert answers[2].failure.code == "unknown_action"
    assert answers[1].response.json == "1"


def test_stream_reads_no_further_than_its_limit(tmp_path: Path) -> None:
    with node(tmp_path, limits=Limits(in_flight=2)) as server:
        raw = Raw(server)
        batch = [call("echo", '{"value": 1}') for _ in range(500)]

        answers = [a for d in raw.stream("InvokeMany", [calls(*batch)]) for a in pb.Answers.FromString(d).answers]
        raw.close()

    assert len(answers) == 500


def test_more_calls_a_second_than_allowed_are_refused(tmp_path: Path) -> None:
    with node(tmp_path, limits=Limits(calls_per_second=20)) as server:
        raw = Raw(server)
        batch = [call("echo", '{"value": 1}') for _ in range(200)]

        answers = [a for d in raw.stream("InvokeMany", [calls(*batch)]) for a in pb.Answers.FromString(d).answers]
        raw.close()

    refused = [answer for answer in answers if answer.failure.code == "overloaded"]
    assert len(answers) == 200
    assert len(refused) >= 150


def test_more_watchers_than_allowed_are_refused(tmp_path: Path) -> None:
    with node(tmp_path, limits=Limits(watchers=1)) as server:
        raw = Raw(server)
        watch = raw.channel.unary_stream(f"/{SERVICE.full_name}/Watch")
        first = watch(b"", metadata=raw.metadata, timeout=120)
        next(first)

        code, _ = status_of(lambda: next(watch(b"", metadata=raw.metadata, timeout=120)))
        first.cancel()
        raw.close()

    assert code is Code.RESOURCE_EXHAUSTED


# -- hostile bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [method.name for method in SERVICE.methods])
def test_garbage_is_refused_without_filling_the_log(raw: Raw, method: str, caplog: pytest.LogCaptureFixture) -> None:
    for data in (b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f", b"\x00"):
        status_of(lambda data=data: raw.call(method, data, timeout=1.0))

    assert raw.call("Invoke", call("echo", '{"value": 1}'))
    assert caplog.text == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from([m.name for m in SERVICE.methods if not m.server_streaming and not m.client_streaming]),
    data=st.binary(max_size=200),
)
def test_random_bytes_never_hang_a_method(raw: Raw, method: str, data: bytes) -> None:
    answer = raw.channel.unary_unary(f"/{SERVICE.full_name}/{method}").future(
        data, timeout=120.0, metadata=raw.metadata
    )

    assert answer.code() is not Code.DEADLINE_EXCEEDED


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["InvokeMany", "Host", "ReadTurns", "ReadColumns", "ReadLifecycle"]),
    messages=st.lists(st.binary(max_size=100), min_size=1, max_size=4),
)
def test_random_streams_end_and_leave_the_server_up(raw: Raw, method: str, messages: list[bytes]) -> None:
    stream = raw.channel.stream_stream(f"/{SERVICE.full_name}/{method}")(
        iter(messages), timeout=120.0, metadata=raw.metadata
    )
    with suppress(grpc.RpcError):
        list(stream)

    assert stream.code() is not Code.DEADLINE_EXCEEDED
    assert raw.call("Invoke", call("echo", '{"value": 1}'))


@pytest.mark.parametrize(
    "first",
    [
        pb.FromHost(offer=pb.Offer(id=1)),
        pb.FromHost(hello=pb.Hello(host="short")),
        pb.FromHost(),
    ],
)
def test_host_that_does_not_say_hello_is_refused(raw: Raw, first: pb.FromHost) -> None:
    code, text = status_of(lambda: raw.stream("Host", [first.SerializeToString()]))

    assert (code, "hello" in text) == (Code.INVALID_ARGUMENT, True)


def test_unusable_offer_is_refused_and_changes_nothing(raw: Raw) -> None:
    hello = pb.FromHost(hello=pb.Hello(host="x" * 20))
    offers = [
        pb.Definition(name="counter", hash="h"),
        pb.Definition(name="counter", hash="h", settings_json="[]"),
        pb.Definition(name="", hash="", settings_json='{"name": ""}'),
        pb.Definition(name="counter", hash="h", settings_json='{"name": "counter", "kind": "king"}'),
        pb.Definition(name="counter", hash="h", settings_json='{"name": "other"}'),
    ]
    messages: list[Any] = [hello, *(pb.FromHost(offer=pb.Offer(id=n, definition=d)) for n, d in enumerate(offers))]
    replies: list[pb.ToHost] = []
    stream = raw.channel.stream_stream(f"/{SERVICE.full_name}/Host")(
        _held_open([each.SerializeToString() for each in messages], lambda: len(replies) == len(offers)),
        timeout=120,
        metadata=raw.metadata,
    )
    for data in stream:
        message = pb.ToHost.FromString(data)
        if message.HasField("offered"):
            replies.append(message)
        if len(replies) == len(offers):
            stream.cancel()
            break

    assert {reply.offered.failure.code for reply in replies} == {"definition"}
    assert raw.call("Invoke", call("add", '{"value": 0}'))


def _held_open(messages: list[bytes], done: Any) -> Iterator[bytes]:
    """Messages, and then nothing, for as long as the stream is wanted."""
    import threading

    yield from messages
    waiting = threading.Event()
    while not done():
        waiting.wait(0.01)


# -- times and names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (
            pb.Call(actor="counter", action="add", scheduled_to_us=2**62),
            "scheduled_to_us is 4,611,686,018,427 s since 1970",
        ),
        (
            pb.Call(actor="counter", action="add", scheduled_to_us=-1),
            "scheduled_to_us is -1 s since 1970, outside its range",
        ),
        (pb.Call(actor="counter", action="add", delay_us=2**62), "delay_us=4611686018427387904 is outside its range"),
        (pb.Call(actor="a\0b", action="add"), "actor is 'a\\x00b', which has a NUL character"),
        (call("echo", "nonsense"), "payload is no JSON"),
    ],
)
def test_call_that_cannot_be_recorded_is_refused_with_its_field_named(
    server: NodeServer, raw: Raw, request_: pb.Call, said: str
) -> None:
    before = server.system.status().sequence

    assert said in failure_of(raw, request_).message
    assert server.system.status().sequence == before
