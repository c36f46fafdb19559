"""Requests and responses of the HTTP server, and what it bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import msgspec

OCTETS = b"application/octet-stream; charset=utf-8"
JSON_TEXT = b"application/json; charset=utf-8"
PLAIN_TEXT = b"text/plain; charset=utf-8"

STATUS_LINES = {status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode() for status in HTTPStatus}


class Request(msgspec.Struct, gc=False):
    """One request, read whole."""

    method: str
    path: str
    """As it was sent, without the query."""
    query: str
    headers: Mapping[bytes, bytes]
    """Names in lower case; of a header that was sent twice, the last."""
    body: bytes
    peer: str
    """The client's address."""


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """What a request says before its body; requests with the same head share it."""

    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    keep_alive: bool
    """The connection stays open after the answer."""


class Response(msgspec.Struct, frozen=True, gc=False):
    """One answer."""

    status: int
    body: bytes = b""
    content_type: bytes = OCTETS
    headers: tuple[tuple[str, str], ...] = ()


Reply = Callable[[Response], bool]
"""Sends the answer; False when the client is gone."""


class App(Protocol):
    """What a server serves."""

    def handle(self, request: Request, reply: Reply) -> None:
        """Called on the server's loop, which it must not block; `reply` is called once, on that loop, now or later.

        The client may be gone by then: the reply is dropped, and says so.
        """
        ...


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may take."""

    head_bytes: int = 64 * 1024
    body_bytes: int = 65 * 1024 * 1024
    """The largest value is 64 MiB."""
    connections: int = 2_048
    receive_s: float = 30.0
    """A request that has begun may stand still this long."""
    idle_s: float = 75.0
    """A connection may be unused this long."""
    requests_per_second: int = 100_000
    """Requests of all clients that are taken in a second; more are refused."""


class TooMuch(Exception):
    """A request is over a limit; the text says which."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
