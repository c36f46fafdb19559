"""The HTTP server under proxy and host: order, limits, hostile clients, closing."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from runtime.drivers.event_loops import OwnLoop
from runtime.errors import SpawnError
from runtime.servers.http.messages import Access, HttpLimits, Reply, Request, Response
from runtime.servers.http.server import HttpServer
from runtime.testing.raw_host import body_of, exchange, post, status_of

LIMITS = HttpLimits(head_bytes=4_096, body_bytes=10_000, connections=5, head_s=0.2, receive_s=0.2, idle_s=0.3)
PATIENT = HttpLimits(head_bytes=4_096, body_bytes=10_000, connections=5)
WAIT_S = 120.0
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"


class Echo:
    """Answers with the body; `/late` when told to, `/broken` raises."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self.late: list[Reply] = []
        self.taken: list[bool] = []
        self.seen: list[Request] = []

    def access(self, method: str, path: str) -> Access:
        return Access()

    def refused(self, path: str, status: int, error: SpawnError) -> Response:
        return Response(status, str(error).encode())

    def handle(self, request: Request, reply: Reply) -> None:
        self.seen.append(request)
        if request.path == "/broken":
            raise RuntimeError("on purpose")
        if request.path == "/late":
            self.late.append(reply)
            return
        self.taken.append(reply(Response(200, request.body or request.path.encode())))

    def release(self) -> None:
        for reply in self.late:
            self.loop.call_soon_threadsafe(lambda reply=reply: self.taken.append(reply(Response(200, b"late"))))


@contextmanager
def running(limits: HttpLimits = LIMITS) -> Iterator[tuple[int, Echo, HttpServer, OwnLoop]]:
    own = OwnLoop("test-http")
    app = Echo(own.loop)
    server = HttpServer(app, names=("a",), limits=limits)
    port = own.wait(server.listen(0), WAIT_S)
    try:
        yield port, app, server, own
    finally:
        own.wait(server.close(0.5), WAIT_S)
        own.stop()


@pytest.fixture
def echo() -> Iterator[tuple[int, Echo]]:
    with running() as (port, app, _, _):
        yield port, app


@pytest.fixture
def patient() -> Iterator[tuple[int, Echo]]:
    """One whose connections wait for a test that takes its time between two requests."""
    with running(PATIENT) as (port, app, _, _):
        yield port, app


def until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"within {WAIT_S:g} s, this did not happen: {what}"
        time.sleep(0.005)


def received(port: int, data: bytes) -> bytes:
    """Everything that the server sends until it closes."""
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as connection:
        connection.sendall(data)
        got = b""
        while chunk := connection.recv(65_536):
            got += chunk
        return got


def test_pipelined_requests_are_answered_in_order(echo: tuple[int, Echo]) -> None:
    port, _ = echo
    requests = b"".join(post("/", f"body {number}".encode()) for number in range(40))

    got = received(port, requests + b"GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")

    bodies = [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [f"body {number}".encode() for number in range(40)] + [b"/last"]


def test_request_in_single_bytes_is_read_whole(echo: tuple[int, Echo]) -> None:
    port, _ = echo
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for byte in post("/", b"slow but whole"):
            connection.sendall(bytes([byte]))
        assert b"slow but whole" in connection.recv(4_096)


def test_chunked_body_is_read_whole(echo: tuple[int, Echo]) -> None:
    port, _ = echo
    request = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    assert body_of(exchange(port, request)) == b"abcde"


def test_client_that_expects_to_be_asked_is_told_to_go_on(patient: tuple[int, Echo]) -> None:
    port, _ = patient
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"ok")
        assert connection.recv(1_000).endswith(b"ok")


def test_head_gets_the_length_and_no_body(echo: tuple[int, Echo]) -> None:
    port, _ = echo

    got = received(port, b"HEAD /four HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")

    assert b"content-length: 5\r\n" in got
    assert got.endswith(b"\r\n\r\n")


