"""Which user of this machine a connection over loopback comes from, for listeners whose clients send no token.

Spawn's SDKs and proxies have no token, so on a machine that several people use, loopback alone keeps none of them apart.  Linux
says whose socket the other end of a connection is, to anybody who asks for exactly that socket (`sock_diag`, in some
microseconds; `/proc/net/tcp`, which lists all sockets of the machine for each question, takes a thousand times as long).

The user of a socket is that of the process which made it.  Linux forgets it once that process has closed the socket, and says 0, as
of root's: such a socket is told by having no inode, and lets no one in.  While this end is open no other socket can take its
place: the address and port of the other end are in use until both ends are closed.
"""

from __future__ import annotations

import functools
import logging
import os
import socket
import struct
import sys
from collections.abc import Mapping

from runtime.errors import BadSetting

ALLOWED = "SPAWN_LOOPBACK_USERS"
ANY = "*"
GONE = -1
"""No user: the other end was closed, or is no connection."""
_ROOT = 0

_log = logging.getLogger("runtime.servers")

Address = tuple[str, int]


class LoopbackUsers:
    """The users whose processes may connect: this process's own, root, and those that `SPAWN_LOOPBACK_USERS` names.

    Belongs to the loop of one server.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Raises BadSetting: the environment names a user that this machine does not have."""
        named = [each.strip() for each in environ.get("SPAWN_LOOPBACK_USERS", "").split(",") if each.strip()]
        self._allowed = {_ROOT, _own(), *(_number(each) for each in named if each != ANY)}
        self._told: set[int] = set()
        self._takes_any = ANY in named
        self._diagnosis: SocketDiagnosis | None = None

    def open(self) -> None:
        """Begin to look; until then, and where Linux does not say whose a connection is, nobody is refused."""
        if self._diagnosis is None and not self._takes_any and is_known():
            self._diagnosis = SocketDiagnosis()

    def refusal(self, local: object, peer: object) -> str:
        """Why a connection with these two ends may not come in; empty where it may, or where Linux does not say whose it is."""
        if self._diagnosis is None or not isinstance(local, tuple) or not isinstance(peer, tuple):
            return ""
        user = self._diagnosis.user((peer[0], peer[1]), (local[0], local[1]))
        if user is None or user in self._allowed:
            return ""
        is_first = user not in self._told
        self._told.add(user)
        place = f"{local[0]}:{local[1]}, which asks for no token"
        if user == GONE:
            if is_first:
                _log.warning("A client that left at once was refused at %s: no one can tell whose it was.", place)
            return "The other end of this connection was closed before it could be seen whose it is."
        if is_first:
            _log.warning("A process of user %d was refused at %s. %s=%d lets it in.", user, place, ALLOWED, user)
        return (
            f"Only processes of the user who started this listener may connect, and yours is user {user}'s ({ALLOWED})."
        )

    def close(self) -> None:
        """Look no more."""
        diagnosis, self._diagnosis = self._diagnosis, None
        if diagnosis is not None:
            diagnosis.close()


def _own() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else GONE


def _number(name: str) -> int:
    if name.isdecimal():
        return int(name)
    import pwd

    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise BadSetting(
            f"{ALLOWED} names the user {name!r}, whom this machine does not have; give names or numbers, or {ANY} for all."
        ) from None


# --- What Linux says of a socket --------------------------------------------------------------------------------------

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, _ERROR = 4, 20, 1, 2
_HEADER, _REQUEST = struct.Struct("=IHHII"), struct.Struct("=BBBBI")
_ENDS, _REST = struct.Struct("!HH16s16s"), struct.Struct("=I8s")
_STATE, _OWNER = struct.Struct("=BBBB"), struct.Struct("=IIIII")
_ANY_COOKIE = b"\xff" * 8
_CONNECTED = frozenset((1, 4, 5, 8, 9, 11))
"""States of a socket that is, or was, connected: no listener, and none that still connects."""
_MOST_BYTES = 8_192


class SocketDiagnosis:
    """Asks for one TCP socket of this machine at a time."""

    def __init__(self) -> None:
        """Raises OSError: this is no Linux, or it does not let a process ask."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_SOCK_DIAG
        )

    def user(self, local: Address, peer: Address) -> int | None:
        """The number of the user whose socket has these two ends; `GONE` for none; None where that cannot be told."""
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        try:
            ends = _ENDS.pack(local[1], peer[1], _packed(family, local[0]), _packed(family, peer[0]))
            request = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 0xFFFF_FFFF) + ends + _REST.pack(0, _ANY_COOKIE)
            size = _HEADER.size + len(request)
            self._socket.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + request)
            return _read(self._socket.recv(_MOST_BYTES), ends)
        except (OSError, struct.error):
            return None

    def close(self) -> None:
        self._socket.close()


def _packed(family: socket.AddressFamily, address: str) -> bytes:
    return socket.inet_pton(family, address.partition("%")[0]).ljust(16, b"\0")


def _read(answer: bytes, ends: bytes) -> int:
    """The user in an answer.  Raises struct.error: it is cut off."""
    _, kind, *_ = _HEADER.unpack_from(answer)
    if kind == _ERROR:
        return GONE
    _, state, *_ = _STATE.unpack_from(answer, _HEADER.size)
    at = _HEADER.size + _STATE.size
    *_, user, inode = _OWNER.unpack_from(answer, at + _ENDS.size + _REST.size)
    is_it = state in _CONNECTED and answer[at : at + _ENDS.size] == ends
    return user if is_it and inode else GONE


@functools.cache
def is_known() -> bool:
    """Whether this machine says whose a connection is, tried with one of our own."""
    if sys.platform != "linux":
        return False
    try:
        diagnosis = SocketDiagnosis()
    except OSError:
        return False
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as client,
        ):
            return diagnosis.user(client.getsockname(), client.getpeername()) == _own()
    except OSError:
        return False
    finally:
        diagnosis.close()
