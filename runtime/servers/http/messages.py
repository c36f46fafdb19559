"""Requests and responses of the HTTP server, and what it bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import msgspec

from runtime.errors import SpawnError
from runtime.security.crypto import Role

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
    role: Role | None = None
    """What the client may do; None for those who may only ask whether the process lives."""


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """What a request says before its body; requests with the same head share it."""

    method: str
    path: str
    query: str
    headers: Mapping[bytes, bytes]
    keep_alive: bool
    """The connection stays open after the answer."""
    takes_gzip: bool = False
    """The client offers to read a compressed answer."""
    role: Role | None = None
    """See `Request.role`."""
    refusal: Response | None = None
    """The answer, where the guard does not let it pass."""


class Response(msgspec.Struct, frozen=True, gc=False):
    """One answer."""

    status: int
    body: bytes = b""
    content_type: bytes = OCTETS
    headers: tuple[tuple[str, str], ...] = ()
    gzip_bytes: int = 1_024
    """A body of so many bytes or more is compressed for a client that offers to read that."""


Reply = Callable[[Response], bool]
"""Sends the answer; False when the client is gone."""


class Access(msgspec.Struct, frozen=True, gc=False):
    """What a request must be, to be served at a path."""

    role: Role | None = Role.ACT
    """What its sender must be allowed to do; None for what everybody may know."""
    bodies: frozenset[bytes] = frozenset()
    """Content types that its body may have; empty for any."""


class App(Protocol):
    """What a server serves, behind the guard that every server has."""

    def access(self, method: str, path: str) -> Access:
        """What a request there must be.  Called once for each different head."""
        ...

    def refused(self, path: str, status: int, error: SpawnError) -> Response:
        """How clients of that path are told that the guard does not let them pass."""
        ...

    def handle(self, request: Request, reply: Reply) -> None:
        """Called on the server's loop, which it must not block; `reply` is called once, on that loop, now or later.

        Only requests arrive that the guard has let pass.  The client may be gone at the end: the reply is dropped, and says so.
        """
        ...


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may take."""

    head_bytes: int = 64 * 1024
    """Of a head, and of all that is not body in what follows it: chunks' sizes and extensions, trailers."""
    body_bytes: int = 65 * 1024 * 1024
    """The largest value is 64 MiB."""
    connections: int = 2_048
    """Of all clients, if that many files may be open; beyond, the ones that wait longest are closed for new ones."""
    connections_per_peer: int = 1_024
    """Of one address, likewise."""
    head_s: float = 10.0
    """The head of a connection's first request has to be there after this long, and that of a later one once it has begun."""
    receive_s: float = 30.0
    """A body that has begun may stand still this long."""
    idle_s: float = 75.0
    """A connection may be unused this long."""
    requests_per_second: int = 100_000
    """Requests of all clients that are taken in a second; more are refused."""


class RequestError(Exception):
    """A request is over a limit, or cannot be read; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
