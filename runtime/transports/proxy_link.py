"""The connection to a proxy: one loop in a thread, and requests that any thread may make."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import ssl
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from runtime.crypto.tokens import read_token
from runtime.drivers.own_loop import OwnLoop
from runtime.errors import BadSetting, Unreachable
from runtime.wire.http_client import AddressPool, Answer, ClientLimits, NoAnswer, NotSent, http_request

T = TypeVar("T")

DEFAULT_PORT = 9001
TOKEN_VARIABLE = "SPAWN_PROXY_TOKEN"  # noqa: S105 - a name, not a secret
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LINK_LIMITS = ClientLimits(idle_s=30.0)


class ProxyTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proxy is, and our right to be there."""

    url: str
    host: str
    port: int
    system: str = ""
    """The actor system that the URL names; empty if it names none."""
    token: str = ""
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def is_local(self) -> bool:
        """On this machine."""
        return self.host in _LOOPBACK

    def tls(self) -> ssl.SSLContext | None:
        if not self.is_encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise BadSetting(f"Cannot use the certificates given for {self.url}: {error}.") from None
        return context


def read_target(
    url: str,
    *,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ProxyTarget:
    """Where `http://HOST:PORT` or `https://HOST:PORT` is; `?system=NAME` after it names the proxy's actor system.

    Raises:
        BadSetting: the URL or a file is not usable.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        host, port = None, 0
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme not in ("http", "https") or not host or parts.path not in ("", "/") or options.keys() - {"system"}:
        raise BadSetting(
            f"{url!r} is not the address of a Spawn proxy. Write http://127.0.0.1:{DEFAULT_PORT}, for instance."
        )
    if parts.username or parts.password:
        raise BadSetting("Do not write a secret into the URL, where it would be shown and saved; give token= instead.")
    if bool(certificate) != bool(key):
        raise BadSetting("A client certificate needs its key, and a key its certificate; only one of them was given.")
    if parts.scheme == "http" and (authority or certificate):
        raise BadSetting(f"Certificates are for encrypted connections: write https:// instead of http:// in {url}.")
    return ProxyTarget(
        url=f"{parts.scheme}://{parts.netloc}",
        host=host,
        port=port,
        system=options.get("system", ""),
        token=token or (read_token(Path(token_file)) if token_file else "") or environ.get(TOKEN_VARIABLE, ""),
        authority=Path(authority) if authority else None,
        certificate=Path(certificate) if certificate else None,
        key=Path(key) if key else None,
    )


class ProxyLink:
    """Requests to one proxy.  Nothing is ever sent twice."""

    def __init__(self, target: ProxyTarget) -> None:
        self.target = target
        self._own = OwnLoop("wb-proxy-client")
        self.loop = self._own.loop
        self._pool = AddressPool(self.loop, target.host, target.port, tls=target.tls(), limits=_LINK_LIMITS)
        self._host = f"{target.host}:{target.port}" if ":" not in target.host else f"[{target.host}]:{target.port}"
        self._headers = f"authorization: Bearer {target.token}\r\n" if target.token else ""
        self.is_closed = False

    def begin(self, method: str, path: str, body: bytes, timeout_s: float) -> concurrent.futures.Future[Answer]:
        """Send; the future gets the answer, `NotSent` or `NoAnswer`.  Any thread."""
        if self.is_closed:
            raise Unreachable(f"{self.target.url} was left; attach again.")
        request = http_request(method, path, self._host, body, self._headers)
        return self._submit(self._ask(request, timeout_s))

    async def _ask(self, request: bytes, timeout_s: float) -> Answer:
        return await self._pool.ask(request, timeout_s)

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def request(self, method: str, path: str, body: bytes = b"", timeout_s: float = 10.0) -> Answer:
        """The answer to a request that runs no action.  Any thread but the loop's.

        Raises:
            Unreachable: there is none.
        """
        try:
            return self.begin(method, path, body, timeout_s).result(timeout_s + 10.0)
        except (NotSent, NoAnswer, TimeoutError) as error:
            raise self.unreachable(error) from None

    def unreachable(self, error: BaseException) -> Unreachable:
        return Unreachable(f"Cannot reach the proxy at {self.target.url}: {str(error) or 'no answer'}.")

    def close(self) -> None:
        """Drop the connections; safe to call twice."""
        if self.is_closed:
            return
        self.is_closed = True
        self.loop.call_soon_threadsafe(self._pool.close)
        self._own.stop()
