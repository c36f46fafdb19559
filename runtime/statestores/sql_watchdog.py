"""Ends a wait for a server that neither answers nor closes the connection.

The server's own time-outs end slow statements; a server that is frozen keeps none of them.  PyMySQL can bound its waits;
psycopg waits for ever, so its socket is shut down from here, which the driver reports as a lost connection.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_TICK_S = 0.25


class Watchdog:
    """Watches waits on sockets; its thread starts with the first and sleeps while there are none."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._waits: dict[object, tuple[float, int]] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @contextmanager
    def over(self, connection: Any) -> Iterator[None]:
        """A wait on the socket of a DB-API connection that has `fileno()`; others watch themselves."""
        number = _socket_of(connection)
        if number is None:
            yield
            return
        token = object()
        with self._lock:
            self._waits[token] = (time.monotonic() + self._limit_s, number)
        self._start()
        try:
            yield
        finally:
            with self._lock:  # while it is held, nobody shuts a socket down whose number may be another's by then
                self._waits.pop(token, None)

    def close(self) -> None:
        self._is_closed = True
        self._wake.set()

    def _start(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="wb-store-watchdog", daemon=True)
                    self._thread.start()
        if not self._wake.is_set():
            self._wake.set()

    def _run(self) -> None:
        while not self._is_closed:
            self._wake.wait()
            with self._lock:
                self._shut_down_overdue(time.monotonic())
                if not self._waits:
                    self._wake.clear()
            time.sleep(_TICK_S)

    def _shut_down_overdue(self, now: float) -> None:
        for token, (until, number) in list(self._waits.items()):
            if now >= until:
                del self._waits[token]
                _shut_down(number)


def _socket_of(connection: Any) -> int | None:
    try:
        return int(connection.fileno())
    except Exception:  # noqa: BLE001 - no such method, or closed already: then there is nothing to wait for
        return None


def _shut_down(number: int) -> None:
    handle = socket.socket(fileno=number)
    try:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)
    finally:
        handle.detach()
