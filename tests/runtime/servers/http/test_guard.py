"""The guard's judgement by itself: one head, one answer.  `tests/workbench/remote/test_listeners.py` attacks the listeners."""

from __future__ import annotations

import pytest

from runtime.security.crypto import Role
from runtime.servers.http.guard import PROTOBUF, HttpGuard, is_of_foreign_page
from runtime.servers.http.messages import Access
from runtime.servers.security import Security

ANYBODY = Access(role=None)


def status(guard: HttpGuard, headers: dict[bytes, bytes], access: Access = ANYBODY, role: Role | None = None) -> int:
    refused = guard.refusal("POST", headers, access, role)
    return 200 if refused is None else refused[0]


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({b"host": b"a:1"}, False),
        ({b"host": b"a:1", b"origin": b"http://a:1"}, False),
        ({b"host": b"A:1", b"origin": b"HTTP://a:1"}, False),
        ({b"host": b"a:1", b"origin": b"https://a:1", b"sec-fetch-site": b"same-origin"}, False),
        ({b"host": b"a:1", b"sec-fetch-site": b"none"}, False),
        ({b"host": b"a:1", b"origin": b"http://a:2"}, True),
        ({b"host": b"a:1", b"origin": b"null"}, True),
        ({b"host": b"a:1", b"origin": b""}, True),
        ({b"origin": b"http://a:1"}, True),
        ({b"host": b"", b"origin": b""}, True),
        ({b"host": b"a:1", b"origin": b"http://a:1", b"sec-fetch-site": b"cross-site"}, True),
        ({b"host": b"a:1", b"sec-fetch-site": b"same-site"}, True),
        ({b"host": b"a:1", b"sec-fetch-site": b""}, True),
    ],
)
def test_page_is_foreign_unless_the_browser_says_that_it_is_the_servers_own(
    headers: dict[bytes, bytes], foreign: bool
) -> None:
    assert is_of_foreign_page(headers) is foreign
    assert status(HttpGuard("127.0.0.1", names=["a"]), headers) == (403 if foreign else 200)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"", 200),
        (b"127.0.0.1:80", 200),
        (b"LOCALHOST", 200),
        (b"[::1]:80", 200),
        (b"0.0.0.0", 200),
        (b"Actors.Internal:80", 200),
        (b"evil.example", 421),
        (b"localhost.evil.example", 421),
        (b"[::1].evil.example", 421),
        (b"192.0.2.7", 421),
        (b"[2001:db8::7]:80", 421),
        (b"\xff", 421),
    ],
)
def test_local_listener_answers_to_names_of_its_machine_only(host: bytes, expected: int) -> None:
    assert status(HttpGuard("127.0.0.1", names=["actors.internal", ""]), {b"host": host}) == expected


def test_listener_for_other_machines_answers_to_any_name() -> None:
    assert status(HttpGuard("0.0.0.0", Security()), {b"host": b"any.example"}) == 200


@pytest.mark.parametrize("needed", [Role.LOOK, Role.ACT])
@pytest.mark.parametrize("held", [None, Role.LOOK, Role.ACT])
def test_role_must_be_enough(held: Role | None, needed: Role) -> None:
    expected = 401 if held is None else 403 if (held, needed) == (Role.LOOK, Role.ACT) else 200

    assert status(HttpGuard("127.0.0.1"), {}, Access(role=needed), held) == expected


def test_sender_is_known_by_its_header_and_everyone_acts_where_no_token_is_needed() -> None:
    guard = HttpGuard("127.0.0.1", Security(token="secret", look_token="look"))

    assert guard.role({b"authorization": b"Bearer secret"}) is Role.ACT
    assert guard.role({b"authorization": b"Bearer look"}) is Role.LOOK
    assert guard.role({}) is None
    assert HttpGuard("127.0.0.1").role({}) is Role.ACT


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"content-type": b"application/protobuf"}, 200),
        ({b"content-type": b"Application/Protobuf ; charset=x"}, 200),
        ({b"content-type": b"text/plain"}, 415),
        ({b"content-type": b"text/plain", b"content-length": b"0"}, 415),
        ({}, 200),
        ({b"content-length": b"0"}, 200),
        ({b"content-length": b"1"}, 415),
        ({b"transfer-encoding": b"chunked"}, 415),
    ],
)
def test_body_must_be_of_an_allowed_type_and_no_body_needs_one(headers: dict[bytes, bytes], expected: int) -> None:
    assert status(HttpGuard("127.0.0.1"), headers, Access(role=None, bodies=PROTOBUF)) == expected
    assert status(HttpGuard("127.0.0.1"), headers) == 200


def test_refusals_say_what_is_wrong_in_order_of_who_must_not_learn_more() -> None:
    guard = HttpGuard("127.0.0.1", Security(token="secret"))
    everything = {b"host": b"evil.example", b"origin": b"http://other", b"content-type": b"text/plain"}
    access = Access(role=Role.ACT, bodies=PROTOBUF)
    found = []
    for name in (b"", b"host", b"origin", b"authorization"):
        everything.pop(name, None)
        role = Role.ACT if name == b"authorization" else None
        found.append(status(guard, everything, access, role))

    assert found == [421, 403, 401, 415]
