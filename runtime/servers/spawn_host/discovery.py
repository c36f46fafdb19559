"""Whether a proxy would call this process, found out before anything is registered with it.

A proxy calls exactly one host address, and it does not tell which.  To register through a proxy that calls another process
would send production's calls to code that does not have these actors, or has others of the same name.  Nothing can be
registered to find out, not even for a moment.  So: a proxy of ours says whom it calls; one of Spawn's on this machine has it
in its environment; and where neither can be read, the user has to say it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from runtime.background import Backoff
from runtime.clients.proxy.connection import ProxyLink, ProxyTarget
from runtime.clients.proxy.process import environment_of_listener, forwarder_of_listener, is_own_address
from runtime.errors import NotAllowed, SpawnError
from runtime.wire.http_client import http_request
from runtime.wire.spawn import statuses
from runtime.wire.spawn.statuses import About

DEFAULT_HOST_PORT = 8090
_HERE = ("", "0.0.0.0", "127.0.0.1", "localhost", "::", "::1")  # noqa: S104 - addresses that mean this machine


def check_host(
    link: ProxyLink,
    about: About | None,
    port: int,
    identity: str,
    *,
    is_stated: bool,
    environment: Mapping[str, str] | None = None,
) -> str:
    """How we know that the proxy calls this process, which listens on `port`.

    Args:
        identity: what this process answers at `notes.IDENTITY`, where it listens already.
        is_stated: the user said that this is the port that the proxy calls, and did not just leave the default.
        environment: of the proxy's process, where it is known; None to look for it.

    Raises:
        NotAllowed: it calls another address, or there is no telling.
    """
    target = link.target
    if about is not None:
        return _ask(link, port, identity)
    if environment is None:
        _check_near(target, port)
        environment = environment_of_listener(target.port)
    if environment is not None:
        return _compare(target, environment, port)
    if is_stated:
        return f"you said that it calls port {port}; it could not be checked"
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: which host it calls cannot be found out from here, and if it is\n"
        "another process, calls would go to code that does not have these actors. If you know that it calls this process,\n"
        f"say on which port: --host-port {port}, or USER_FUNCTION_PORT={port}."
    )


def _check_near(target: ProxyTarget, port: int) -> None:
    """A host listens on its own machine only, so a proxy elsewhere cannot call it, whatever the user says.

    Raises:
        NotAllowed: the proxy is elsewhere.
    """
    if not target.is_local and not is_own_address(target.host):
        where = "it runs on another machine"
    elif forwarder := forwarder_of_listener(target.port):
        where = f"{forwarder} forwards that port to it, in one direction only"
    else:
        return
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: {where}, so it would not call this process on port {port}.\n"
        "Its calls would go to code that does not have these actors. Run this host beside the proxy, as in one pod."
    )


def _ask(link: ProxyLink, port: int, identity: str) -> str:
    """A proxy of ours calls back, and tells what it got."""
    answer = link.request("GET", f"{statuses.HOST_PROBE}?host-port={port}")
    if answer.status == 200 and answer.body.decode("latin-1") == identity:
        return f"it reached this process on port {port}"
    raise NotAllowed(
        f"Cannot register with the proxy at {link.target.url}: what it reaches on port {port} is not this process.\n"
        "Its calls would go elsewhere. A forwarded port leads in one direction only: run this host where the proxy runs."
    )


def _compare(target: ProxyTarget, environment: Mapping[str, str], port: int) -> str:
    host = environment.get("USER_FUNCTION_HOST", "0.0.0.0")  # noqa: S104 - Spawn's default
    text = environment.get("USER_FUNCTION_PORT", str(DEFAULT_HOST_PORT))
    if host in _HERE and text == str(port):
        return f"its environment says that it calls port {port} of this machine"
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: it calls {host}:{text}, and this process listens on port {port}.\n"
        "Its calls would go to another process. "
        + (f"Listen there: --host-port {text}." if host in _HERE else "Run this host where the proxy calls it.")
    )


# --- Watch over the proxy ---------------------------------------------------------------------------------------------
# Noticing that a proxy was restarted, which it does not tell: everything has to be registered again then.
#
# A connection is kept on which the proxy is asked every few seconds how it is.  A process that ends takes its
# connections with it, so a restart cannot be missed, however quick it is, and is noticed at once.  Registering again
# after a false alarm changes nothing: a proxy keeps what is equal.

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
        is_first, backoff = True, Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            try:
                reader, writer = await asyncio.open_connection(
                    self._target.host, self._target.port, ssl=self._target.tls()
                )
            except OSError:
                await asyncio.sleep(backoff.next_s())
                is_first = False
                continue
            try:
                if not is_first:
                    await self._register_again()
                backoff.reset()
                is_first, self.is_connected = False, True
                await self._until_lost(reader, writer)
            except SpawnError as error:
                self._tell(f"The proxy at {self._target.url} does not take the registration yet: {error}")
                await asyncio.sleep(backoff.next_s())
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
