"""Who may connect to a server, and how much of it they may use.

On loopback the token is enough: its file can be read by its owner only.  Everywhere else the connection is encrypted, and
the client has the token or a certificate.  Tokens and certificates have a role, which the server enforces.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from runtime.errors import BadSetting, NotAllowed
from runtime.security.crypto import Role, is_same, new_token

LOOPBACK = "127.0.0.1"
ROLE_NAME = "spawn:role:"
"""Begins the alternative name of a client's certificate that says its role; one without such a name may act."""


@dataclass(frozen=True, slots=True)
class Security:
    """How a server recognises its clients.  Certificates and keys are PEM."""

    token: str = field(default_factory=new_token, repr=False)
    """What clients send as `authorization: Bearer …`; empty only where clients have certificates."""
    certificate: bytes = b""
    """The server's certificate, and those up to its authority."""
    key: bytes = field(default=b"", repr=False)
    client_authority: bytes = b""
    """Clients must have a certificate of this authority; empty for none."""
    look_token: str = field(default="", repr=False)
    """What clients send that may only look; empty for none."""

    @property
    def is_encrypted(self) -> bool:
        return bool(self.certificate and self.key)

    @property
    def has_certified_clients(self) -> bool:
        """Every client has shown a certificate when it connected."""
        return bool(self.is_encrypted and self.client_authority)

    def role(self, authorization: str, certified: Role | None = None) -> Role | None:
        """What a client with this `authorization` header may do; None for nothing.

        Where clients have certificates, the role is that of the certificate, which is `certified`, and no token is looked at.
        """
        if self.has_certified_clients:
            return certified or Role.ACT
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        given = token.strip()
        # Both are compared, whichever fits: the time says nothing about either.
        acts, looks = _fits(given, self.token), _fits(given, self.look_token)
        return Role.ACT if acts else Role.LOOK if looks else None

    def admits(self, authorization: str) -> bool:
        """Whether a request with this `authorization` header may go on, at least to look."""
        return self.role(authorization) is not None


def _fits(given: str, token: str) -> bool:
    return is_same(given, token) and bool(token)


def certified_role(names: Iterable[str]) -> Role:
    """The role of a client's certificate with these alternative names."""
    roles = {name.removeprefix(ROLE_NAME) for name in names if name.startswith(ROLE_NAME)}
    return Role.ACT if not roles or roles == {Role.ACT} else Role.LOOK


def refusal_to_look(what: str) -> NotAllowed:
    """The error for those who may only look, and wanted to act."""
    return NotAllowed(
        f"Your token or certificate has the role `{Role.LOOK}`, and {what} needs the role `{Role.ACT}`; nothing was run.\n"
        "Ask the person who started the server for a token to act."
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of a server, so that none can take it down."""

    message_bytes: int = 65 * 1024 * 1024
    """The largest message; a value may have 64 MiB."""
    depth: int = 100
    """How deep lists and objects may be nested in JSON, which is also what protobuf allows."""
    in_flight: int = 1_000
    """Unanswered calls of one stream, before no more is read from it."""
    calls: int = 10_000
    """Calls of all clients under way at once."""
    calls_per_second: int = 100_000
    """Calls of all clients that are taken in a second; more are refused."""
    watchers: int = 100
    events: int = 10_000
    """Events that may wait for one watcher."""


def check_listener(host: str, security: Security) -> None:
    """Whether a server may listen there.

    Raises:
        BadSetting: anybody could connect, or listen in.
    """
    if bool(security.certificate) != bool(security.key):
        raise BadSetting("TLS needs both a certificate and its key; only one of them was given.")
    if security.client_authority and not security.is_encrypted:
        raise BadSetting("Client certificates need TLS: give the server a certificate and a key too.")
    if security.token and security.token == security.look_token:
        raise BadSetting("The token to look must be another than the token to act; both were given the same.")
    if not security.token and not security.look_token and not security.client_authority:
        raise BadSetting(
            "A server without a token would let every process in: Security() makes one, as --token-file does.\n"
            "Or clients have certificates: client_authority, --client-authority."
        )
    if not is_loopback(host) and not security.is_encrypted:
        raise BadSetting(
            f"Cannot listen on {host!r} without TLS: tokens and states would cross the network in the clear.\n"
            f"Give a certificate and key (`python -m runtime certificates` makes them), or listen on {LOOPBACK}."
        )


def is_loopback(host: str) -> bool:
    """Whether only processes of this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_unspecified(host: str) -> bool:
    """Whether it is `0.0.0.0` or `::`, which reaches the machine that it is used on."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def tls_context(security: Security) -> ssl.SSLContext | None:
    """What a listener with these certificates needs; None without any."""
    if not security.is_encrypted:
        return None
    import tempfile

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory(prefix="spawn-tls-") as folder:  # the library reads keys from files only
        pair = os.path.join(folder, "pair.pem")  # noqa: PTH118
        handle = os.open(pair, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(security.certificate + b"\n" + security.key)
        context.load_cert_chain(pair)
    if security.client_authority:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=security.client_authority.decode())
    return context


# --- How many calls a server takes in a second ------------------------------------------------------------------------


class Rate:
    """A token bucket that holds what a second may bring.  Used by one thread."""

    __slots__ = ("_clock", "_last_s", "_left", "_per_second")

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._left, self._last_s = float(per_second), clock()

    def take(self) -> bool:
        """Whether one more is taken now."""
        if self._left < 1:
            now_s = self._clock()
            self._left = min(self._per_second, self._left + (now_s - self._last_s) * self._per_second)
            self._last_s = now_s
            if self._left < 1:
                return False
        self._left -= 1
        return True
