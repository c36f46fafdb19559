"""Payloads and states between records and Spawn's messages."""

from __future__ import annotations

import msgspec
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from hypothesis import given
from hypothesis import strategies as st

from runtime.records import JSON, NOOP, Encoded
from runtime.wire.codecs.values import decode_value
from runtime.wire.pb.spawn.actors.protocol_pb2 import InvocationResponse, JSONType, ServiceInfo
from runtime.wire.spawn.messages import (
    Dialect,
    dialect_of,
    from_any,
    payload_of,
    presumed_dialect,
    set_payload,
    state_of,
    to_any,
)

urls = st.one_of(st.text(max_size=40), st.sampled_from(["type.googleapis.com/google.protobuf.StringValue", ""]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
encoded = st.one_of(
    st.none(),
    st.just(Encoded(NOOP, b"")),
    st.builds(lambda value: Encoded(JSON, msgspec.json.encode(value)), json_values),
    st.builds(Encoded, urls.filter(lambda url: url not in (JSON, NOOP) and dialect_of(url) is None), st.binary()),
)


@given(encoded, st.sampled_from(Dialect))
def test_every_payload_comes_back_equal_in_every_dialect(value: Encoded | None, dialect: Dialect) -> None:
    message = InvocationResponse()
    set_payload(message, value, dialect)
    received = InvocationResponse.FromString(message.SerializeToString())

    assert payload_of(received, received.WhichOneof("payload")) == value


@given(urls, st.binary())
def test_every_any_has_a_value_and_decodes_without_error(url: str, data: bytes) -> None:
    decode_value(from_any(AnyMessage(type_url=url, value=data)))


@given(st.binary(), st.sampled_from(Dialect))
def test_json_type_with_any_bytes_decodes_without_error(data: bytes, dialect: Dialect) -> None:
    decode_value(from_any(AnyMessage(type_url=f"type.googleapis.com/{dialect}.JSONType", value=data)))


@pytest.mark.parametrize("content", ["", "{", "nul", "[" * 300 + "]" * 300, '{"a":1}x'])
def test_json_that_is_none_or_too_deep_stays_opaque_and_keeps_its_bytes(content: str) -> None:
    data = JSONType(content=content).SerializeToString()
    value = from_any(AnyMessage(type_url="type.googleapis.com/eigr.functions.protocol.JSONType", value=data))
    back = AnyMessage()
    to_any(value, back, Dialect.OLD)

    assert value.type != JSON
    assert back == AnyMessage(type_url="type.googleapis.com/eigr.functions.protocol.JSONType", value=data)


def test_many_brackets_that_are_not_deep_are_json() -> None:
    content = msgspec.json.encode([["[" * 50]] * 300).decode()
    packed = AnyMessage(
        type_url="type.googleapis.com/spawn.JSONType", value=JSONType(content=content).SerializeToString()
    )

    assert from_any(packed) == Encoded(JSON, content.encode())


@pytest.mark.parametrize("source", Dialect)
@pytest.mark.parametrize("target", Dialect)
@pytest.mark.parametrize("kind", ["JSONType", "Noop"])
def test_protocol_types_are_renamed_for_the_other_dialect(source: Dialect, target: Dialect, kind: str) -> None:
    data = JSONType(content="{}").SerializeToString() if kind == "JSONType" else b""
    rewritten = AnyMessage()
    to_any(from_any(AnyMessage(type_url=f"type.googleapis.com/{source}.{kind}", value=data)), rewritten, target)

    assert rewritten == AnyMessage(type_url=f"type.googleapis.com/{target}.{kind}", value=data)


@pytest.mark.parametrize(
    "url", ["", "type.googleapis.com/google.protobuf.Empty", "type.googleapis.com/eigr.spawn.Noop"]
)
def test_whatever_means_nothing_decodes_to_none(url: str) -> None:
    assert decode_value(from_any(AnyMessage(type_url=url))) is None


def test_empty_any_is_no_state() -> None:
    assert state_of(AnyMessage()) is None


@pytest.mark.parametrize(
    ("service", "dialect"),
    [
        (ServiceInfo(protocol_minor_version=1), Dialect.OLD),
        (ServiceInfo(protocol_minor_version=2), Dialect.NEW),
        (ServiceInfo(protocol_minor_version=1, support_library_name="spawn-elixir-sdk"), Dialect.NEW),
        (ServiceInfo(), Dialect.OLD),
    ],
)
def test_host_that_has_shown_nothing_is_taken_for_what_it_announces(service: ServiceInfo, dialect: Dialect) -> None:
    assert presumed_dialect(service) is dialect
