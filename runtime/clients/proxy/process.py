"""The process that listens as a proxy, as far as this machine shows it: Spawn's own proxy tells nothing of itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from runtime.clients.proxy.connection import ProxyTarget
from runtime.config import DEFAULT_SYSTEM

_LISTENING = "0A"
_SYSTEM_VARIABLE = "PROXY_ACTOR_SYSTEM_NAME"
_PROXY_VARIABLES = (
    "USER_FUNCTION_PORT",
    "USER_FUNCTION_HOST",
    "PROXY_HTTP_PORT",
    _SYSTEM_VARIABLE,
    "PROXY_APP_NAME",
)
_FORWARDERS = ("kubectl", "oc", "k9s", "ssh", "socat")


def system_of_listener(target: ProxyTarget, proc: Path = Path("/proc")) -> str:
    """The actor system that the proxy at `target` serves, as its environment says; empty where it cannot be read.

    A proxy without the variable serves Spawn's default.
    """
    if not target.is_local and not is_own_address(target.host):
        return ""
    if forwarder_of_listener(target.port, proc):
        return ""
    environment = environment_of_listener(target.port, proc)
    return "" if environment is None else environment.get(_SYSTEM_VARIABLE) or DEFAULT_SYSTEM


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
