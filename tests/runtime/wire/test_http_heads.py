"""Heads that came before: what is taken from memory, and what is left to the parser."""

from __future__ import annotations

import pytest

from runtime.wire.http_client import KnownHeads

HEAD = b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n"


def knowing(data: bytes, length: int) -> KnownHeads[str]:
    heads = KnownHeads[str]()
    heads.remember(data, length, "said")
    return heads


def test_same_head_with_another_body_of_that_length_is_known() -> None:
    heads = knowing(HEAD + b"abc", 3)

    assert heads.read(HEAD + b"xyz") == ("said", b"xyz")


@pytest.mark.parametrize("data", [HEAD, HEAD + b"xy", HEAD + b"xyz!", HEAD + b"xyz" + HEAD + b"abc", HEAD[:-2], b""])
def test_what_is_not_exactly_one_whole_message_is_left_to_the_parser(data: bytes) -> None:
    assert knowing(HEAD + b"abc", 3).read(data) is None


@pytest.mark.parametrize("changed", [HEAD.replace(b"POST", b"post"), HEAD.replace(b": 3", b":3"), b"\r\n" + HEAD])
def test_head_that_differs_in_a_byte_is_not_known(changed: bytes) -> None:
    assert knowing(HEAD + b"abc", 3).read(changed + b"xyz") is None


def test_head_is_not_noted_when_more_came_with_its_message() -> None:
    heads = knowing(HEAD + b"abc" + HEAD, 3)

    assert heads.read(HEAD + b"abc") is None


def test_message_without_body_is_known_by_its_head_alone() -> None:
    get = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    assert knowing(get, 0).read(get) == ("said", b"")


def test_memory_for_heads_is_bounded() -> None:
    heads = KnownHeads[int]()
    for number in range(10_000):
        heads.remember(b"GET /%d HTTP/1.1\r\n\r\n" % number, 0, number)
    heads.remember(b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 2_000), 0, -1)

    assert len(heads) <= 2_048
    assert heads.read(b"GET /9999 HTTP/1.1\r\n\r\n") == (9_999, b"")
    assert heads.read(b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 2_000)) is None
