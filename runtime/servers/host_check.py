"""Whether a proxy would call this process, found out before anything is registered with it.

A proxy calls exactly one host address, and it does not tell which.  To register through a proxy that calls another process
would send production's calls to code that does not have these actors, or has others of the same name.  Nothing can be
registered to find out, not even for a moment.  So: a proxy of ours says whom it calls; one of Spawn's on this machine has it
in its environment; and where neither can be read, the user has to say it.
"""

from __future__ import annotations

import os
import socket
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
_FORWARDERS = ("kubectl", "oc", "k9s", "ssh", "socat")
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


def is_own_address(host: str) -> bool:
    """Whether an address is one of this machine's."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    for family, kind, protocol, _, address in found:
        with suppress(OSError), socket.socket(family, kind, protocol) as trial:
            trial.bind((address[0], 0))
            return True
    return False


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
    process = _listener(port, proc)
    found = _environment(process) if process is not None else None
    return found if found is not None and any(name in found for name in _PROXY_VARIABLES) else None


def forwarder_of_listener(port: int, proc: Path = Path("/proc")) -> str:
    """The program that listens on a port of this machine, if it is one that forwards ports; empty for any other."""
    process = _listener(port, proc)
    try:
        name = (process / "comm").read_text("utf-8", "replace").strip() if process is not None else ""
    except OSError:
        return ""
    return name if name in _FORWARDERS else ""


def _listener(port: int, proc: Path) -> Path | None:
    inodes = set(_listening_inodes(port, proc))
    if not inodes:
        return None
    return next((each for each in proc.iterdir() if each.name.isdigit() and _has_socket(each, inodes)), None)


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