def test_old_client_is_answered_and_the_connection_closed(echo: tuple[int, Echo]) -> None:
    port, _ = echo

    assert received(port, b"GET /x HTTP/1.0\r\n\r\n").endswith(b"/x")


def test_app_that_raises_is_a_500_and_the_connection_stays(
    patient: tuple[int, Echo], caplog: pytest.LogCaptureFixture
) -> None:
    port, _ = patient
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /broken HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 500 ")
        connection.sendall(b"GET /well HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(1_000).endswith(b"/well")
    assert "on purpose" in caplog.text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="no HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\n" + b"x: y\r\n" * 10_000, 431, id="endless headers"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 10_000, 431, id="endless header"),
        pytest.param(b"GET /" + b"y" * 10_000, 431, id="endless path"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: y\r\n" % n for n in range(150)) + b"\r\n", 431, id="too many headers"
        ),
        pytest.param(post("/", b"x" * 10_001), 413, id="too large"),
        pytest.param(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999\r\n\r\n", 413, id="announced too large"),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 0x1000 + b"\r\n1000\r\n"
            + b"x" * 0x1000 + b"\r\n1000\r\n" + b"x" * 0x1000 + b"\r\n",
            413,
            id="chunks too large",
        ),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 5_000 + b"\r\n\r\n", 431, id="one large header, whole"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\n" + b"x: %b\r\n" % (b"y" * 900) * 5 + b"\r\n", 431, id="five headers, whole"),
        pytest.param(b"GET /%b HTTP/1.1\r\nhost: a\r\n\r\n" % (b"y" * 5_000), 431, id="large path, whole"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400, id="two hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400, id="two equal hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nhost: a\r\norigin: a\r\norigin: b\r\n\r\n", 400, id="two origins"),
        pytest.param(
            b"GET / HTTP/1.1\r\nhost: a\r\nauthorization: a\r\nauthorization: b\r\n\r\n", 400, id="two tokens"
        ),
        pytest.param(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-type: a\r\ncontent-type: b\r\n\r\n", 400, id="two types"),
        pytest.param(b"GET /\r\n\r\n", 400, id="HTTP/0.9"),
        pytest.param(b"GET / HTTP/2.0\r\nhost: a\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(CHUNKED + b"0\r\n" + b"x: y\r\n" * 150 + b"\r\n", 431, id="too many trailers"),
        pytest.param(CHUNKED + b"0\r\nx: " + b"y" * 5_000 + b"\r\n\r\n", 431, id="large trailer"),
        pytest.param(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", 400, id="negative length"),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400, id="two lengths"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="smuggled"
        ),
    ],
)  # fmt: skip
def test_request_that_cannot_be_read_is_refused_with_a_length(data: bytes, status: int, echo: tuple[int, Echo]) -> None:
    port, _ = echo
    got = received(port, data)

    assert status_of(got) == status
    assert b"content-length: " in got
    assert status_of(exchange(port, b"GET /after HTTP/1.1\r\nhost: a\r\n\r\n")) == 200


@pytest.mark.parametrize("endless", [b"0\r\nx: ", b"0\r\n", b"1;x="], ids=["trailer", "trailers", "chunk extension"])
def test_framing_that_does_not_end_is_refused(endless: bytes, echo: tuple[int, Echo]) -> None:
    port, app = echo
    more = b"x: y\r\n" * 100 if endless == b"0\r\n" else b"y" * 1_000
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as connection:
        connection.sendall(CHUNKED + endless)
        with suppress(OSError):
            for _ in range(100):
                connection.sendall(more)
                time.sleep(0.001)  # so that it comes in pieces
        with suppress(ConnectionResetError):
            assert connection.recv(4_096).startswith(b"HTTP/1.1 431 ")

    assert not app.seen


def test_trailers_do_not_replace_headers(echo: tuple[int, Echo]) -> None:
    port, app = echo
    status = status_of(exchange(port, CHUNKED + b"0\r\nhost: evil.example\r\nx: y\r\n\r\n"))

    assert status == 200
    assert app.seen[0].headers[b"host"] == b"a"
    assert b"x" not in app.seen[0].headers


def test_many_small_chunks_are_read(echo: tuple[int, Echo]) -> None:
    port, _ = echo
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as connection:
        connection.sendall(CHUNKED)
        for _ in range(50):
            connection.sendall(b"1\r\nx\r\n" * 100)
        connection.sendall(b"0\r\n\r\n")
        assert b"abc" + b"x" * 3_000 in connection.recv(65_536)


def test_offer_of_another_protocol_is_passed_over(echo: tuple[int, Echo]) -> None:
    port, _ = echo

    got = received(port, b"GET /x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\x00\x01")

    assert got.count(b"HTTP/1.1") == 1
    assert got.endswith(b"/x")


def test_answer_under_way_is_sent_before_a_broken_request_closes(patient: tuple[int, Echo]) -> None:
    port, app = patient
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as connection:
        connection.sendall(b"GET /late HTTP/1.1\r\nhost: a\r\n\r\n" + b"\x00\x00broken")
        until(lambda: app.late, "the request arrived")
        app.release()

        assert connection.recv(4_096).endswith(b"late")


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nhost:", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 50\r\n\r\nabc"]
)
def test_request_that_stands_still_is_given_up(data: bytes, echo: tuple[int, Echo]) -> None:
    assert status_of(received(echo[0], data)) == 408


