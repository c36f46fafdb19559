"""Certificates that the runtime makes are good for TLS in both directions, and for nothing else."""

from __future__ import annotations

import socket
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.servers.certificates import Certificates, make_certificates


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls") / "certificates")


def greet(files: Certificates, client: ssl.SSLContext, name: str) -> bytes:
    """What a client gets from a TLS server that wants its certificate."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files.authority)
    server.load_cert_chain(files.server, files.server_key)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_STRICT  # the default since Python 3.13
    here, there = socket.socketpair()
    here.settimeout(10)
    there.settimeout(10)

    def serve() -> None:
        with server.wrap_socket(here, server_side=True) as connection:
            connection.sendall(b"hello")

    with ThreadPoolExecutor(1) as pool, there:
        served = pool.submit(serve)
        try:
            with client.wrap_socket(there, server_hostname=name) as connection:
                answer = connection.recv(5)
        finally:
            here.close()
        served.result()
        return answer


def client_context(files: Certificates, *, with_certificate: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files.authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if with_certificate:
        context.load_cert_chain(files.client, files.client_key)
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_both_sides_accept_each_other(files: Certificates, name: str) -> None:
    assert greet(files, client_context(files), name) == b"hello"


def test_server_is_not_accepted_under_another_name(files: Certificates) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        greet(files, client_context(files), "example.org")


def test_client_without_certificate_gets_nothing(files: Certificates) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        assert greet(files, client_context(files, with_certificate=False), "localhost") == b"hello"


def test_keys_are_their_owners_only(files: Certificates) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in (files.server_key, files.client_key)} == {0o600}


def test_existing_certificates_are_not_replaced(files: Certificates) -> None:
    with pytest.raises(FileExistsError, match="choose another directory"):
        make_certificates(files.authority.parent)
