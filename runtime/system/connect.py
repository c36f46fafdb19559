"""`connect(url)`: an actor system in another process, whatever it speaks."""

from __future__ import annotations

import importlib
from typing import Any

from runtime.api import SystemApi
from runtime.errors import BadSetting, nearest

# By scheme, the module whose `connect(url, **options)` makes the client; loaded when it is needed.
_CLIENTS = {
    "grpc": "runtime.clients.node.client",
    "grpcs": "runtime.clients.node.client",
    "http": "runtime.clients.proxy.client",
    "https": "runtime.clients.proxy.client",
}


def connect(url: str, **options: Any) -> SystemApi:
    """The actor system at a URL, ready to use; `close` leaves it, and it runs on.

    `grpc://HOST:PORT` is another workbench node, `http://HOST:PORT` a Spawn proxy; `grpcs` and `https` are encrypted.

    Args:
        options: `timeout` in seconds, for calls that do not say; `token` or `token_file`; `authority`, `certificate` and
            `key`, PEM files for an encrypted connection.  A node on this machine and of this user needs none of them.

    Raises:
        BadSetting: the URL or an option is not usable.
        Unreachable: no one answers there.
        NotAllowed: the token is missing or wrong.
    """
    scheme, sign, _ = url.partition("://")
    if not sign or scheme not in _CLIENTS:
        raise BadSetting(
            f"Cannot connect to {url!r}. {nearest(f'{scheme}://', [f'{s}://' for s in _CLIENTS], kind='scheme')}"
        )
    system: SystemApi = importlib.import_module(_CLIENTS[scheme]).connect(url, **options)
    return system