def test_unused_connection_is_closed(echo: tuple[int, Echo]) -> None:
    assert received(echo[0], b"") == b""


def test_connections_beyond_the_limit_are_refused(patient: tuple[int, Echo]) -> None:
    port, _ = patient
    limits = LIMITS.connections
    opened = [socket.create_connection(("127.0.0.1", port), WAIT_S) for _ in range(limits)]
    for connection in opened:
        connection.sendall(b"GET /late HTTP/1.1\r\nhost: a\r\n\r\n")
    until(lambda: len(patient[1].late) == limits, "all connections are in use")

    assert received(port, b"").startswith(b"HTTP/1.1 503 ")
    for connection in opened:
        connection.close()


def test_app_is_told_that_its_client_is_gone(patient: tuple[int, Echo]) -> None:
    port, app = patient
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /late HTTP/1.1\r\nhost: a\r\n\r\n")
        until(lambda: app.late, "the request arrived")
    with running() as _:
        pass  # the loss of a connection takes a moment to arrive
    app.release()
    until(lambda: app.taken, "the reply was given")

    assert app.taken == [False]


def test_closing_answers_what_is_under_way_and_takes_nothing_new() -> None:
    with running(PATIENT) as (port, app, server, own):
        answers: list[bytes] = []
        client = threading.Thread(
            target=lambda: answers.append(received(port, b"GET /late HTTP/1.1\r\nhost: a\r\n\r\n"))
        )
        client.start()
        until(lambda: app.late, "the request arrived")
        closing = threading.Thread(target=lambda: own.wait(server.close(WAIT_S), WAIT_S))
        closing.start()
        until(lambda: _is_refused(port), "nothing new is taken")
        app.release()
        client.join(WAIT_S)
        closing.join(WAIT_S)

        assert answers[0].endswith(b"late")
        assert b"connection: close" in answers[0]


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    ("offered", "is_taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("deflate, x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
    ],
)
def test_large_answer_is_compressed_for_whom_that_is_offered_by(
    echo: tuple[int, Echo], offered: str, is_taken: bool
) -> None:
    port, _ = echo
    body = b"the same again, " * 100

    answer = exchange(port, post("/", body, headers=f"accept-encoding: {offered}\r\n"))

    head = answer.partition(b"\r\n\r\n")[0]
    assert (b"content-encoding: gzip" in head) == is_taken
    assert (gzip.decompress(body_of(answer)) if is_taken else body_of(answer)) == body


def test_small_answer_is_sent_as_it_is(echo: tuple[int, Echo]) -> None:
    port, _ = echo

    answer = exchange(port, post("/", b"small", headers="accept-encoding: gzip\r\n"))

    assert (b"content-encoding" in answer, body_of(answer)) == (False, b"small")
