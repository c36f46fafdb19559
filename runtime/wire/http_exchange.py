"""One connection of the HTTP client, and the request that is on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import httptools
import msgspec

if TYPE_CHECKING:
    from runtime.wire.http_client import AddressPool


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
        """Nobody wants to know how it ends."""
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
            if self._is_whole:  # what is wrong is what follows, which nobody asked for
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
