"""A small HTTP/1.1 client with kept-alive connections, that always knows whether a request may have arrived.

That is why it exists: a call that runs an action must not be sent twice, so "not sent" and "sent, and then nothing" are two
different ends here, and no end leads to another attempt.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from contextlib import suppress

from runtime.wire.http_exchange import (
    Answer,
    AnswerHead,
    ClientConnection,
    ClientLimits,
    Done,
    Ended,
    Exchange,
    NoAnswer,
    NotSent,
)
from runtime.wire.http_heads import KnownHeads

__all__ = ["AddressPool", "Answer", "ClientLimits", "Ended", "NoAnswer", "NotSent", "http_request"]

_SWEEP_S = 0.25


class AddressPool:
    """Connections to one address.  Belongs to one loop; everything is called there."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        limits: ClientLimits | None = None,
    ) -> None:
        self.loop, self.host, self.port, self._tls = loop, host, port, tls
        self.limits = limits or ClientLimits()
        self.known_heads = KnownHeads[AnswerHead]()
        self._idle: list[ClientConnection] = []
        self._busy: set[ClientConnection] = set()
        self._waiting: deque[Exchange] = deque()
        self._connecting: dict[asyncio.Task[None], Exchange] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        """Requests without an end."""
        return len(self._busy) + len(self._waiting) + len(self._connecting)

    def send(self, request: bytes, done: Done, timeout_s: float) -> Exchange:
        """Send a whole request (see `http_request`); `done` gets how it ended, exactly once, later."""
        exchange = Exchange(request, done, timeout_s)
        connection = self._fresh()
        if connection is not None:
            self._busy.add(connection)
            connection.send(exchange)
        elif len(self._busy) + len(self._connecting) < self.limits.connections:
            self._connect(exchange)
        else:
            self._waiting.append(exchange)
        if self._sweeping is None:
            self._sweeping = self.loop.call_later(_SWEEP_S, self._sweep)
        return exchange

    async def ask(self, request: bytes, timeout_s: float) -> Answer:
        """`send` for coroutines.

        Raises:
            NotSent, NoAnswer: how it ended else.
        """
        future: asyncio.Future[Ended] = self.loop.create_future()
        exchange = self.send(request, lambda how: None if future.done() else future.set_result(how), timeout_s)
        try:
            how = await future
        except asyncio.CancelledError:
            self.abandon(exchange)
            raise
        if isinstance(how, Answer):
            return how
        raise how

    def abandon(self, exchange: Exchange) -> None:
        """Nobody wants the answer any more: close the connection, which is how the other side can notice."""
        exchange.abandon()
        with suppress(ValueError):
            self._waiting.remove(exchange)
        for connection in self._busy:
            if connection.exchange is exchange:
                connection.drop()
                return

    def close(self) -> None:
        """Drop all connections; requests under way end as `NoAnswer`."""
        for connection in [*self._idle, *self._busy]:
            connection.drop()
        for task in self._connecting:
            task.cancel()
        while self._waiting:
            self._waiting.popleft().end(NotSent("the client was closed"))
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    # -- connections ---------------------------------------------------------------------------------------------------

    def _fresh(self) -> ClientConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and time.monotonic() - connection.idle_since <= self.limits.idle_s:
                return connection
            connection.drop()
        return None

    def _connect(self, exchange: Exchange) -> None:
        task = self.loop.create_task(self._connected(exchange))
        self._connecting[task] = exchange
        task.add_done_callback(self._connecting.pop)

    async def _connected(self, exchange: Exchange) -> None:
        try:
            async with asyncio.timeout(self.limits.connect_s):
                _, connection = await self.loop.create_connection(
                    lambda: ClientConnection(self), self.host, self.port, ssl=self._tls
                )
        except TimeoutError:
            exchange.end(NotSent(f"no connection within {self.limits.connect_s:g} s"))
        except OSError as error:
            exchange.end(NotSent(error.strerror or str(error)))
        except asyncio.CancelledError:
            exchange.end(NotSent("the client was closed"))
            raise
        else:
            self._busy.add(connection)
            if exchange.is_over:
                self.free(connection, keep=True)
            else:
                connection.send(exchange)

    def free(self, connection: ClientConnection, *, keep: bool) -> None:
        """A connection has brought its answer."""
        if not keep or not connection.is_usable:
            self._busy.discard(connection)
            connection.drop()
            self._next()
        elif self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._busy.discard(connection)
            connection.idle_since = time.monotonic()
            self._idle.append(connection)

    def lost(self, connection: ClientConnection) -> None:
        """A connection is gone."""
        self._busy.discard(connection)
        with suppress(ValueError):
            self._idle.remove(connection)
        self._next()

    def _next(self) -> None:
        if self._waiting and len(self._busy) + len(self._connecting) < self.limits.connections:
            self._connect(self._waiting.popleft())

    def _sweep(self) -> None:
        now = time.monotonic()
        for connection in [each for each in self._busy if each.exchange is not None and each.exchange.deadline <= now]:
            connection.time_out()
        for exchange in [each for each in self._waiting if each.deadline <= now]:
            self._waiting.remove(exchange)
            exchange.end(NotSent(f"no connection was free within {exchange.timeout_s:g} s"))
        for connection in [each for each in self._idle if now - each.idle_since > self.limits.idle_s]:
            self._idle.remove(connection)
            connection.drop()
        is_needed = self._busy or self._waiting or self._idle or self._connecting
        self._sweeping = self.loop.call_later(_SWEEP_S, self._sweep) if is_needed else None


def http_request(method: str, path: str, host: str, body: bytes = b"", headers: str = "") -> bytes:
    """A whole request as bytes.  `headers` are further lines, each with its line end."""
    content = f"content-length: {len(body)}\r\ncontent-type: application/octet-stream\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/1.1\r\nhost: {host}\r\n{content}{headers}\r\n".encode("latin-1") + body
