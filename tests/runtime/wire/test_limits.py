"""Nesting is counted rightly, and fast on texts made to be slow."""

from __future__ import annotations

import json
import time

import pytest

from runtime.errors import BadPayload
from runtime.records import JSON, Encoded
from runtime.wire.limits import check_depth, json_depth


@pytest.mark.parametrize(
    ("value", "depth"),
    [([], 1), ([[]], 2), ([[], [[]]], 3), ({"a": {"b": [1]}}, 3), (["[[[", '"[['], 1), (["\\", "["], 1)],
)
def test_depth_of_json(value: object, depth: int) -> None:
    assert json_depth(json.dumps(value).encode(), 0) == min(depth, 1)
    assert json_depth(json.dumps([value] * 9).encode(), 8) == depth + 1


def test_deep_payload_is_refused() -> None:
    with pytest.raises(BadPayload, match="more than 100 deep"):
        check_depth(Encoded(JSON, b"[" * 101 + b"]" * 101), 100)


def test_payload_at_the_limit_passes() -> None:
    check_depth(Encoded(JSON, b"[" * 100 + b"]" * 100), 100)


@pytest.mark.parametrize("text", [b'"' + b"\\" * 400_000, b'"\\' * 200_000, b"[]" * 200_000, b'["' * 200_000])
def test_hostile_text_is_counted_in_linear_time(text: bytes) -> None:
    started = time.process_time()

    json_depth(text + b"[{" * 200, 300)

    assert time.process_time() - started < 2.0
