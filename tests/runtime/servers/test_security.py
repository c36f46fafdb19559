"""Who may connect, and where a server may listen."""

from __future__ import annotations

import pytest

from runtime.errors import BadSetting
from runtime.security.crypto import Role
from runtime.servers.security import Rate, Security, certified_role, check_listener, is_loopback, is_unspecified

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


def test_one_token_for_acting_and_looking_is_refused() -> None:
    with pytest.raises(BadSetting, match="must be another"):
        check_listener("127.0.0.1", Security(token="same", look_token="same"))


def test_token_to_look_alone_is_enough() -> None:
    check_listener("127.0.0.1", Security(token="", look_token="look"))


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ([], Role.ACT),
        (["DNS:example"], Role.ACT),
        (["spawn:role:act"], Role.ACT),
        (["spawn:role:look"], Role.LOOK),
        (["spawn:role:act", "spawn:role:look"], Role.LOOK),
        (["spawn:role:unheard-of"], Role.LOOK),
    ],
)
def test_certificate_acts_only_if_nothing_in_it_says_less(names: list[str], role: Role) -> None:
    assert certified_role(names) is role


@pytest.mark.parametrize(("certified", "role"), [(None, Role.ACT), (Role.LOOK, Role.LOOK), (Role.ACT, Role.ACT)])
def test_certificate_decides_and_no_token_beside_it(certified: Role | None, role: Role) -> None:
    security = Security(token="secret", client_authority=b"pem", **TLS)

    assert security.role("Bearer wrong", certified) is role


@pytest.mark.parametrize(
    ("host", "unspecified"), [("0.0.0.0", True), ("::", True), ("[::]", True), ("127.0.0.1", False), ("name", False)]
)
def test_unspecified_address_is_known_by_its_value(host: str, unspecified: bool) -> None:
    assert is_unspecified(host) is unspecified


def test_rate_takes_what_a_second_may_bring_and_grows_again_with_time() -> None:
    now_s = 0.0
    rate = Rate(4, clock=lambda: now_s)

    assert [rate.take() for _ in range(6)] == [True] * 4 + [False] * 2
    now_s += 0.5
    assert [rate.take() for _ in range(3)] == [True, True, False]
    now_s += 100
    assert [rate.take() for _ in range(5)] == [True] * 4 + [False]
