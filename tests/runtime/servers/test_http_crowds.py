"""Clients that connect and are slow, or say nothing, keep nobody else out; by a clock that a test sets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from runtime.servers.http.messages import HttpLimits
from runtime.servers.http.server import HttpConnection, HttpServer
from runtime.testing.raw_host import exchange, status_of
from tests.runtime.servers.http.test_heads import Seen, Wire
from tests.runtime.servers.http.test_server import running

REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
BEGUN = b"GET / HTTP/1.1\r\nhost: loc"
LIMITS = HttpLimits(connections=100, connections_per_peer=60, head_s=10.0, receive_s=30.0, idle_s=75.0)


class Late(Seen):
    """Keeps what it is asked."""

    def handle(self, request: object, reply: object) -> None:
        self.requests.append(request)  # type: ignore[arg-type]


class Line(Wire):
    """A connection of an address."""

    def __init__(self, peer: str) -> None:
        super().__init__()
        self._extra = {"peername": (peer, 1)}


class Crowd:
    """A server, and connections to it, at a time that a test sets."""

    def __init__(self, loop: asyncio.AbstractEventLoop, app: Seen, limits: HttpLimits = LIMITS) -> None:
        self.now = 1_000.0
        self.server = HttpServer(app, limits=limits, clock=lambda: self.now)
        self.server.loop = loop

    def connect(self, peer: str = "10.0.0.1", say: bytes = b"") -> Line:
        line = Line(peer)
        connection = HttpConnection(self.server)
        connection.connection_made(line)
        if say and not line.written:
            connection.data_received(say)
        return line

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.server.sweep()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def crowd(loop: asyncio.AbstractEventLoop) -> Crowd:
    return Crowd(loop, Seen())


def is_answered(line: Line) -> bool:
    return bool(line.written) and line.written[0].startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("slow", [b"", BEGUN, REQUEST[:-2]], ids=["silent", "in its head", "head without an end"])
@pytest.mark.parametrize("peer", ["10.0.0.1", "10.0.0.2"], ids=["of the same address", "of another address"])
def test_slow_connections_keep_nobody_out(slow: bytes, peer: str, crowd: Crowd) -> None:
    for _ in range(500):
        crowd.connect("10.0.0.1", slow)

    answered = [crowd.connect(peer, REQUEST) for _ in range(200)]

    assert all(is_answered(line) for line in answered)
    assert crowd.server.connections <= LIMITS.connections


def test_slow_connections_as_many_as_the_default_limit_keep_nobody_out(loop: asyncio.AbstractEventLoop) -> None:
    crowd = Crowd(loop, Seen(), HttpLimits())
    for _ in range(2_048):
        crowd.connect("127.0.0.1", BEGUN)

    assert is_answered(crowd.connect("127.0.0.1", REQUEST))
    assert is_answered(crowd.connect("10.0.0.2", REQUEST))
    assert crowd.server.connections <= HttpLimits().connections_per_peer + 1


def test_connections_in_use_are_not_closed_for_new_ones(loop: asyncio.AbstractEventLoop) -> None:
    crowd = Crowd(loop, Late())
    working = [crowd.connect("10.0.0.1", REQUEST) for _ in range(30)]
    for _ in range(300):
        crowd.connect("10.0.0.1", BEGUN)

    assert not any(line.is_closed for line in working)


def test_new_connection_is_refused_when_all_of_its_address_are_in_use(loop: asyncio.AbstractEventLoop) -> None:
    crowd = Crowd(loop, Late())
    for _ in range(LIMITS.connections_per_peer):
        crowd.connect("10.0.0.1", REQUEST)

    [refusal] = crowd.connect("10.0.0.1").written
    other = crowd.connect("10.0.0.2", REQUEST)

    assert refusal.startswith(b"HTTP/1.1 503 ")
    assert not other.written
    assert len(crowd.server.app.requests) == LIMITS.connections_per_peer + 1  # type: ignore[attr-defined]


def test_connections_that_were_never_used_go_before_those_that_were(crowd: Crowd) -> None:
    kept = [crowd.connect("10.0.0.1", REQUEST) for _ in range(20)]
    silent = []
    for _ in range(80):
        crowd.now += 0.01
        silent.append(crowd.connect("10.0.0.1"))

    assert not any(line.is_closed for line in kept)
    assert [line.is_closed for line in silent] == [True] * 40 + [False] * 40


@pytest.mark.parametrize("slow", [b"", BEGUN])
def test_first_head_has_to_be_there_within_seconds(slow: bytes, crowd: Crowd) -> None:
    line = crowd.connect(say=slow)

    crowd.pass_time(9.9)
    assert not line.is_closed
    crowd.pass_time(0.2)
    assert line.is_closed
    assert not slow or line.written[0].startswith(b"HTTP/1.1 408 ")


def test_head_in_single_bytes_gets_no_more_time(crowd: Crowd) -> None:
    line = Line("10.0.0.1")
    connection = HttpConnection(crowd.server)
    connection.connection_made(line)
    for byte in BEGUN:
        connection.data_received(bytes([byte]))
        crowd.pass_time(0.5)

    assert line.is_closed


def test_used_connection_may_be_idle_for_longer(crowd: Crowd) -> None:
    line = crowd.connect(say=REQUEST)

    crowd.pass_time(74.0)
    assert not line.is_closed
    crowd.pass_time(2.0)
    assert line.is_closed


def test_gone_connections_count_no_more(crowd: Crowd) -> None:
    for _ in range(1_000):
        line = Line("10.0.0.1")
        connection = HttpConnection(crowd.server)
        connection.connection_made(line)
        connection.connection_lost(None)
        connection.connection_lost(None)

    assert crowd.server.connections == 0
    assert not crowd.server._by_peer


def test_real_silent_connections_are_closed_for_a_real_request() -> None:
    with running(HttpLimits(connections=20, connections_per_peer=10)) as (port, _, _, _):
        silent = [socket.create_connection(("127.0.0.1", port), 5.0) for _ in range(60)]
        answer = exchange(port, b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n")
        for connection in silent:
            connection.close()

    assert status_of(answer) == 200
