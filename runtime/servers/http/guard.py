"""Who may have what from a listener: the guard in front of every HTTP server, which has none without it.

A page in a browser on this machine can send requests to loopback, and by a name that was made to point here (DNS rebinding)
read the answers.  It cannot choose `Host`, `Origin` and `Sec-Fetch-Site`, and without our leave no content type but the three
of forms.  Processes that are no browsers send neither `Origin` nor `Sec-Fetch-Site`: an SDK and a real proxy pass.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress

from runtime.errors import BadSetting, NotAllowed, SpawnError
from runtime.security.crypto import Role
from runtime.servers.http.messages import Access
from runtime.servers.security import Security, is_loopback, is_unspecified, refusal_to_look

PROTOBUF = frozenset((b"application/octet-stream", b"application/protobuf"))

SINGLE = frozenset((b"host", b"origin", b"sec-fetch-site", b"content-type", b"content-length", b"authorization"))
"""Headers that decide who is let in, or where a body ends: two of one would let sender and reader differ."""

_OWN_SITES = (b"same-origin", b"none")
_MEASURED = (b"content-length", b"transfer-encoding")
Refused = tuple[int, SpawnError]
Headers = Mapping[bytes, bytes]


class HttpGuard:
    """Judges requests by their heads.  Any thread."""

    def __init__(self, bind: str, security: Security | None = None, names: Iterable[str] = ()) -> None:
        """For a listener at `bind`.

        Args:
            security: who has a token or certificate; None for every process of this machine.
            names: further names under which this machine's processes call it.
        """
        self._security = security
        self._names = frozenset(name.lower() for name in (bind, *names) if name)
        # Elsewhere the connection is encrypted for a name that the client has checked.
        self._is_local = is_loopback(bind)

    def role(self, headers: Headers, certified: Role | None = None) -> Role | None:
        """What the sender may do; `certified` is the role of its certificate."""
        if self._security is None:
            return Role.ACT
        return self._security.role(headers.get(b"authorization", b"").decode("latin-1"), certified)

    def refusal(self, method: str, headers: Headers, access: Access, role: Role | None) -> Refused | None:
        """Status and error for a request that may not pass; None for one that may."""
        if self._is_local and not self._is_ours(headers.get(b"host", b"")):
            return 421, NotAllowed(
                "This listener is for processes of its own machine, under a name of that machine; nothing was run."
            )
        if is_of_foreign_page(headers):
            return 403, NotAllowed("Only this server's own pages may call it from a browser; nothing was run.")
        if access.role is not None and role is None:
            return 401, NotAllowed("The token is missing or wrong. Send it as `authorization: Bearer …`.")
        if access.role is Role.ACT and role is Role.LOOK:
            return 403, refusal_to_look(f"this {method}")
        return _wrong_body(headers, access.bodies)

    def _is_ours(self, host: bytes) -> bool:
        name = _name_of(host)
        return not host or name in self._names or _is_local_name(name)


def is_of_foreign_page(headers: Headers) -> bool:
    """Whether a page of another site has a browser send this."""
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None and site not in _OWN_SITES:
        return True
    own = headers.get(b"host", b"").lower()
    return origin is not None and (not own or origin.partition(b"://")[2].lower() != own)


def _wrong_body(headers: Headers, allowed: frozenset[bytes]) -> Refused | None:
    """A body's type must be one of those; what has no body needs none."""
    given = headers.get(b"content-type", b"")
    if not allowed or given.partition(b";")[0].strip().lower() in allowed:
        return None
    if not given and not any(headers.get(name, b"0") != b"0" for name in _MEASURED):
        return None
    wanted = " or ".join(sorted(each.decode() for each in allowed))
    shown = given.decode("latin-1") or "nothing"
    kind = "protobuf" if allowed is PROTOBUF else "of another type"
    return 415, BadSetting(f"The body must be {kind}, as content type {wanted}, and it is {shown}; nothing was run.")


def _name_of(host: bytes) -> str:
    """A `Host` header without its port."""
    text = host.decode("latin-1").lower()
    if not text.startswith("["):
        return text.partition(":")[0]
    address, _, rest = text.partition("]")
    return f"{address}]" if not rest or rest.startswith(":") else text


@functools.lru_cache(maxsize=256)
def _is_local_name(name: str) -> bool:
    """Loopback; the unspecified address, to which connections to loopback are made; or this machine's own, as in a pod.

    An address, unlike a name, cannot be made to point elsewhere.
    """
    return is_loopback(name) or is_unspecified(name) or _is_own_address(name.strip("[]"))


def _is_own_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as trial:
        trial.bind((text, 0))  # only an address of this machine can be bound; nothing is sent
        return True
    return False
