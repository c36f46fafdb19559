"""Attaching to a Spawn proxy over HTTP: `connect("http://HOST:9001")`, and the client that it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.errors import BadSetting, nearest, shown
from runtime.transports.proxy_client import SpawnProxyClient
from runtime.transports.proxy_link import ProxyLink, read_target
from runtime.wire.dialect import Dialect

__all__ = ["SpawnProxyClient", "connect"]


def connect(
    url: str,
    *,
    mode: str = "look",
    system: str = "",
    timeout: float = 60.0,
    dialect: str = Dialect.NEW,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    **unknown: Any,
) -> SpawnProxyClient:
    """The system of the proxy at `url`; see `SpawnProxyClient` for mode, system and dialect.

    Raises:
        BadSetting: the URL or an option is not usable.
        Unreachable, NotAllowed: see `SpawnProxyClient`.
    """
    if unknown:
        known = ("mode", "system", "timeout", "dialect", "token", "token_file", "authority", "certificate", "key")
        raise BadSetting(f"Cannot connect to {url}: {nearest(next(iter(unknown)), known, kind='option')}")
    target = read_target(url, token=token, token_file=token_file, authority=authority, certificate=certificate, key=key)
    link = ProxyLink(target)
    try:
        return SpawnProxyClient(link, mode=mode, system=system, dialect=Dialect(dialect), timeout_s=timeout)
    except BaseException as error:
        link.close()
        if isinstance(error, ValueError):
            raise BadSetting(
                f"There is no dialect {shown(dialect)}. {nearest(dialect, Dialect, kind='dialect')}"
            ) from None
        raise
