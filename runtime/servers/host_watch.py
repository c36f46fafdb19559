"""Noticing that a proxy was restarted, which it does not tell: everything has to be registered again then.

A connection is kept on which the proxy is asked every few seconds how it is.  A process that ends takes its connections with
it, so a restart cannot be missed, however quick it is, and is noticed at once.  Registering again after a false alarm changes
nothing: a proxy keeps what is equal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from runtime.errors import SpawnError
from runtime.transports.proxy_link import ProxyTarget
from runtime.wire.http_client import http_request

_ASK_EVERY_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_WITHOUT_CONNECTION_S = 30.0


class ProxyWatch:
    """Belongs to one loop; `register` runs in a thread and may block."""

    def __init__(self, target: ProxyTarget, register: Callable[[], None], tell: Callable[[str], object]) -> None:
        """`register` has the proxy know the actors again; a `SpawnError` of it is tried again later.  `tell` gets the news."""
        self._target, self._register, self._tell = target, register, tell
        self._task: asyncio.Task[None] | None = None
        self.is_connected = False
        self.times_registered = 0
        """How often everything was registered again."""

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        is_first, pause_s = True, _FIRST_PAUSE_S
        while True:
            try:
                reader, writer = await asyncio.open_connection(
                    self._target.host, self._target.port, ssl=self._target.tls()
                )
            except OSError:
                await asyncio.sleep(pause_s)
                pause_s, is_first = min(pause_s * 2, _LONGEST_PAUSE_S), False
                continue
            try:
                if not is_first:
                    await self._register_again()
                is_first, pause_s, self.is_connected = False, _FIRST_PAUSE_S, True
                await self._until_lost(reader, writer)
            except SpawnError as error:
                self._tell(f"The proxy at {self._target.url} does not take the registration yet: {error}")
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            finally:
                self.is_connected = False
                writer.close()

    async def _register_again(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._register)
        self.times_registered += 1
        self._tell(f"The proxy at {self._target.url} was away; the actors of this process are registered there again.")

    async def _until_lost(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        token = f"authorization: Bearer {self._target.token}\r\n" if self._target.token else ""
        request = http_request("GET", "/health/liveness", f"{self._target.host}:{self._target.port}", headers=token)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            while True:
                writer.write(request)
                async with asyncio.timeout(_ASK_EVERY_S):
                    stays = await _read_answer(reader)
                if not stays:
                    await asyncio.sleep(_WITHOUT_CONNECTION_S)
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ASK_EVERY_S):
                        await reader.read(1)  # nothing is expected: this ends when the proxy does
                        return


async def _read_answer(reader: asyncio.StreamReader) -> bool:
    """Read one answer; whether the connection stays open after it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    headers = dict(line.partition(":")[::2] for line in head.split("\r\n")[1:])
    await reader.readexactly(int(headers.get("content-length", "0")))
    return "close" not in headers.get("connection", "")
