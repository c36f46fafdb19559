"""What can go wrong between a client, the proxy and a host: each time a decodable answer at once, and nothing sent twice."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable

import pytest

from runtime.testing.raw_host import Raw, RawHost, body_of, exchange, ok, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.proxies import (
    SYSTEM,
    actor,
    answering,
    count_of,
    counting,
    invoke,
    port_of,
    proxy,
    register,
    registration,
    request,
    send,
    text,
)

INVOKE = f"/api/v1/system/{SYSTEM}/actors/counter/invoke"


def failing(answer: Callable[[bytes], Raw], **options: float) -> tuple[int, pb.InvocationResponse, RawHost]:
    """What a client gets from a host that answers so."""
    with RawHost(answer) as host, proxy(host.port, **options) as running:
        register(running, actor("counter", "add"))
        status, response = invoke(running, "counter", "add", text("x"))
        return status, response, host


def test_host_that_is_down_is_named_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with proxy(port) as running:
        register(running, actor("counter", "add"))
        status, response = invoke(running, "counter", "add")

    assert (status, response.status.status) == (503, pb.ERROR)
    assert f"127.0.0.1:{port} (test-host) cannot be reached" in response.status.message


def test_host_that_is_slow_is_waited_for() -> None:
    gate = threading.Event()
    threading.Timer(0.3, gate.set).start()
    reply = ok(counting(pb.ActorInvocation()).SerializeToString())

    status, response, _ = failing(lambda _: Raw(reply.data, after=gate), host_timeout_s=60.0)

    assert (status, count_of(response)) == (200, "1")


def test_host_that_is_silent_is_given_up_and_not_called_again() -> None:
    status, response, host = failing(lambda _: Raw(after=threading.Event()), host_timeout_s=0.3)

    assert status == 503
    assert "did not answer within 0.3 s" in response.status.message
    assert "may have run" in response.status.message
    assert len(host.calls) == 1


@pytest.mark.parametrize(
    ("raw", "expected_status", "said"),
    [
        pytest.param(Raw(b"\x00\xffgarbage\r\n\r\n"), 503, "not HTTP", id="garbage"),
        pytest.param(ok(b"<html>hello</html>"), 502, "hello", id="page"),
        pytest.param(ok(b"\xff\xfe\x00\x80"), 502, "4 bytes of application/octet-stream", id="undecodable"),
        pytest.param(ok(b""), 502, "body is empty", id="empty"),
        pytest.param(
            ok(b"Traceback: boom", status="500 Internal Server Error"), 500, "HTTP 500: Traceback: boom", id="500"
        ),
        pytest.param(ok(b"", status="400 Bad Request"), 500, "HTTP 400: nothing", id="node's 400"),
        pytest.param(ok(b"", status="302 Found"), 500, "HTTP 302", id="redirect"),
        pytest.param(Raw(then_hang_up=True), 503, "closed the connection without an answer", id="hangs up"),
        pytest.param(
            Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", then_hang_up=True),
            503,
            "in the middle of its answer",
            id="dies in mid-answer",
        ),
        pytest.param(
            Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"),
            503,
            "99,999,999,999 bytes",
            id="announces too much",
        ),
        pytest.param(
            Raw(b"HTTP/1.1 200 OK\r\nconte", then_hang_up=True), 503, "without an answer", id="dies in its head"
        ),
    ],
)
def test_unusable_answer_of_a_host_is_a_failure_with_its_text(raw: Raw, expected_status: int, said: str) -> None:
    status, response, host = failing(lambda _: raw)

    assert (status, response.status.status) == (expected_status, pb.ERROR)
    assert said in response.status.message
    assert len(host.calls) == 1


def test_chunked_answer_without_end_is_cut_off_at_the_limit() -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    status, response, _ = failing(lambda _: Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk * 70))

    assert status == 503
    assert "more than" in response.status.message


def test_answer_of_a_wrong_type_changes_only_what_it_says() -> None:
    registered = registration(actor("counter", "add")).SerializeToString()
    with RawHost(lambda _: ok(registered)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add", state=text("7")))
        status, response = invoke(running, "counter", "add")

        assert status in (200, 502)
        assert status == 502 or response.status.status == pb.OK
        assert "7" in str(running.system.state("counter"))


def test_failure_leaves_state_and_next_call_as_they_were() -> None:
    answers = iter([answering(counting), lambda _: ok(b"", status="500 Oops"), answering(counting)])
    with RawHost(lambda body: next(answers)(body)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        statuses = [invoke(running, "counter", "add")[0] for _ in range(3)]

        assert statuses == [200, 500, 200]
        assert running.system.info("counter").revision == 2


@pytest.mark.parametrize("answered", [pb.ActorInvocationResponse(actor_name="counter", actor_system=SYSTEM)])
def test_answer_with_neither_context_nor_payload_is_a_failure(answered: pb.ActorInvocationResponse) -> None:
    status, response, _ = failing(lambda _: ok(answered.SerializeToString()))

    assert (status, response.status.status) == (502, pb.ERROR)
    assert (
        "neither context nor payload, which is how Spawn's Go SDK says that an action failed" in response.status.message
    )


@pytest.mark.parametrize("offered", ["gzip", "deflate, gzip;q=1.0"])
def test_registration_is_answered_compressed_where_that_is_offered(offered: str) -> None:
    with RawHost(lambda _: ok(b"")) as host, proxy(host.port) as running:
        body = registration(actor("counter", "add")).SerializeToString()
        answer = exchange(port_of(running), post("/api/v1/system", body, headers=f"accept-encoding: {offered}\r\n"))

    assert b"content-encoding: gzip" in answer.partition(b"\r\n\r\n")[0]
    assert pb.RegistrationResponse.FromString(gzip.decompress(body_of(answer))).status.status == pb.OK


def test_answer_without_context_is_accepted_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    status, response, _ = failing(lambda _: ok(pb.ActorInvocationResponse(value=text("fine")).SerializeToString()))

    assert (status, count_of(response)) == (200, "fine")
    assert "without updated_context" in caplog.text


# -- clients -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "application/x-www-form-urlencoded", None])
def test_wrong_content_type_is_refused_with_415(content_type: str | None) -> None:
    with proxy() as running:
        answer = send(running, post(INVOKE, request("counter", "add").SerializeToString(), content_type=content_type))

    assert status_of(answer) == 415
    assert "protobuf" in pb.InvocationResponse.FromString(body_of(answer)).status.message


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_truncated_request_is_refused_or_lacks_something(cut: int) -> None:
    body = request("counter", "add", text("x")).SerializeToString()
    with proxy() as running:
        answer = send(running, post(INVOKE, body[:-cut]))

    assert status_of(answer) in (400, 404)
    assert pb.InvocationResponse.FromString(body_of(answer)).status.message


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x0a\xff\xff\xff\xff\x0f", id="length beyond the end"),
        pytest.param(b"\x0b" * 5_000, id="groups in groups"),
        pytest.param(b"\x00\x00", id="field zero"),
        pytest.param(b"\xff" * 11, id="endless varint"),
        pytest.param(b"\x0a\x04\x0a\x02\xff\xfe", id="text that is not UTF-8"),
    ],
)
def test_hostile_protobuf_is_refused(body: bytes) -> None:
    with proxy() as running:
        answer = send(running, post(INVOKE, body))

        assert status_of(answer) == 400
        assert status_of(send(running, b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")) == 200


def test_json_nested_a_thousand_deep_stays_opaque() -> None:
    deep = pb.JSONType(content="[" * 5_000 + "]" * 5_000).SerializeToString()
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        value = text("")
        value.type_url, value.value = "type.googleapis.com/spawn.JSONType", deep

        assert invoke(running, "counter", "add", value)[0] == 200
        assert pb.ActorInvocation.FromString(host.calls[0]).value.value == deep


def test_unknown_system_is_refused_with_the_one_that_is_served() -> None:
    asked = request("counter", "add")
    asked.system.name = "elsewhere"
    with proxy() as running:
        answer = send(running, post(INVOKE, asked.SerializeToString()))

    assert status_of(answer) == 501
    assert "this proxy serves the actor system lab" in pb.InvocationResponse.FromString(body_of(answer)).status.message


def test_registration_for_another_system_says_what_to_do() -> None:
    other = actor("counter", "add")
    other.id.system = "elsewhere"
    with proxy() as running:
        answer = send(running, post("/api/v1/system", registration(other).SerializeToString()))

    response = pb.RegistrationResponse.FromString(body_of(answer))
    assert (status_of(answer), response.status.status) == (400, pb.ERROR)
    assert "--system elsewhere" in response.status.message


@pytest.mark.parametrize("action", ["spawn.restore", "spawn.confirm_dropped"])
def test_clients_cannot_invoke_the_runtimes_own_actions(action: str) -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))

        assert invoke(running, "counter", action, text("x"))[0] == 404


def test_draining_refuses_calls_and_is_not_ready_but_alive() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        running.drain()
        status, response = invoke(running, "counter", "add")
        ready = send(running, b"GET /health/readiness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        alive = send(running, b"GET /health/liveness HTTP/1.1\r\nhost: localhost\r\n\r\n")
        registered = send(running, post("/api/v1/system", registration(actor("new", "add")).SerializeToString()))

    assert (status, response.status.status) == (503, pb.ERROR)
    assert (status_of(ready), body_of(ready)) == (503, b'{"status":"down"}')
    assert status_of(alive) == 200
    assert pb.RegistrationResponse.FromString(body_of(registered)).status.status == pb.ERROR


def test_call_under_way_is_answered_while_the_proxy_closes() -> None:
    gate = threading.Event()
    reply = ok(counting(pb.ActorInvocation()).SerializeToString())
    answers: list[bytes] = []
    with RawHost(lambda _: Raw(reply.data, after=gate)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        call = post(INVOKE, request("counter", "add").SerializeToString())
        client = threading.Thread(target=lambda: answers.append(exchange(port_of(running), call)))
        client.start()
        host.wait_for_calls(1)
        closing = threading.Thread(target=running.close)
        closing.start()
        gate.set()
        closing.join(120.0)
        client.join(120.0)

    assert [status_of(answer) for answer in answers] == [200]


def test_client_that_leaves_does_not_stop_its_call() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        with socket.create_connection(("127.0.0.1", port_of(running))) as connection:
            connection.sendall(post(INVOKE, request("counter", "add").SerializeToString()))
            host.wait_for_calls(1)

        assert invoke(running, "counter", "add")[1].value == text("2")


def test_name_that_the_notebook_has_is_not_taken_over() -> None:
    from runtime.testing.host_checks import Counter

    with proxy() as running:
        running.system.deploy(Counter)
        answer = send(running, post("/api/v1/system", registration(actor("counter", "add")).SerializeToString()))

        assert status_of(answer) == 400
        assert (
            "defined in the process of this proxy" in pb.RegistrationResponse.FromString(body_of(answer)).status.message
        )
        assert running.system.invoke("counter", "add", {"value": 2}) == 2


@pytest.mark.parametrize("scheduled_to", [2**55, 2**63 - 1, -1, 253_402_300_800_000])
def test_call_for_a_time_that_no_store_can_keep_is_refused_and_nothing_else_suffers(scheduled_to: int) -> None:
    def answer(_: bytes) -> Raw:
        return ok(counting(pb.ActorInvocation()).SerializeToString())

    with RawHost(answer) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        status, response = invoke(running, "counter", "add", text("x"), scheduled_to=scheduled_to)

        assert (status, response.status.status) == (400, pb.ERROR)
        assert response.status.message.startswith("scheduled_to is ")
        assert invoke(running, "counter", "add", text("x"))[0] == 200
        assert running.system.flush(5.0) == running.system.status().sequence


def test_host_whose_effect_is_for_a_time_that_no_store_can_keep_fails_its_turn() -> None:
    reply = counting(pb.ActorInvocation())
    reply.workflow.effects.add().request.scheduled_to = 2**60

    status, response, _ = failing(lambda _: ok(reply.SerializeToString()))

    assert status == 502
    assert "what cannot be recorded: scheduled_to is" in response.status.message
