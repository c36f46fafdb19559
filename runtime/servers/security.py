"""Who may connect to a server, and how much of it they may use.

On loopback the token is enough: its file can be read by its owner only.  Everywhere else the connection is encrypted, and
the client has the token or a certificate.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from runtime.crypto.tokens import is_same, new_token
from runtime.errors import BadSetting

LOOPBACK = "127.0.0.1"


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

    @property
    def is_encrypted(self) -> bool:
        return bool(self.certificate and self.key)

    def admits(self, authorization: str) -> bool:
        """Whether a request with this `authorization` header may go on.

        A client whose certificate was checked when it connected needs nothing more.
        """
        if self.is_encrypted and self.client_authority:
            return True
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and bool(self.token) and is_same(token.strip(), self.token)


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
    if not security.token and not security.client_authority:
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
