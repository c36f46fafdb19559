"""`google.api.http`: from a verb, a path, a query and a body to a method and its request.

The rules are those of `google/api/http.proto`: variables of the path may be nested fields and span segments, `body: "*"` is
the rest of the request, `body: "field"` one field, and what neither path nor body gives comes from the query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from google.protobuf import json_format
from google.protobuf.message import Message

from runtime.contracts.contract import Contract, HttpRule, Method, Service
from runtime.errors import BadPayload, ContractError

_VARIABLE = re.compile(r"\{([\w.]+)(?:=([^{}]*))?\}")
_NOT_IN_A_SEGMENT = "[^/]+"


@dataclass(frozen=True)
class Binding:
    """One way to reach one method."""

    service: Service
    method: Method
    rule: HttpRule
    pattern: re.Pattern[str]
    variables: tuple[str, ...]
    """Paths of request fields, in the order of the pattern's groups."""

    def request(self, groups: Sequence[str], query: str, body: bytes) -> Message:
        """The request that an HTTP call stands for.

        Raises:
            BadPayload: something in it does not fit; the message says what.
        """
        fields: dict[str, Any] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            if self.rule.body != "*":
                _add(fields, name, value, self.method)
        self._read_body(fields, body)
        for name, value in zip(self.variables, groups, strict=True):
            _put(fields, name, unquote(value))
        request = self.method.request()
        try:
            json_format.ParseDict(fields, request)
        except json_format.ParseError as error:
            raise BadPayload(f"{self.service.name}.{self.method.name}: {error}") from None
        return request

    def _read_body(self, fields: dict[str, Any], body: bytes) -> None:
        if not self.rule.body or not body.strip():
            return
        name = f"{self.service.name}.{self.method.name}"
        try:
            given = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadPayload(f"{name}: the body is no JSON: {error}") from None
        if self.rule.body != "*":
            fields[self.rule.body] = given
        elif isinstance(given, dict):
            fields.update(given)
        else:
            raise BadPayload(f"{name}: the body must be a JSON object.")


class Routes:
    """All bindings of a contract's actors."""

    def __init__(self, contract: Contract) -> None:
        """Raises ContractError: a rule cannot be used; the message names it."""
        self.bindings = tuple(_bindings(contract))

    def find(self, verb: str, path: str) -> tuple[Binding, tuple[str, ...]] | set[str]:
        """The binding for a call and its variables; else the verbs that the path has, empty for an unknown path.

        More literal paths win over those with variables.
        """
        verbs = set()
        for binding in self.bindings:
            match = binding.pattern.fullmatch(path)
            if match is None:
                continue
            if binding.rule.verb == verb or (verb == "HEAD" and binding.rule.verb == "GET"):
                return binding, match.groups()
            verbs.add(binding.rule.verb)
        return verbs


def _bindings(contract: Contract) -> Iterator[Binding]:
    found = [
        _binding(service, method, rule)
        for service in contract.services.values()
        if service.is_actor
        for method in service.methods.values()
        for rule in method.rules
    ]
    yield from sorted(found, key=lambda binding: (len(binding.variables), -len(binding.rule.path)))


def _binding(service: Service, method: Method, rule: HttpRule) -> Binding:
    name = f"{service.name}.{method.name}"
    if method.descriptor.client_streaming:
        raise ContractError(f"{name} streams its requests, which HTTP/JSON cannot; take its google.api.http rule away.")
    variables = []
    pattern, position = "", 0
    for match in _VARIABLE.finditer(rule.path):
        pattern += _literal(rule.path[position : match.start()]) + f"({_template(match[2] or '*')})"
        variables.append(match[1])
        position = match.end()
    pattern += _literal(rule.path[position:])
    for field in [*variables, *([rule.body] if rule.body not in ("", "*") else [])]:
        _check_field(name, method, field)
    if "{" in pattern.replace("\\{", "") and "{" in _VARIABLE.sub("", rule.path):
        raise ContractError(f"{name}: the path {rule.path!r} has a brace without its match.")
    return Binding(service, method, rule, re.compile(pattern), tuple(variables))


def _literal(text: str) -> str:
    """Outside variables `*` and `**` may stand too."""
    return "".join(_template(part) if part in ("*", "**") else re.escape(part) for part in re.split(r"(\*\*|\*)", text))


def _template(text: str) -> str:
    """What a variable may be: `*` is a segment, `**` any number of them."""
    parts = {"*": _NOT_IN_A_SEGMENT, "**": ".+"}
    return "".join(parts.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", text))


def _check_field(name: str, method: Method, path: str) -> None:
    descriptor: Any = method.descriptor.input_type
    for part in path.split("."):
        field = descriptor.fields_by_name.get(part) if descriptor is not None else None
        if field is None:
            raise ContractError(
                f"{name}: its google.api.http rule names {path!r}, and {method.descriptor.input_type.full_name} has no such field."
            )
        descriptor = field.message_type


def _put(fields: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for part in outer:
        fields = fields.setdefault(part, {})
    fields[last] = value


def _add(fields: dict[str, Any], path: str, value: str, method: Method) -> None:
    """A query parameter; one that is given again makes a list, as does a repeated field."""
    *outer, last = path.split(".")
    descriptor: Any = method.descriptor.input_type
    for part in outer:
        fields = fields.setdefault(part, {})
        field = descriptor.fields_by_name.get(part) if descriptor is not None else None
        descriptor = field.message_type if field is not None else None
        if not isinstance(fields, dict):
            raise BadPayload(f"The query parameter {path!r} contradicts another.")
    field = descriptor.fields_by_name.get(last) if descriptor is not None else None
    if field is not None and field.is_repeated:
        fields.setdefault(last, []).append(value)
    elif field is not None and field.type == field.TYPE_BOOL:
        fields[last] = {"true": True, "false": False, "1": True, "0": False}.get(value, value)
    else:
        fields[last] = value
