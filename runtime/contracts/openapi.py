"""An OpenAPI 3.1 document for the methods of a contract that have `google.api.http` rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.contracts.contract import Contract
from runtime.contracts.http_rules import Binding, Routes

_SCALARS: dict[str, dict[str, Any]] = {
    "double": {"type": "number", "format": "double"},
    "float": {"type": "number", "format": "float"},
    "int32": {"type": "integer", "format": "int32"},
    "sint32": {"type": "integer", "format": "int32"},
    "sfixed32": {"type": "integer", "format": "int32"},
    "uint32": {"type": "integer", "format": "uint32"},
    "fixed32": {"type": "integer", "format": "uint32"},
    # 64 bits do not fit a number of JavaScript's: protobuf writes them as text, and reads both.
    "int64": {"type": "string", "format": "int64"},
    "sint64": {"type": "string", "format": "int64"},
    "sfixed64": {"type": "string", "format": "int64"},
    "uint64": {"type": "string", "format": "uint64"},
    "fixed64": {"type": "string", "format": "uint64"},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
}
_SCALAR_TYPES = ("string", "number", "integer", "boolean")
_WELL_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Any": {"type": "object", "properties": {"@type": {"type": "string"}}},
    "google.protobuf.DoubleValue": _SCALARS["double"],
    "google.protobuf.FloatValue": _SCALARS["float"],
    "google.protobuf.Int64Value": _SCALARS["int64"],
    "google.protobuf.UInt64Value": _SCALARS["uint64"],
    "google.protobuf.Int32Value": _SCALARS["int32"],
    "google.protobuf.UInt32Value": _SCALARS["uint32"],
    "google.protobuf.BoolValue": _SCALARS["bool"],
    "google.protobuf.StringValue": _SCALARS["string"],
    "google.protobuf.BytesValue": _SCALARS["bytes"],
}
_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_SCALAR_MESSAGES = frozenset(name for name, schema in _WELL_KNOWN.items() if schema.get("type") in _SCALAR_TYPES)
"""Messages that a query parameter may be, as text."""
_ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "description": "Stable, such as `unknown_actor` or `action_failed`."},
        "message": {"type": "string"},
        "type_name": {"type": "string", "description": "For `action_failed`: the exception's class."},
        "text": {"type": "string"},
    },
}


def document(
    contract: Contract, *, title: str = "", version: str = "1", servers: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The document, ready for JSON."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for binding in Routes(contract).bindings:
        path, unnamed = binding.path.described()
        verb = binding.rule.verb.lower()
        # What OpenAPI has no word for is served, and not described; of two that look the same, the more specific one is.
        if verb in _VERBS and verb not in paths.get(path, {}):
            paths.setdefault(path, {})[verb] = _operation(binding, unnamed, schemas, used)
    return {
        "openapi": "3.1.0",
        "info": {"title": title or contract.package or "Actors", "version": version},
        "servers": [{"url": url} for url in servers],
        "paths": paths,
        "components": {
            "schemas": {**schemas.found, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(binding: Binding, unnamed: tuple[str, ...], schemas: _Schemas, used: set[str]) -> dict[str, Any]:
    method, rule = binding.method, binding.rule
    request: Any = method.descriptor.input_type
    identity = base = f"{binding.service.name}_{method.name}"
    number = 1
    while identity in used:  # a further binding of the same method
        number += 1
        identity = f"{base}_{number}"
    used.add(identity)
    operation: dict[str, Any] = {
        "operationId": identity,
        "tags": [binding.service.name],
        "parameters": [*_path_parameters(binding, unnamed, request, schemas), *_query(binding, request, schemas)],
        "responses": {
            "200": {"description": "The actor's answer.", "content": _json(_response(binding, schemas))},
            "default": {"description": "What went wrong.", "content": _json({"$ref": "#/components/schemas/Error"})},
        },
    }
    if method.comment:
        operation["summary"] = method.comment
    if rule.body == "*":
        operation["requestBody"] = {"required": True, "content": _json(schemas.of(request))}
    elif rule.body:
        field = request.fields_by_name[rule.body]
        operation["requestBody"] = {"required": True, "content": _json(schemas.field(field))}
    return operation


def _response(binding: Binding, schemas: _Schemas) -> dict[str, Any]:
    output: Any = binding.method.descriptor.output_type
    if binding.rule.response_body:
        return schemas.field(output.fields_by_name[binding.rule.response_body])
    schema = schemas.of(output)
    return {"type": "array", "items": schema} if binding.method.descriptor.server_streaming else schema


def _path_parameters(
    binding: Binding, unnamed: tuple[str, ...], request: Any, schemas: _Schemas
) -> Iterator[dict[str, Any]]:
    for name in binding.path.variables:
        yield {"name": name, "in": "path", "required": True, "schema": _schema_at(request, name, schemas)}
    for name in unnamed:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(binding: Binding, request: Any, schemas: _Schemas) -> list[dict[str, Any]]:
    """What neither path nor body gives: each field that a text can be, nested ones with dots."""
    if binding.rule.body == "*":
        return []
    taken = {*binding.path.variables, binding.rule.body}
    return [
        {"name": name, "in": "query", "schema": schemas.field(field)}
        for name, field in _leaves(request, "", ())
        if name not in taken and name.partition(".")[0] not in taken
    ]


def _leaves(message: Any, prefix: str, above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    above = (*above, message.full_name)
    for field in message.fields:
        kind = field.message_type
        if kind is None or kind.full_name in _SCALAR_MESSAGES:
            yield prefix + field.name, field
        elif not field.is_repeated and kind.full_name not in _WELL_KNOWN and kind.full_name not in above:
            yield from _leaves(kind, f"{prefix}{field.name}.", above)


def _schema_at(message: Any, path: str, schemas: _Schemas) -> dict[str, Any]:
    *outer, last = path.split(".")
    for part in outer:
        message = message.fields_by_name[part].message_type
    return schemas.field(message.fields_by_name[last])


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


class _Schemas:
    """Schemas of messages and enums, each once."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}

    def of(self, message: Any) -> dict[str, Any]:
        name = message.full_name
        if name in _WELL_KNOWN:
            return _WELL_KNOWN[name]
        if name not in self.found:
            self.found[name] = {}  # first, for messages that contain themselves
            properties = {field.json_name: self.field(field) for field in message.fields}
            self.found[name] = {"type": "object", "properties": properties}
        return {"$ref": f"#/components/schemas/{name}"}

    def field(self, field: Any) -> dict[str, Any]:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return {"type": "object", "additionalProperties": self._single(field.message_type.fields_by_name["value"])}
        single = self._single(field)
        return {"type": "array", "items": single} if field.is_repeated else single

    def _single(self, field: Any) -> dict[str, Any]:
        if field.message_type is not None:
            return self.of(field.message_type)
        if field.enum_type is not None:
            return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
        return _SCALARS[_TYPE_NAMES[field.type]]


_TYPE_NAMES = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
    12: "bytes", 13: "uint32", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
}  # fmt: skip
