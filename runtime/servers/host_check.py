"""Whether a proxy would call this process, found out before anything is registered with it.

A proxy calls exactly one host address, and it does not tell which.  To register through a proxy that calls another process
would send production's calls to code that does not have these actors, or has others of the same name.  Nothing can be
registered to find out, not even for a moment.  So: a proxy of ours says whom it calls; one of Spawn's on this machine has it
in its environment; and where neither can be read, the user has to say it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from runtime.errors import NotAllowed
from runtime.transports.proxy_link import ProxyLink, ProxyTarget
from runtime.wire import notes
from runtime.wire.notes import About

DEFAULT_HOST_PORT = 8090
_LISTENING = "0A"
_PROXY_VARIABLES = (
    "USER_FUNCTION_PORT",
    "USER_FUNCTION_HOST",
    "PROXY_HTTP_PORT",
    "PROXY_ACTOR_SYSTEM_NAME",
    "PROXY_APP_NAME",
)
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
    found = (
        environment if environment is not None else (environment_of_listener(target.port) if target.is_local else None)
    )
    if found is not None:
        return _compare(target, found, port)
    if is_stated:
        return f"you said that it calls port {port}; it could not be checked"
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: which host it calls cannot be found out from here, and if it is\n"
        "another process, calls would go to code that does not have these actors. If you know that it calls this process,\n"
        f"say on which port: --host-port {port}, or USER_FUNCTION_PORT={port}."
    )


def _ask(link: ProxyLink, port: int, identity: str) -> str:
    """A proxy of ours calls back, and tells what it got."""
    answer = link.request("GET", f"{notes.HOST_PROBE}?host-port={port}")
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


def environment_of_listener(port: int, proc: Path = Path("/proc")) -> dict[str, str] | None:
    """The environment of the proxy that listens on a port of this machine; None where it cannot be read.

    A process without any of a proxy's variables is not taken for one: a port may be forwarded by something else.
    """
    inodes = set(_listening_inodes(port, proc))
    if not inodes:
        return None
    for process in proc.iterdir():
        if process.name.isdigit() and _has_socket(process, inodes):
            found = _environment(process)
            return found if found is not None and any(name in found for name in _PROXY_VARIABLES) else None
    return None


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (proc / table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _has_socket(process: Path, inodes: set[str]) -> bool:
    try:
        handles = list((process / "fd").iterdir())
    except OSError:
        return False  # another user's
    for handle in handles:
        with suppress(OSError):
            if os.readlink(handle).removeprefix("socket:[").removesuffix("]") in inodes:  # noqa: PTH115 - no path at all
                return True
    return False


def _environment(process: Path) -> dict[str, str] | None:
    try:
        lines = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    return dict(line.decode("utf-8", "replace").partition("=")[::2] for line in lines if line)
