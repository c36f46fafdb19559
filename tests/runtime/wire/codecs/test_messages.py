"""Protobuf and JSON callers reach both kinds of actions; messages become plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

from runtime.authoring.actor import Actor, action
from runtime.errors import BadPayload
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.wire.codecs.messages import plain


class Mixed(Actor, name="mixed"):
    @action
    def message(self, field: FieldDescriptorProto) -> FieldDescriptorProto:
        return field

    @action
    def fields(self, name: str, number: int, json_name: str = "none") -> list[Any]:
        return [name, number, json_name]

    @action
    def anything(self, **fields: Any) -> dict[str, Any]:
        return fields


@pytest.fixture(scope="module")
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Mixed)
        yield system


def test_json_caller_reaches_an_action_that_takes_a_message(system: EmbeddedSystem) -> None:
    answer = system.invoke("mixed", "message", {"name": "total", "type": "TYPE_INT64", "jsonName": "t"})

    assert answer == FieldDescriptorProto(name="total", type="TYPE_INT64", json_name="t")


@pytest.mark.parametrize("payload", [{"nme": "x"}, {"number": "x"}, [1], "x"])
def test_json_that_does_not_fit_the_message_is_refused(system: EmbeddedSystem, payload: Any) -> None:
    with pytest.raises(BadPayload, match=r"mixed\.message takes a google\.protobuf\.FieldDescriptorProto"):
        system.invoke("mixed", "message", payload)


def test_message_caller_reaches_an_action_that_takes_fields(system: EmbeddedSystem) -> None:
    assert system.invoke("mixed", "fields", FieldDescriptorProto(name="total", number=3)) == ["total", 3, "none"]


def test_message_with_fields_that_are_no_parameters_is_refused(system: EmbeddedSystem) -> None:
    with pytest.raises(BadPayload, match="no parameter 'label'"):
        system.invoke("mixed", "fields", FieldDescriptorProto(name="total", number=3, label="LABEL_OPTIONAL"))


def test_message_of_another_type_is_refused(system: EmbeddedSystem) -> None:
    with pytest.raises(BadPayload, match=r"takes a google\.protobuf\.FieldDescriptorProto message"):
        system.invoke("mixed", "message", DescriptorProto(name="x"))


def test_nested_message_becomes_plain_values(system: EmbeddedSystem) -> None:
    given = DescriptorProto(name="Counter", field=[FieldDescriptorProto(name="total", type="TYPE_INT64")])

    found = system.invoke("mixed", "anything", given)

    assert found["name"] == "Counter"


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (timestamp_pb2.Timestamp(seconds=0), "1970-01-01T00:00:00Z"),
        (wrappers_pb2.Int64Value(value=5), "5"),
    ],
)
def test_well_known_types_have_their_own_form(message: Any, value: Any) -> None:
    assert plain(message) == value


def test_fields_without_presence_are_there_with_zero() -> None:
    found = plain(_own_message())

    assert found == {"name": "", "count": 0, "parts": [], "tags": {}, "data": "", "kind": "NONE"}


def test_set_fields_come_as_numbers_names_and_base64() -> None:
    message = _own_message()
    message.count, message.data, message.kind = 2**60, b"\x00\xff", 1
    message.tags["a"] = "b"
    message.note = ""

    found = plain(message)

    assert (found["count"], found["data"], found["kind"], found["note"]) == (2**60, "AP8=", "SOME", "")
    assert found["tags"] == {"a": "b"}


def _own_message() -> Any:
    """A message with one field of each sort, from a pool of its own."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

    file = text_format.Parse(_OWN, descriptor_pb2.FileDescriptorProto())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("own.Thing"))()


_OWN = """
name: "own.proto" package: "own" syntax: "proto3"
enum_type { name: "Kind" value { name: "NONE" number: 0 } value { name: "SOME" number: 1 } }
message_type {
  name: "Thing"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "count" number: 2 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "parts" number: 3 type: TYPE_INT32 label: LABEL_REPEATED }
  field { name: "tags" number: 4 type: TYPE_MESSAGE type_name: ".own.Thing.TagsEntry" label: LABEL_REPEATED }
  field { name: "data" number: 5 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "kind" number: 6 type: TYPE_ENUM type_name: ".own.Kind" label: LABEL_OPTIONAL }
  field { name: "note" number: 7 type: TYPE_STRING label: LABEL_OPTIONAL proto3_optional: true oneof_index: 0 }
  oneof_decl { name: "_note" }
  nested_type {
    name: "TagsEntry"
    field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "value" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
    options { map_entry: true }
  }
}
"""
