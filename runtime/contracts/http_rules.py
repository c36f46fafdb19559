"""`google.api.http`: from a verb, a path, a query and a body to a method and its request.

The rules are those of `google/api/http.proto`: variables of the path may be nested fields and span segments, `body: "*"` is
the rest of the request, `body: "field"` one field, and what neither path nor body gives comes from the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from runtime.contracts.contract import Contract, HttpRule, Method, Service
from runtime.contracts.http_paths import PathTemplate, read_template
from runtime.errors import BadPayload, ContractError

_ANY_VERB = "*"
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_BOOL_VALUE = "google.protobuf.BoolValue"

Values = Sequence[tuple[str, str]]
"""Variables of a path with their values."""


@dataclass(frozen=True)
class Binding:
    """One way to reach one method."""

    service: Service
    method: Method
    rule: HttpRule
    path: PathTemplate

    def request(self, values: Values, query: str, body: bytes) -> Message:
        """The request that an HTTP call stands for.

        Raises:
            BadPayload: something in it does not fit; the message says what.
        """
        fields: dict[str, Any] = {}
        if self.rule.body != "*":
            for name, value in parse_qsl(query, keep_blank_values=True):
                self._put(fields, name, value)
        self._read_body(fields, body)
        for name, value in values:
            self._put(fields, name, value, is_final=True)
        request = self.method.request()
        try:
            json_format.ParseDict(fields, request)
        except (json_format.ParseError, AttributeError, KeyError, TypeError, ValueError) as error:
            # The library has an error of its own for what does not fit, but not for all of it: see `{"@type": 1}`.
            raise BadPayload(f"{self.service.name}.{self.method.name}: {error}") from None
        return request

    def _read_body(self, fields: dict[str, Any], body: bytes) -> None:
        if not self.rule.body or not body.strip():
            return
        name = f"{self.service.name}.{self.method.name}"
        try:
            given = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadPayload(f"{name}: the body is no JSON: {error}") from None
        if self.rule.body != "*":
            fields[self._descriptor(self.rule.body).json_name] = given
        elif isinstance(given, dict):
            fields.update(given)
        else:
            raise BadPayload(f"{name}: the body must be a JSON object.")

    def _descriptor(self, name: str) -> Any:
        return self.method.descriptor.input_type.fields_by_name[name]

    def _put(self, fields: dict[str, Any], path: str, text: str, *, is_final: bool = False) -> None:
        """A value from path or query; one that a query gives again makes a list, as does a repeated field.

        Fields are entered under their JSON names, whichever of their names was used: a value of the path wins over any other.
        """
        *outer, last = path.split(".")
        message: Any = self.method.descriptor.input_type
        for part in outer:
            field = _field(message, part)
            message = field.message_type if field is not None else None
            if is_final and field is not None:
                _rename(fields, field)
            fields = fields.setdefault(field.json_name if field is not None else part, {})
            if not isinstance(fields, dict):
                raise BadPayload(f"{path!r} contradicts another value of the same call.")
        field = _field(message, last)
        if field is None:
            fields[last] = text
        elif field.is_repeated:
            fields.setdefault(field.json_name, []).append(_value(field, text))
        else:
            if is_final:
                _rename(fields, field)
            fields[field.json_name] = _value(field, text)


class Routes:
    """All bindings of a contract's actors."""

    def __init__(self, contract: Contract) -> None:
        """Raises ContractError: a rule cannot be used; the message names it."""
        self.bindings = tuple(_bindings(contract))

    def find(self, verb: str, path: str) -> tuple[Binding, Values] | set[str]:
        """The binding for a call and its variables; else the verbs that the path has, empty for an unknown path.

        More literal paths win over those with variables.
        """
        verbs = set()
        for binding in self.bindings:
            values = binding.path.values(path)
            if values is None:
                continue
            served = binding.rule.verb
            if served in (verb, _ANY_VERB) or (verb == "HEAD" and served == "GET"):
                return binding, values
            verbs.add(served)
        return verbs


def _bindings(contract: Contract) -> Iterator[Binding]:
    found = [
        _binding(service, method, rule)
        for service in contract.services.values()
        if service.is_actor
        for method in service.methods.values()
        for rule in method.rules
    ]
    yield from sorted(found, key=lambda binding: (binding.path.rank, binding.rule.verb == _ANY_VERB))


def _binding(service: Service, method: Method, rule: HttpRule) -> Binding:
    name = f"{service.name}.{method.name}"
    if method.descriptor.client_streaming:
        raise ContractError(f"{name} streams its requests, which HTTP/JSON cannot; take its google.api.http rule away.")
    path = read_template(rule.path, name)
    request: Any = method.descriptor.input_type
    for field in [*path.variables, *([rule.body] if rule.body not in ("", "*") else [])]:
        _check_field(name, request, field)
    if rule.response_body:
        _check_field(name, method.descriptor.output_type, rule.response_body)
    return Binding(service, method, rule, path)


def _check_field(name: str, message: Any, path: str) -> None:
    descriptor = message
    for part in path.split("."):
        field = descriptor.fields_by_name.get(part) if descriptor is not None else None
        if field is None:
            raise ContractError(
                f"{name}: its google.api.http rule names {path!r}, and {message.full_name} has no such field."
            )
        descriptor = field.message_type


def _field(message: Any, name: str) -> Any:
    """A field by its name in the contract, or by the one that it has in JSON; None for neither."""
    if message is None:
        return None
    found = message.fields_by_name.get(name)
    return found or next((each for each in message.fields if each.json_name == name), None)


def _rename(fields: dict[str, Any], field: Any) -> None:
    """What a body gave by the field's name in the contract, under its JSON name."""
    if field.name != field.json_name and field.name in fields:
        fields[field.json_name] = fields.pop(field.name)


def _value(field: Any, text: str) -> Any:
    """A text as JSON has the field: booleans are none in quotes."""
    is_bool = field.type == field.TYPE_BOOL or (
        field.message_type is not None and field.message_type.full_name == _BOOL_VALUE
    )
    return _BOOLEANS.get(text, text) if is_bool else text
