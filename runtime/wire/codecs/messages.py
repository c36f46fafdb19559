"""Message classes by name, and messages as plain values.

Classes of generated modules are found in protobuf's default pool.  A contract that was compiled in a cell has a pool of its
own, so that two versions live side by side; its classes are registered here, and the latest of a name decodes what says no
more than that name.  Where the class is known otherwise (an action's parameter, a state type), that one is used.
"""

from __future__ import annotations

import base64
import functools
import importlib
from typing import Any

from google.protobuf import descriptor_pool, json_format, message_factory, symbol_database
from google.protobuf.message import DecodeError, Message

_registered: dict[str, type[Message]] = {}

_WELL_KNOWN = "google.protobuf."
_MODULES = {
    "Any": "any", "Duration": "duration", "Empty": "empty", "FieldMask": "field_mask", "ListValue": "struct",
    "Struct": "struct", "Timestamp": "timestamp", "Value": "struct",
}  # fmt: skip


def register(message_class: type[Message]) -> None:
    """Decode messages of this name as this class from now on."""
    _registered[message_class.DESCRIPTOR.full_name] = message_class


def class_named(full_name: str) -> type[Message] | None:
    """The class that decodes messages of that name here; None if there is none."""
    found = _registered.get(full_name)
    if found is not None:
        return found
    if full_name.startswith(_WELL_KNOWN):
        _load_well_known(full_name)
    try:
        known: type[Message] = symbol_database.Default().GetSymbol(full_name)
    except KeyError:
        return None
    return known


def _load_well_known(full_name: str) -> None:
    """Protobuf's own messages are known once their module was imported."""
    name = full_name.removeprefix(_WELL_KNOWN)
    module = _MODULES.get(name, "wrappers" if name.endswith("Value") else "")
    if module:
        importlib.import_module(f"google.protobuf.{module}_pb2")


def decoded(type_url: str, data: bytes, expected: type[Message] | None = None) -> Message | None:
    """A message from its bytes; None where its class is not known, or where it is not that.

    Args:
        expected: its class, if the context says so; its name must be that of the URL.
    """
    name = type_url.rpartition("/")[2]
    kind = expected if expected is not None and expected.DESCRIPTOR.full_name == name else class_named(name)
    if kind is None or (expected is not None and kind is not expected):
        return None
    try:
        return kind.FromString(data)
    except DecodeError:
        return None


Files = tuple[bytes, ...]
"""The descriptors of a `.proto` and of all that it imports, serialised, each after those that it needs."""


def files_of(message_class: type[Message]) -> Files:
    """What a class was made from, for another process to make it again."""
    return descriptor_files(message_class.DESCRIPTOR.file)


def descriptor_files(file: Any) -> Files:
    """A file's descriptors, itself last."""
    needed = dict.fromkeys(data for each in file.dependencies for data in descriptor_files(each))
    return (*needed, file.serialized_pb)


def class_from_files(files: Files, full_name: str) -> type[Message]:
    """A message class made from descriptors; the same one for the same files.  It decodes what has its name from now on."""
    made = message_factory.GetMessageClass(pool_of(files).FindMessageTypeByName(full_name))
    register(made)
    return made


@functools.cache
def pool_of(files: Files) -> descriptor_pool.DescriptorPool:
    """A pool of these files alone."""
    pool = descriptor_pool.DescriptorPool()
    for each in files:
        pool.AddSerializedFile(each)
    return pool


def message_of(message_class: type[Message], data: bytes) -> Message:
    """A message from its bytes."""
    return message_class.FromString(data)


def from_json(text: bytes, expected: type[Message]) -> Message:
    """A message from JSON text by protobuf's own rules.

    Raises:
        ValueError: it does not fit; the message says where.
    """
    message = expected()
    try:
        json_format.Parse(text, message)
    except json_format.ParseError as error:
        raise ValueError(str(error).removeprefix("Failed to parse ")) from error
    return message


def plain(message: Message) -> Any:
    """A message as what JSON has: fields by their name in the `.proto`, numbers as numbers, enum values by name.

    Fields with presence that are not set are left out; of the others, the zero value is there.
    """
    if message.DESCRIPTOR.full_name.startswith(_WELL_KNOWN):
        return _whole(json_format.MessageToDict(message))
    return {
        field.name: _plain_field(message, field)
        for field in message.DESCRIPTOR.fields
        if not field.has_presence or message.HasField(field.name)
    }


def _whole(value: Any) -> Any:
    """JSON has one kind of number, which `google.protobuf.Value` keeps as a float: whole ones were meant as such."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def instance_field(message: Message) -> str:
    """The field that says for which instance of a template the message is; empty for none."""
    from runtime.wire.pb.spawn.actors import extensions_pb2

    mark: Any = extensions_pb2.actor_id
    return next((f.name for f in message.DESCRIPTOR.fields if f.GetOptions().Extensions[mark]), "")


def _plain_field(message: Message, field: Any) -> Any:
    value = getattr(message, field.name)
    if not field.is_repeated:
        return _plain_value(value, field)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        of_value = field.message_type.fields_by_name["value"]
        return {str(key): _plain_value(item, of_value) for key, item in value.items()}
    return [_plain_value(item, field) for item in value]


def _plain_value(value: Any, field: Any) -> Any:
    if field.message_type is not None:
        return plain(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return value if known is None else known.name
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
