"""Listeners without a token answer the processes of their own user, and no one else's."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from runtime.errors import BadSetting
from runtime.servers.http import peer_user
from runtime.servers.http.messages import PLAIN_TEXT, Access, HttpLimits, Request, Response
from runtime.servers.http.peer_user import GONE, LoopbackUsers, SocketDiagnosis, is_known
from runtime.servers.http.server import HttpServer
from runtime.servers.security import Security

OWN, ANOTHER = os.geteuid(), 54_321
ENDS = ("127.0.0.1", 8091), ("127.0.0.1", 40_000)

on_linux = pytest.mark.skipif(not is_known(), reason="this machine does not say whose a connection is")


class Saying:
    """Says of every connection that it is that user's."""

    def __init__(self, user: int | None) -> None:
        self.user_of_all = user

    def user(self, local: object, peer: object) -> int | None:
        return self.user_of_all

    def close(self) -> None: ...


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    def say(user: int | None) -> None:
        monkeypatch.setattr(peer_user, "SocketDiagnosis", lambda: Saying(user))
        monkeypatch.setattr(peer_user, "is_known", lambda: True)

    return say


def opened(allowed: str) -> LoopbackUsers:
    users = LoopbackUsers({"SPAWN_LOOPBACK_USERS": allowed})
    users.open()
    return users


@pytest.mark.parametrize(
    ("user", "allowed", "is_let_in"),
    [
        (OWN, "", True),
        (0, "", True),
        (ANOTHER, "", False),
        (ANOTHER, "root, 54321", True),
        (ANOTHER, "54322", False),
        (ANOTHER, "*", True),
        (GONE, "54321", False),
        (None, "", True),
    ],
)
def test_own_user_root_and_named_ones_are_let_in(
    says: Callable[[int | None], None], user: int | None, allowed: str, is_let_in: bool
) -> None:
    says(user)

    assert (opened(allowed).refusal(*ENDS) == "") is is_let_in


def test_user_that_does_not_exist_is_an_error_of_the_setting() -> None:
    with pytest.raises(BadSetting, match="SPAWN_LOOPBACK_USERS names the user 'no-such-user'"):
        LoopbackUsers({"SPAWN_LOOPBACK_USERS": "no-such-user"})


def test_owner_is_told_once_of_each_user_that_was_refused(
    says: Callable[[int | None], None], caplog: pytest.LogCaptureFixture
) -> None:
    says(ANOTHER)
    users = opened("")

    with caplog.at_level(logging.WARNING):
        said = {users.refusal(*ENDS) for _ in range(3)}

    assert len(said) == 1
    assert [each.getMessage() for each in caplog.records] == [
        "A process of user 54321 was refused at 127.0.0.1:8091, which asks for no token. SPAWN_LOOPBACK_USERS=54321 lets it in."
    ]


@contextmanager
def connected(address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection: the client's, and the listener's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        client = socket.create_connection(listener.getsockname()[:2])
        with client, listener.accept()[0] as accepted:
            yield client, accepted


@on_linux
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_user_is_that_of_the_other_end(address: str) -> None:
    with closing(SocketDiagnosis()) as diagnosis, connected(address) as (client, accepted):
        ends = accepted.getpeername()[:2], accepted.getsockname()[:2]
        open_still = diagnosis.user(*ends)
        client.shutdown(socket.SHUT_WR)

        assert (open_still, diagnosis.user(*ends)) == (OWN, OWN)


@on_linux
def test_closed_end_has_no_user() -> None:
    with closing(SocketDiagnosis()) as diagnosis, connected("127.0.0.1") as (client, accepted):
        ends = accepted.getpeername()[:2], accepted.getsockname()[:2]
        client.close()

        assert diagnosis.user(*ends) == GONE


@on_linux
def test_listener_on_the_other_ends_port_does_not_answer_for_it() -> None:
    with closing(SocketDiagnosis()) as diagnosis, socket.create_server(("127.0.0.1", 0)) as listener:
        assert diagnosis.user(listener.getsockname(), ("127.0.0.1", 1)) == GONE


class Greeting:
    """Answers every request."""

    def access(self, method: str, path: str) -> Access:
        return Access()

    def refused(self, path: str, status: int, error: Exception) -> Response:
        return Response(status, str(error).encode(), PLAIN_TEXT)

    def handle(self, request: Request, reply: Callable[[Response], bool]) -> None:
        reply(Response(200, b"hello", PLAIN_TEXT))


async def _asked(server: HttpServer, get: Callable[[int], bytes]) -> bytes:
    port = await server.listen(0)
    try:
        return await asyncio.to_thread(get, port)
    finally:
        await server.close(1.0)


def get(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(("security", "status"), [(None, b"HTTP/1.1 403"), (Security(token="x"), b"HTTP/1.1 401")])
def test_process_of_another_user_is_told_by_its_user_only_where_no_token_tells(
    says: Callable[[int | None], None], security: Security | None, status: bytes
) -> None:
    says(ANOTHER)

    async def ask() -> bytes:
        return await _asked(HttpServer(Greeting(), security=security, limits=HttpLimits()), get)

    answer = asyncio.run(ask())

    assert answer.startswith(status)
    assert b"hello" not in answer


_LEAVING = """
import os, socket, sys
os.setuid(int(sys.argv[1]))
end = socket.socket()
end.connect(("127.0.0.1", int(sys.argv[2])))
end.sendall(b"GET / HTTP/1.1")
end.close()
"""
_AS_ANOTHER = """
import os, socket, sys
os.setuid(int(sys.argv[1]))
end = socket.socket()
end.connect(("127.0.0.1", int(sys.argv[2])))
end.sendall(b"GET / HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n")
while data := end.recv(65536):
    os.write(1, data)
"""


as_root = pytest.mark.skipif(OWN != 0, reason="only root can become another user")


@on_linux
@as_root
def test_closed_end_of_another_user_is_never_taken_for_roots() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, closing(SocketDiagnosis()) as diagnosis:
        port = listener.getsockname()[1]
        subprocess.run([sys.executable, "-c", _LEAVING, str(ANOTHER), str(port)], check=True, timeout=60)
        with listener.accept()[0] as accepted:
            user = diagnosis.user(accepted.getpeername(), accepted.getsockname())

    assert user == GONE


@on_linux
@as_root
def test_process_that_became_another_user_gets_nothing() -> None:
    def get_as_another(port: int) -> bytes:
        done = subprocess.run(
            [sys.executable, "-c", _AS_ANOTHER, str(ANOTHER), str(port)], capture_output=True, check=True, timeout=60
        )
        return done.stdout

    async def ask() -> tuple[bytes, bytes]:
        return (
            await _asked(HttpServer(Greeting()), get_as_another),
            await _asked(HttpServer(Greeting()), get),
        )

    refused, answered = asyncio.run(ask())

    assert refused.startswith(b"HTTP/1.1 403")
    assert b"yours is user 54321's" in refused
    assert answered.startswith(b"HTTP/1.1 200")
