"""A small HTTP/1.1 client with kept-alive connections, that always knows whether a request may have arrived.

That is why it exists: a call that runs an action must not be sent twice, so "not sent" and "sent, and then nothing" are two
different ends here, and no end leads to another attempt.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Generic, TypeVar, cast

import httptools
import msgspec

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
        """No one wants the answer any more: close the connection, which is how the other side can notice."""
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


# --- One connection of the HTTP client, and the request that is on it -------------------------------------------------


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back."""

    status: int
    content_type: str
    body: bytes
    notes: Mapping[str, str] = {}
    """Headers that start with `x-spawn-`, which proxies of ours add: names in lower case."""


class AnswerHead(msgspec.Struct, frozen=True, gc=False):
    """What an answer says before its body; answers with the same head share it."""

    status: int
    content_type: str
    notes: Mapping[str, str]
    keep_alive: bool


class NotSent(Exception):
    """Nothing of the request left this process; the text says why."""


class NoAnswer(Exception):
    """The request was sent, at least in part, and no whole answer came; the text says what came instead."""


Ended = Answer | NotSent | NoAnswer
Done = Callable[[Ended], None]


class ClientLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one address may take."""

    answer_bytes: int = 65 * 1024 * 1024
    connections: int = 256
    idle_s: float = 1.0
    """An unused connection is not used again after this long: hosts close theirs after five seconds and more."""
    connect_s: float = 5.0


class Exchange:
    """One request on its way."""

    __slots__ = ("_done", "deadline", "request", "timeout_s")

    def __init__(self, request: bytes, done: Done, timeout_s: float) -> None:
        self.request, self.timeout_s = request, timeout_s
        self.deadline = time.monotonic() + timeout_s
        self._done: Done | None = done
        """Forgotten at the end: it usually leads back here, and such a ring would be left to the garbage collector."""

    @property
    def is_over(self) -> bool:
        return self._done is None

    def end(self, how: Ended) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(how)

    def abandon(self) -> None:
        """No one wants to know how it ends."""
        self._done = None


class ClientConnection(asyncio.Protocol):
    """One connection, one request at a time."""

    __slots__ = (
        "_body",
        "_has_begun",
        "_has_head",
        "_is_chunked",
        "_is_kept",
        "_is_whole",
        "_length",
        "_notes",
        "_parser",
        "_pool",
        "_size",
        "_transport",
        "_type",
        "exchange",
        "idle_since",
    )

    _transport: asyncio.Transport

    def __init__(self, pool: AddressPool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._type = ""
        self._notes: dict[str, str] = {}
        self._size = 0
        self._has_begun = self._has_head = self._is_chunked = self._is_kept = self._is_whole = False
        self._length = -1
        """What the answer's head says of its body; -1 for nothing."""
        self.exchange: Exchange | None = None
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, exchange: Exchange) -> None:
        self.exchange = exchange
        if self._has_begun:
            self._body, self._type, self._size, self._notes = [], "", 0, {}
            self._has_begun = self._has_head = self._is_chunked = self._is_whole = False
            self._length = -1
        self._transport.write(exchange.request)

    @property
    def is_usable(self) -> bool:
        return not self._transport.is_closing()

    def drop(self) -> None:
        self._transport.abort()

    # -- the transport -------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.exchange is None:  # it says something unasked: whatever it is, this connection is out of step
            self.drop()
        elif self._has_begun:
            self._parse(data)
        elif (known := self._pool.known_heads.read(data)) is not None:
            self._finish(*known)
        else:
            self._has_begun = True
            self._parse(data, is_first=True)

    def _parse(self, data: bytes, *, is_first: bool = False) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("answered with another protocol")
        except httptools.HttpParserError as error:
            if self._is_whole:  # what is wrong is what follows, which no one asked for
                self._end(keep=False)
                return
            cause = error.__context__
            self._fail(str(cause) if isinstance(cause, NoAnswer) else "answered with something that is not HTTP")
        else:
            if self._is_whole:
                is_plain, size = is_first and self._length == self._size and not self._is_chunked, self._size
                head = self._end(keep=self._is_kept)
                if is_plain:
                    self._pool.known_heads.remember(data, size, head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.lost(self)
        exchange = self.exchange
        if exchange is None:
            return
        if self._has_head and not self._has_length:
            self._end(keep=False)  # an answer may end with its connection
            return
        what = "in the middle of its answer" if self._has_head else "without an answer"
        self._fail(f"closed the connection {what}")

    # -- the parser ----------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._is_whole:
            raise NoAnswer("answered twice")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"content-type":
            self._type = value.decode("latin-1")
        elif name == b"content-length":
            self._length = int(value)
            if self._length > self._pool.limits.answer_bytes:
                raise NoAnswer(
                    f"answered with {self._length:,} bytes; at most {self._pool.limits.answer_bytes:,} are taken"
                )
        elif name == b"transfer-encoding":
            self._is_chunked = True
        elif name.startswith(b"x-spawn-"):
            self._notes[name.decode("latin-1")] = value.decode("latin-1")

    @property
    def _has_length(self) -> bool:
        """The head says where the answer ends."""
        return self._is_chunked or self._length >= 0

    def on_headers_complete(self) -> None:
        self._has_head = True
        if not self._has_length and self._parser.get_status_code() >= 400:
            # Spawn's proxy sends such an answer without a body and leaves the connection open for a minute.
            self._pool.loop.call_soon(self._end_bare)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > self._pool.limits.answer_bytes:
            raise NoAnswer(f"answered with more than {self._pool.limits.answer_bytes:,} bytes")
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self._is_whole, self._is_kept = True, self._parser.should_keep_alive()
        else:  # an interim answer: the real one follows
            self._has_head, self._length, self._is_chunked = False, -1, False

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _end_bare(self) -> None:
        if self.exchange is not None and not self._is_whole and not self._size:
            self._end(keep=False)

    def _end(self, *, keep: bool) -> AnswerHead:
        """The answer is what the parser has read of it."""
        head = AnswerHead(self._parser.get_status_code(), self._type, self._notes, keep)
        parts, self._body = self._body, []
        self._finish(head, parts[0] if len(parts) == 1 else b"".join(parts))
        return head

    def _finish(self, head: AnswerHead, body: bytes) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        self._pool.free(self, keep=head.keep_alive and not exchange.is_over)
        exchange.end(Answer(head.status, head.content_type, body, head.notes))

    def time_out(self) -> None:
        assert self.exchange is not None
        self._fail(f"did not answer within {self.exchange.timeout_s:g} s")

    def _fail(self, what: str) -> None:
        exchange, self.exchange = self.exchange, None
        self.drop()
        self._pool.lost(self)
        if exchange is not None:
            exchange.end(NoAnswer(what))


# --- Heads of HTTP messages that came before: most clients send the same one again and again --------------------------
# The parser reads a head once.  When the very same bytes come again, with a body exactly as long as they announce and
# nothing after it, what the parser would say is known.  Anything else is the parser's: what is new, long, chunked or in
# pieces.

T = TypeVar("T")

_MOST, _LONGEST = 2_048, 1_024
_END = b"\r\n\r\n"


class KnownHeads(Generic[T]):
    """What was read in up to 2,048 heads of up to 1 KiB each.  Belongs to one loop."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[T, int]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, data: bytes) -> tuple[T, bytes] | None:
        """What `data` says and its body, if it is one whole message whose head is known."""
        end = data.find(_END) + 4
        found = self._known.get(data[:end])
        if found is None or len(data) - end != found[1]:
            return None
        return found[0], data[end:]

    def remember(self, data: bytes, length: int, said: T) -> None:
        """Note what the parser read in `data`, which it took as one whole message with a body of `length`.

        The body's length must be in the head, as `Content-Length`, or follow from it, as none.  Nothing is noted if there
        is more in `data` than that one message.
        """
        end = data.find(_END) + 4
        if len(data) - end != length or end > _LONGEST:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[data[:end]] = said, length
