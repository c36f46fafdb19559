"""What our proxies say in headers beside Spawn's protocol, for clients and hosts of ours.  Everybody else may ignore it."""

from __future__ import annotations

from urllib.parse import quote, unquote

import msgspec

PROXY_NAME = "spawn-workbench"
"""`ProxyInfo.proxy_name` of our proxies."""

ABOUT, REVISION = "x-spawn-proxy", "x-spawn-revision"
CODE, TYPE = "x-spawn-error", "x-spawn-error-type"

HOST_PROBE = "/api/v1/host"
"""Where a proxy of ours fetches what listens on a port of the asking process (`?host-port=`), and answers what it said."""
IDENTITY = "/api/v1/actors/identity"
"""Where a host of ours says who it is."""

Headers = tuple[tuple[str, str], ...]


class About(msgspec.Struct, frozen=True):
    """A proxy of ours, as its health checks tell."""

    system: str
    host: str
    """`HOST:PORT` where a host is called that registers there."""

    def __str__(self) -> str:
        return f"{PROXY_NAME}; system={quote(self.system, safe='')}; host={self.host}"


def read_about(note: str) -> About | None:
    """None for a proxy that is not one of ours."""
    name, *parts = (part.strip() for part in note.split(";"))
    if name != PROXY_NAME:
        return None
    fields = dict(part.partition("=")[::2] for part in parts)
    return About(unquote(fields.get("system", "")), fields.get("host", ""))


def failure_notes(code: str, type_name: str = "") -> Headers:
    """By which a client of ours has the error's class again."""
    return ((CODE, code), (TYPE, quote(type_name))) if type_name else ((CODE, code),)
