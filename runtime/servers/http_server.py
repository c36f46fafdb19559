"""A small HTTP/1.1 server for one app: bounded in sizes, connections and time; drains before it closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus

from runtime.servers.http_connection import HttpConnection
from runtime.servers.http_guard import HttpGuard
from runtime.servers.http_messages import (
    STATUS_LINES,
    App,
    HttpLimits,
    Reply,
    Request,
    RequestError,
    RequestHead,
    Response,
)
from runtime.servers.security import LOOPBACK, Security, tls_context
from runtime.wire.http_heads import KnownHeads

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
    ) -> None:
        """Nothing listens yet.

        Args:
            bind: the address to listen on.
            security: who has a token or certificate, and ours for TLS; None for every process of this machine.
            names: further names by which processes of this machine may call a listener on loopback.
        """
        self.app = app
        self.limits = limits or HttpLimits()
        self.bind, self.security = bind, security
        self.guard = HttpGuard(bind, security, names)
        self.loop: asyncio.AbstractEventLoop
        self.is_draining = False
        self._heads: dict[tuple[int, bytes, bool], bytes] = {}
        """Beginnings of answers with the present date."""
        self.handle = app.handle
        self.known_heads = KnownHeads[RequestHead]()
        self._connections: set[HttpConnection] = set()
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
        listener = await self.loop.create_server(lambda: HttpConnection(self), self.bind, port, ssl=tls, backlog=512)
        self._listeners.append(listener)
        if self._sweeping is None:
            self._sweep()
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    def admit(self, connection: HttpConnection) -> bool:
        """Take note of a new connection; False when there are too many."""
        self._connections.add(connection)
        return len(self._connections) <= self.limits.connections

    def dismiss(self, connection: HttpConnection) -> None:
        self._connections.discard(connection)
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

    def _sweep(self) -> None:
        """Once a second: the date of answers, and connections that take too long."""
        now = time.monotonic()
        self._heads.clear()
        for connection in list(self._connections):
            quiet_s = now - connection.active_at
            if connection.is_receiving and self._is_overdue(connection, now):
                connection.fail(RequestError(408, "The rest of the request did not come."))
            elif connection.is_idle and quiet_s > self.limits.idle_s:
                connection.close()
        self._sweeping = self.loop.call_later(_SWEEP_S, self._sweep)

    def _is_overdue(self, connection: HttpConnection, now: float) -> bool:
        """The head takes too long, the body stands still, or both together take far too long."""
        began_s, limit_s = now - connection.began_at, self.limits.receive_s
        if connection.is_reading_head:
            return began_s > limit_s
        return now - connection.active_at > limit_s or began_s > limit_s * _PATIENCE


__all__ = ["App", "HttpServer", "Reply", "Request"]
