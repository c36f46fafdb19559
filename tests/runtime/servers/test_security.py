"""Who may connect, and where a server may listen."""

from __future__ import annotations

import pytest

from runtime.errors import BadSetting
from runtime.servers.security import Security, check_listener, is_loopback

TLS = {"certificate": b"pem", "key": b"pem"}


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        ("Bearer secret", True),
        ("bearer secret", True),
        ("Bearer other", False),
        ("Basic secret", False),
        ("secret", False),
        ("", False),
    ],
)
def test_only_the_token_admits(header: str, admitted: bool) -> None:
    assert Security(token="secret").admits(header) is admitted


def test_server_without_token_admits_nobody() -> None:
    assert not Security(token="").admits("Bearer ")


def test_client_with_certificate_needs_no_token() -> None:
    assert Security(token="", client_authority=b"pem", **TLS).admits("")


def test_certificate_check_counts_only_with_tls() -> None:
    assert not Security(token="secret", client_authority=b"pem").admits("")


def test_token_and_key_are_not_shown() -> None:
    shown = repr(Security(token="secret", certificate=b"pem", key=b"private"))

    assert "secret" not in shown
    assert "private" not in shown


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "127.8.8.8"])
def test_loopback_needs_no_tls(host: str) -> None:
    check_listener(host, Security())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.4", "example.org", ""])
def test_other_addresses_are_refused_without_tls(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(BadSetting, match="without TLS"):
        check_listener(host, Security())


def test_other_addresses_are_allowed_with_tls_and_token() -> None:
    check_listener("0.0.0.0", Security(**TLS))


@pytest.mark.parametrize(
    "security",
    [
        Security(token=""),
        Security(certificate=b"pem"),
        Security(client_authority=b"pem"),
        Security(token="", **TLS),
    ],
)
def test_half_a_protection_is_refused(security: Security) -> None:
    with pytest.raises(BadSetting):
        check_listener("127.0.0.1", security)
