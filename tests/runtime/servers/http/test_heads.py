"""A head that came before is read from memory: it must make no difference to what arrives, however it is cut up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import SpawnError
from runtime.servers.http.messages import Access, HttpLimits, Reply, Request, Response
from runtime.servers.http.server import HttpConnection, HttpServer
from runtime.testing.raw_host import post
from runtime.wire.http_client import AddressPool, Answer, ClientConnection, ClientLimits, Ended, Exchange, NoAnswer


class Wire(asyncio.Transport):
    """A connection that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_closed

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Seen:
    """An app that keeps requests, and answers at once."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def access(self, method: str, path: str) -> Access:
        return Access()

    def refused(self, path: str, status: int, error: SpawnError) -> Response:
        return Response(status, str(error).encode())

    def handle(self, request: Request, reply: Reply) -> None:
        self.requests.append(request)
        reply(Response(200, b"ok"))


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def served(loop: asyncio.AbstractEventLoop, *connections: list[bytes]) -> list[tuple[Any, bool]]:
    """What an app sees of these connections, one after the other, and whether each was closed."""
    app = Seen()
    server = HttpServer(app, names=("a",), limits=HttpLimits(head_bytes=300, body_bytes=100))
    server.loop = loop
    found = []
    for pieces in connections:
        app.requests, wire = [], Wire()
        connection = HttpConnection(server)
        connection.connection_made(wire)
        for piece in pieces:
            connection.data_received(piece)
        while wire.written and connection._waiting:
            connection._next()
        found.append(([*app.requests], wire.is_closed))
    return found


MESSAGES = (
    post("/a", b"one"),
    post("/a", b"two"),
    post("/a?x=1", b""),
    post("/a", b"x" * 101),
    b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /old HTTP/1.0\r\n\r\n",
    b"POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /e HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nok",
    b"POST /u HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: other\r\ncontent-length: 2\r\n\r\nok",
    b"POST /b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
    b"\r\n",
    b"nonsense\r\n\r\n",
    b"POST /two HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=5), st.lists(st.integers(0, 400), max_size=4))
def test_known_heads_change_nothing_that_an_app_sees(messages: list[bytes], cuts: list[int]) -> None:
    loop = asyncio.new_event_loop()
    stream = b"".join(messages)
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    pieces = [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    earlier = [[message] for message in MESSAGES]

    fresh, after_all = served(loop, pieces)[-1], served(loop, *earlier, pieces)[-1]

    loop.close()
    assert after_all == fresh


@pytest.mark.parametrize("message", [MESSAGES[0], MESSAGES[4], MESSAGES[5], MESSAGES[9]])
def test_request_is_the_same_when_its_head_is_known(message: bytes, loop: asyncio.AbstractEventLoop) -> None:
    first, second = served(loop, [message], [message])

    assert second == first


# -- the client --------------------------------------------------------------------------------------------------------


class Asked:
    """A client connection in use, and how its exchanges ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, **limits: Any) -> None:
        self.pool = AddressPool(loop, "127.0.0.1", 1, limits=ClientLimits(**limits))
        self.wire, self.ended = Wire(), list[Ended]()
        self.connection = ClientConnection(self.pool)
        self.connection.connection_made(self.wire)

    def ask(self, then: Callable[[Ended], None] | None = None) -> None:
        self.pool._busy.add(self.connection)
        self.connection.send(Exchange(b"GET / HTTP/1.1\r\n\r\n", then or self.ended.append, 5.0))

    def hear(self, *pieces: bytes) -> Ended:
        self.ask()
        for piece in pieces:
            self.connection.data_received(piece)
        return self.ended[-1]


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx-spawn-code: c\r\n\r\n"


def test_answer_is_the_same_when_its_head_is_known(loop: asyncio.AbstractEventLoop) -> None:
    asked = Asked(loop)

    first, second = asked.hear(OK + b"abc"), asked.hear(OK + b"abc")

    assert first == second == Answer(200, "", b"abc", {"x-spawn-code": "c"})


def test_answer_in_pieces_is_read_when_its_head_is_known(loop: asyncio.AbstractEventLoop) -> None:
    asked = Asked(loop)
    asked.hear(OK + b"abc")

    assert asked.hear(OK, b"x", b"yz") == Answer(200, "", b"xyz", {"x-spawn-code": "c"})
    assert asked.hear(OK + b"new") == Answer(200, "", b"new", {"x-spawn-code": "c"})


def test_interim_answer_is_no_answer_when_heads_are_known(loop: asyncio.AbstractEventLoop) -> None:
    asked = Asked(loop)
    asked.hear(OK + b"abc")

    answer = asked.hear(b"HTTP/1.1 102 Processing\r\n\r\n", OK + b"end")

    assert isinstance(answer, Answer)
    assert answer.body == b"end"


def test_second_answer_to_one_request_is_nobodys(loop: asyncio.AbstractEventLoop) -> None:
    asked = Asked(loop)
    first = asked.hear(OK + b"one" + OK + b"two")

    assert isinstance(first, Answer)
    assert first.body == b"one"
    assert asked.wire.is_closed
    assert len(asked.ended) == 1


@pytest.mark.parametrize("rest", [b"x", b"\x00", OK, OK[:10], OK + b"two"])
def test_connection_is_not_used_again_after_more_than_was_asked(rest: bytes, loop: asyncio.AbstractEventLoop) -> None:
    asked = Asked(loop)
    asked.hear(OK + b"one")

    answer = asked.hear(OK + b"end" + rest)

    assert isinstance(answer, Answer)
    assert answer.body == b"end"
    assert asked.wire.is_closed


def test_connection_that_a_host_closes_is_closed_when_its_head_is_known(loop: asyncio.AbstractEventLoop) -> None:
    closing = OK.replace(b"\r\nx-", b"\r\nconnection: close\r\nx-") + b"end"
    asked = Asked(loop)
    first = asked.hear(closing)
    again = Asked(loop)
    again.pool.known_heads = asked.pool.known_heads

    assert again.hear(closing) == first
    assert again.wire.is_closed


def test_too_long_answer_is_refused_again(loop: asyncio.AbstractEventLoop) -> None:
    asked = Asked(loop, answer_bytes=2)

    assert isinstance(asked.hear(OK + b"abc"), NoAnswer)
