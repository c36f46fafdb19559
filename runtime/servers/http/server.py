"""A small HTTP/1.1 server for one app: bounded in sizes, connections and time; drains before it closes."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import cast

import httptools

from runtime.security.crypto import Role
from runtime.servers.http.guard import SINGLE, HttpGuard
from runtime.servers.http.messages import (
    PLAIN_TEXT,
    STATUS_LINES,
    App,
    HttpLimits,
    Request,
    RequestError,
    RequestHead,
    Response,
)
from runtime.servers.http.peer_user import LoopbackUsers
from runtime.servers.security import LOOPBACK, Security, certified_role, is_loopback, tls_context
from runtime.wire.http_client import KnownHeads

_SWEEP_S = 1.0
_PATIENCE = 20


class HttpServer:
    """Belongs to one loop: everything is called there.  Requests reach the app through a guard, which no server is without."""

    def __init__(
        self,
        app: App,
        *,
        bind: str = LOOPBACK,
        security: Security | None = None,
        names: Iterable[str] = (),
        limits: HttpLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing listens yet.

        Args:
            bind: the address to listen on.
            security: who has a token or certificate, and ours for TLS; None for every process of this user on this machine, and
                those of the users that `SPAWN_LOOPBACK_USERS` names.
            names: further names by which processes of this machine may call a listener on loopback.
            clock: seconds, by which connections are found that take too long.

        Raises:
            BadSetting: `SPAWN_LOOPBACK_USERS` names a user that this machine does not have.
        """
        self.app = app
        self.limits, self.clock = limits or HttpLimits(), clock
        self._most = min(self.limits.connections, _files() // 2)
        self.bind, self.security = bind, security
        self.guard = HttpGuard(bind, security, names)
        self.users = LoopbackUsers() if security is None and is_loopback(bind) else None
        """Who may connect where no token is asked for; None where one is."""
        self.loop: asyncio.AbstractEventLoop
        self.is_draining = False
        self._heads: dict[tuple[int, bytes, bool], bytes] = {}
        """Beginnings of answers with the present date."""
        self.handle = app.handle
        self.known_heads = KnownHeads[RequestHead]()
        self._connections: set[HttpConnection] = set()
        self._by_peer = Counter[str]()
        self._listeners: list[asyncio.Server] = []
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_empty = asyncio.Event()

    async def listen(self, port: int) -> int:
        """Take connections there; the port, which is a free one for 0.

        Raises:
            OSError: the address cannot be listened on.
        """
        self.loop = asyncio.get_running_loop()
        tls = tls_context(self.security) if self.security is not None else None
        listener = await self.loop.create_server(
            lambda: HttpConnection(self),
            self.bind,
            port,
            ssl=tls,
            backlog=512,
            ssl_handshake_timeout=self.limits.head_s if tls is not None else None,
        )
        self._listeners.append(listener)
        if self.users is not None:
            self.users.open()
        if self._sweeping is None:
            self._sweep_again()
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    def admit(self, connection: HttpConnection) -> bool:
        """Take note of a new connection; False when there are too many, and all are in use.

        Others are closed for it: first those that never sent a whole request, the oldest first.  So one client that opens
        many and says nothing keeps no one out, whatever its address.
        """
        self._connections.add(connection)
        self._by_peer[connection.peer] += 1
        if self._by_peer[connection.peer] > self.limits.connections_per_peer:
            return self._make_room(connection, connection.peer)
        if len(self._connections) > self._most:
            [(crowd, _)] = self._by_peer.most_common(1)
            return self._make_room(connection, crowd) or self._make_room(connection, None)
        return True

    def _make_room(self, new: HttpConnection, peer: str | None) -> bool:
        """Close one connection of that address, or of any; False where all are in use."""
        others = (
            each
            for each in self._connections
            if each is not new and each.is_dispensable and (peer is None or each.peer == peer)
        )
        found = min(others, key=lambda each: (each.has_been_used, each.began_at), default=None)
        if found is None:
            return False
        self.dismiss(found)  # at once: the loss of its connection arrives later, and others may come before
        found.close()
        return True

    def dismiss(self, connection: HttpConnection) -> None:
        """A connection is gone; safe to call twice."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._by_peer[connection.peer] -= 1
            if not self._by_peer[connection.peer]:
                del self._by_peer[connection.peer]
        if not self._connections:
            self._is_empty.set()

    def drain(self) -> None:
        """Answer what is under way, close connections after that; new ones are still taken, for health checks."""
        self.is_draining = True

    async def close(self, timeout_s: float = 10.0) -> None:
        """Take no more connections, wait for answers under way, close."""
        self.drain()
        for listener in self._listeners:
            listener.close()
        for connection in [each for each in self._connections if each.is_idle]:
            connection.close()
        if self._connections:
            self._is_empty.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), timeout_s)
        for connection in list(self._connections):
            connection.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self.users is not None:
            self.users.close()

    def head_of(self, response: Response, is_last: bool) -> bytes:
        """An answer's head, without its length and what it adds.  `is_last` says that the connection is closed then."""
        key = response.status, response.content_type, is_last
        head = self._heads.get(key)
        if head is None:
            head = self._heads[key] = b"%bcontent-type: %b\r\ndate: %b\r\nconnection: %b\r\n" % (
                STATUS_LINES[HTTPStatus(response.status)],
                response.content_type,
                formatdate(usegmt=True).encode(),
                b"close" if is_last else b"keep-alive",
            )
        return head

    @property
    def connections(self) -> int:
        return len(self._connections)

    def _sweep_again(self) -> None:
        self._heads.clear()
        self.sweep()
        self._sweeping = self.loop.call_later(_SWEEP_S, self._sweep_again)

    def sweep(self) -> None:
        """Close the connections that take too long; it is called once a second."""
        now, limits = self.clock(), self.limits
        for connection in list(self._connections):
            patience_s = limits.idle_s if connection.has_been_used else limits.head_s
            if connection.is_receiving and self._is_overdue(connection, now):
                connection.fail(RequestError(408, "The rest of the request did not come."))
            elif connection.is_idle and now - connection.active_at > patience_s:
                connection.close()

    def _is_overdue(self, connection: HttpConnection, now: float) -> bool:
        """The head takes too long, the body stands still, or both together take far too long."""
        began_s, limit_s = now - connection.began_at, self.limits.receive_s
        if connection.is_reading_head:
            return began_s > self.limits.head_s
        return now - connection.active_at > limit_s or began_s > limit_s * _PATIENCE


def _files() -> int:
    """How many files this process may have open; connections must leave some to everything else."""
    try:
        import resource
    except ImportError:  # where there is none, there is no such limit
        return 1 << 20
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if most == resource.RLIM_INFINITY else most


# --- One client's connection: requests in, answers out, in order ------------------------------------------------------
# A plain `asyncio.Protocol` over httptools: it serves two to three times as many small requests as an ASGI server, and
# a proxy stands in the way of every message.

_MOST_HEADERS = 100
_VERSIONS = ("1.0", "1.1")
_FRAMING = 16
"""Bytes of framing for each byte of a body that comes in chunks; the smallest honest chunk has six."""
_MOST_WAITING = 16
_LINGER_S = 1.0
_LARGEST_GZIP = 1_048_576
"""Compressing more would hold up everybody else on the loop for too long."""
_log = logging.getLogger("runtime.servers")


class HttpConnection(asyncio.Protocol):
    """Belongs to the server's loop."""

    __slots__ = (
        "_body",
        "_certified",
        "_framing",
        "_head",
        "_head_bytes",
        "_head_size",
        "_headers",
        "_is_answering",
        "_is_blocked",
        "_is_deaf",
        "_is_ending",
        "_is_head",
        "_keep_alive",
        "_parser",
        "_read",
        "_server",
        "_size",
        "_takes_gzip",
        "_trailers",
        "_transport",
        "_url",
        "_waiting",
        "active_at",
        "began_at",
        "has_been_used",
        "is_reading_head",
        "is_receiving",
        "peer",
    )

    _transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._read: list[tuple[RequestHead, int]] = []
        """What the parser has read of the last bytes whose head may be known from then on; with the length of the body."""
        self._parser = httptools.HttpRequestParser(self)
        self.peer = ""
        self._waiting: deque[tuple[Request, RequestHead, bool]] = deque()
        """Pipelined requests, with whether the connection stays open after them."""
        self._certified: Role | None = None
        self._head: RequestHead
        """Of the request that is being received, once it is read."""
        self._is_answering = self._is_blocked = self._is_ending = self._is_head = False
        self._is_deaf = False
        """What still arrives is not looked at."""
        self._keep_alive = True
        self._takes_gzip = False
        self.active_at = self.began_at = server.clock()
        self.has_been_used = False
        """A whole request has come."""
        self.is_receiving = False
        self.is_reading_head = False
        self._head_bytes = self._head_size = self._size = self._framing = self._trailers = 0
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    # -- the transport -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")
        self.peer = address[0] if isinstance(address, tuple) else ""
        if (certificate := transport.get_extra_info("peercert")) is not None:
            self._certified = certified_role(name for _, name in certificate.get("subjectAltName", ()))
        if not self._server.admit(self):
            self.fail(RequestError(503, "Too many connections, and all of them are in use."))
        elif (users := self._server.users) is not None and (
            why := users.refusal(transport.get_extra_info("sockname"), address)
        ):
            self.fail(RequestError(403, why))

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_ending = True
        self._waiting.clear()
        self._server.dismiss(self)

    def pause_writing(self) -> None:
        self._is_blocked = True

    def resume_writing(self) -> None:
        self._is_blocked = False
        self._next()

    def data_received(self, data: bytes) -> None:
        if self._is_ending or self._is_deaf:
            return
        self.active_at = self._server.clock()
        if self.is_receiving:
            self._parse(data)
        elif self._certified is not Role.LOOK and (known := self._server.known_heads.read(data)) is not None:
            self._head_bytes = 0
            self._take(*known)
        else:
            self._parse_first(data)

    def _parse_first(self, data: bytes) -> None:
        """Parse what begins with a request; it may be that request and nothing else."""
        self._read.clear()
        self._parse(data)
        # What is remembered was judged for a client that may act, or has a token.
        if len(self._read) == 1 and not self.is_receiving and not self._is_deaf and self._certified is not Role.LOOK:
            head, length = self._read[0]
            self._server.known_heads.remember(data, length, head)

    def _parse(self, data: bytes) -> None:
        if self.is_reading_head or not self.is_receiving:
            self._head_bytes += len(data)
        head, size = self._head if self.is_receiving and not self.is_reading_head else None, self._size
        try:
            self._parser.feed_data(data)
            if head is not None and self.is_receiving and self._head is head:  # all of it belongs to that request
                self._check_framing(len(data) - (self._size - size))
            if self.is_reading_head and self._head_bytes > self._server.limits.head_bytes:
                raise RequestError(431, "The request's head is too large.")
        except httptools.HttpParserUpgrade:
            self._is_deaf = True  # the request is answered as it is; what follows it would be of another protocol
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.fail(
                cause if isinstance(cause, RequestError) else RequestError(400, f"This is no HTTP request: {error}")
            )
        except RequestError as error:
            self.fail(error)

    def _check_framing(self, more: int) -> None:
        """What comes after the head and is no body: the parser keeps a trailer that does not end, however long."""
        self._framing += more
        if self._framing > self._server.limits.head_bytes + _FRAMING * self._size:
            raise RequestError(431, "The request's trailers or chunk extensions are too large.")

    # -- the parser ----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.is_receiving = self.is_reading_head = True
        self.began_at = self.active_at
        self._url, self._headers, self._body, self._size = b"", {}, [], 0
        self._head_size = self._framing = self._trailers = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._check_head(len(url))

    def _check_head(self, more: int) -> None:
        self._head_size += more
        if self._head_size > self._server.limits.head_bytes:
            raise RequestError(431, "The request's head is too large.")

    def on_header(self, name: bytes, value: bytes) -> None:
        headers = self._headers
        self._check_head(len(name) + len(value) + 4)
        if not self.is_reading_head:  # a trailer, which must not pass for a header that the guard has seen
            self._trailers += 1
            if self._trailers > _MOST_HEADERS:
                raise RequestError(431, "The request has too many trailers.")
            return
        if len(headers) >= _MOST_HEADERS:
            raise RequestError(431, "The request has too many headers.")
        name = name.lower()
        if name in SINGLE and name in headers:
            raise RequestError(400, f"The request has two headers {name.decode()}, which may differ.")
        headers[name] = value

    def on_headers_complete(self) -> None:
        self.is_reading_head = False
        self._head_bytes = 0
        if self._parser.get_http_version() not in _VERSIONS:
            raise RequestError(400, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        length = self._headers.get(b"content-length", b"0")
        self._check_size(int(length) if length.isdigit() else 0)
        self._head = self._judged()
        if self._headers.get(b"expect", b"").lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        self._check_size(self._size)
        if self._head.refusal is None:  # of strangers nothing is kept
            self._body.append(body)

    def _check_size(self, size: int) -> None:
        most = self._server.limits.body_bytes
        if size > most:
            raise RequestError(413, f"The request's body is {size:,} bytes or more; at most {most:,} are taken.")

    def _judged(self) -> RequestHead:
        """The head that was read, with what the guard says to it."""
        server, headers = self._server, self._headers
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        role = server.guard.role(headers, self._certified)
        refused = server.guard.refusal(method, headers, server.app.access(method, path), role)
        keep_alive = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        refusal = server.app.refused(path, *refused) if refused is not None else None
        takes_gzip = _takes_gzip(headers.get(b"accept-encoding", b""))
        return RequestHead(method, path, query, headers, keep_alive, takes_gzip, role, refusal)

    def on_message_complete(self) -> None:
        self.is_receiving = False
        head = self._head
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        if len(self._read) < 2 and b"transfer-encoding" not in self._headers and b"expect" not in self._headers:
            self._read.append((head, self._size))
        self._take(head, body)

    def _take(self, head: RequestHead, body: bytes) -> None:
        self.has_been_used = True
        request = Request(head.method, head.path, head.query, head.headers, body, self.peer, head.role)
        if self._is_answering or self._is_blocked or self._waiting:
            self._waiting.append((request, head, head.keep_alive))
            if len(self._waiting) >= _MOST_WAITING:
                self._transport.pause_reading()
            return
        self._answer(request, head, head.keep_alive)

    # -- answers -------------------------------------------------------------------------------------------------------

    def _answer(self, request: Request, head: RequestHead, keep_alive: bool) -> None:
        self._is_answering, self._keep_alive, self._is_head = True, keep_alive, request.method == "HEAD"
        self._takes_gzip = head.takes_gzip
        if head.refusal is not None:
            self._reply(head.refusal)
            return
        try:
            self._server.handle(request, self._reply)
        except Exception:  # noqa: BLE001 - whatever an app does wrong, its client gets an answer
            _log.exception("%s %s failed", request.method, request.path)
            self._reply(Response(500, b"Internal error.\n", PLAIN_TEXT))

    def _reply(self, response: Response) -> bool:
        if not self._is_answering or self._is_ending:
            return False
        self._is_answering = False
        is_last = not self._keep_alive or self._server.is_draining
        self._write(response, is_last=is_last)
        if is_last:
            self._linger() if self._is_deaf else self._end()
        elif self._waiting:
            self._server.loop.call_soon(self._next)
        return True

    def _write(self, response: Response, *, is_last: bool) -> None:
        body = response.body
        head = self._server.head_of(response, is_last)
        if self._takes_gzip and response.gzip_bytes <= len(body) <= _LARGEST_GZIP:
            body = gzip.compress(body, 1, mtime=0)
            head += b"content-encoding: gzip\r\nvary: accept-encoding\r\n"
        if response.headers:
            head += "".join(f"{name}: {value}\r\n" for name, value in response.headers).encode()
        if self._is_head:
            self._transport.write(b"%bcontent-length: %d\r\n\r\n" % (head, len(body)))
        else:
            self._transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))

    def _next(self) -> None:
        if not self._waiting or self._is_answering or self._is_blocked or self._is_ending:
            return
        request, head, keep_alive = self._waiting.popleft()
        if not self._waiting:
            self._transport.resume_reading()
        self._answer(request, head, keep_alive)

    def fail(self, error: RequestError) -> None:
        """Answer what cannot be read, and close: where the next request begins is not known any more."""
        if self._is_ending or self._is_deaf:
            return
        self._is_deaf, self.is_receiving = True, False
        if self._waiting:
            self._waiting.append((*self._waiting.pop()[:2], False))
        elif self._is_answering:
            self._keep_alive = False
        else:
            self._write(Response(error.status, f"{error}\n".encode(), PLAIN_TEXT), is_last=True)
            self._linger()

    def _linger(self) -> None:
        """Close so that a client that is still sending gets to read the answer."""
        if not self._transport.can_write_eof():
            self._end()
            return
        self._transport.write_eof()
        self._server.loop.call_later(_LINGER_S, self._transport.close)

    def _end(self) -> None:
        self._is_ending = True
        self._transport.close()

    @property
    def is_dispensable(self) -> bool:
        """Nothing that it asked for is under way."""
        return not (self._is_answering or self._waiting)

    @property
    def is_idle(self) -> bool:
        """Nothing is being received or answered."""
        return not (self.is_receiving or self._is_answering or self._waiting or self._is_deaf)

    def close(self) -> None:
        """Close now, whatever is going on."""
        self._is_ending = True
        self._transport.abort()


def _takes_gzip(offered: bytes) -> bool:
    """Whether an `Accept-Encoding` names gzip, and not with `q=0` (RFC 9110, 12.5.3)."""
    for each in offered.lower().split(b","):
        name, _, quality = each.partition(b";")
        if name.strip() in (b"gzip", b"x-gzip"):
            return quality.replace(b" ", b"").rstrip(b"0.") != b"q="
    return False
