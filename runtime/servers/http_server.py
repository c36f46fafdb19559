"""A small HTTP/1.1 server for one app: bounded in sizes, connections and time; drains before it closes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing listens yet.

        Args:
            bind: the address to listen on.
            security: who has a token or certificate, and ours for TLS; None for every process of this machine.
            names: further names by which processes of this machine may call a listener on loopback.
            clock: seconds, by which connections are found that take too long.
        """
        self.app = app
        self.limits, self.clock = limits or HttpLimits(), clock
        self._most = min(self.limits.connections, _files() // 2)
        self.bind, self.security = bind, security
        self.guard = HttpGuard(bind, security, names)
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
        if self._sweeping is None:
            self._sweep_again()
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    def admit(self, connection: HttpConnection) -> bool:
        """Take note of a new connection; False when there are too many, and all are in use.

        Others are closed for it: first those that never sent a whole request, the oldest first.  So one client that opens
        many and says nothing keeps nobody out, whatever its address.
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


__all__ = ["App", "HttpServer", "Reply", "Request"]
