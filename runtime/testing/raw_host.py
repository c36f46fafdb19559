"""An actor host that speaks raw bytes over blocking sockets, and a client that does.

They share no code with the proxy that they test: what they send is exactly what a test says, right or wrong, and what they
got is kept as it came.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

CALL_PATH = "/api/v1/actors/actions"
_WAIT_S = 10.0


@dataclass(frozen=True)
class Raw:
    """What a host sends for one call."""

    data: bytes = b""
    """Bytes as they are, with status line and headers."""
    then_hang_up: bool = False
    """Close the connection after that."""
    after: threading.Event | None = None
    """Wait for this first."""


def ok(body: bytes, *, status: str = "200 OK", content_type: str = "application/octet-stream") -> Raw:
    """A well-formed answer."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return Raw(head.encode() + body)


@dataclass
class Message:
    """One HTTP message as it came."""

    start: str
    headers: dict[str, str]
    body: bytes


@dataclass
class RawHost:
    """Listens on a free port of loopback, or on `port`.  Each connection has a thread; `calls` keeps the bodies in order."""

    answer: Callable[[bytes], Raw]
    port: int = 0
    calls: list[bytes] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._is_closed = False
        threading.Thread(target=self._accept, name="raw-host", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening and cut all connections, as a killed process would."""
        self._is_closed = True
        # An accept that is blocked is not ended by closing its socket.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def wait_for_calls(self, count: int, timeout_s: float = _WAIT_S) -> list[bytes]:
        """The first `count` calls or more.

        Raises:
            AssertionError: they did not come.
        """
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.calls) >= count, timeout_s)
        assert came, f"The host got {len(self.calls)} calls instead of {count} within {timeout_s:g} s."
        return self.calls

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), name="raw-host", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while (message := read_message(stream)) is not None:
                with self._changed:
                    self.calls.append(message.body)
                    self.messages.append(message)
                    self._changed.notify_all()
                raw = self.answer(message.body)
                if raw.after is not None and not raw.after.wait(_WAIT_S):
                    return
                connection.sendall(raw.data)
                if raw.then_hang_up:
                    break
        self._open.discard(connection)


def read_message(stream: socket.SocketIO | object) -> Message | None:
    """The next message of a connection; None at its end."""
    readline, read = stream.readline, stream.read  # type: ignore[union-attr]
    start = readline().decode("latin-1").strip()
    if not start:
        return None
    headers: dict[str, str] = {}
    while line := readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    return Message(start, headers, read(length) if length else b"")


def exchange(port: int, data: bytes, *, timeout_s: float = _WAIT_S) -> bytes:
    """Send bytes on a connection of their own and read until the server closes, or has sent one whole answer."""
    with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
        connection.sendall(data)
        with connection.makefile("rb") as stream:
            message = read_message(stream)
    if message is None:
        return b""
    head = "".join(f"{name}: {value}\r\n" for name, value in message.headers.items())
    return f"{message.start}\r\n{head}\r\n".encode("latin-1") + message.body


def post(path: str, body: bytes, *, content_type: str | None = "application/octet-stream", headers: str = "") -> bytes:
    """A POST as bytes."""
    kind = f"content-type: {content_type}\r\n" if content_type is not None else ""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{kind}{headers}content-length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


def status_of(answer: bytes) -> int:
    """The status of a raw answer."""
    return int(answer.split(b" ", 2)[1])


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]
