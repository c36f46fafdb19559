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


# --- Path templates ---------------------------------------------------------------------------------------------------
# Path templates of `google.api.http`: `/v1/{name=shelves/*}/books/**:read` as a pattern, and which of two is more
# specific.

_VARIABLE = re.compile(r"\{([\w.]+)(?:=([^{}]*))?\}")
_STARS = re.compile(r"(\*\*|\*)")
_PATTERNS = {"*": "[^/]+", "**": ".*"}
_SLASH = re.compile("(%2f)", re.IGNORECASE)

Rank = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PathTemplate:
    """One template, ready to be matched."""

    text: str
    pattern: re.Pattern[str]
    variables: tuple[str, ...]
    """Paths of request fields, in the order of the pattern's groups."""
    spanning: frozenset[str]
    """Those of them that may hold more than one segment."""
    rank: Rank
    """Sorts more specific templates first: literal segments before `*` before `**`."""

    def values(self, path: str) -> list[tuple[str, str]] | None:
        """The variables' values in a path that was sent; None if it does not match."""
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        return [(name, self._decoded(name, text)) for name, text in zip(self.variables, match.groups(), strict=True)]

    def _decoded(self, name: str, text: str) -> str:
        """Within several segments an escaped slash stays escaped, so that it is told from those between them."""
        if name not in self.spanning:
            return unquote(text)
        return "".join(part if _SLASH.fullmatch(part) else unquote(part) for part in _SLASH.split(text))

    def described(self) -> tuple[str, tuple[str, ...]]:
        """The path as OpenAPI writes it, and the names in it that stand for segments without a variable."""
        unnamed: list[str] = []

        def name(_: re.Match[str]) -> str:
            unnamed.append(f"segment{len(unnamed) + 1}")
            return "{" + unnamed[-1] + "}"

        shown = _VARIABLE.sub(lambda match: "{" + match[1] + "}", self.text)
        return _STARS.sub(name, shown), tuple(unnamed)


def read_template(text: str, owner: str) -> PathTemplate:
    """The template that a rule's path is; `owner` names its method in complaints.

    Raises:
        ContractError: it is none.
    """
    if not text.startswith("/"):
        raise ContractError(f"{owner}: the path {text!r} of its google.api.http rule does not begin with a slash.")
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        raise ContractError(f"{owner}: the path {text!r} has a brace without its match.")
    found = list(_VARIABLE.finditer(text))
    variables = tuple(match[1] for match in found)
    if len(set(variables)) != len(variables):
        raise ContractError(f"{owner}: the path {text!r} has a variable twice.")
    spanning = frozenset(match[1] for match in found if "/" in (match[2] or "") or "**" in (match[2] or ""))
    return PathTemplate(text, re.compile("".join(_pattern(text, found))), variables, spanning, _rank(text))


def _pattern(text: str, variables: list[re.Match[str]]) -> Iterator[str]:
    position = 0
    for match in variables:
        yield _segments(text[position : match.start()])
        yield f"({_segments(match[2] or '*')})"
        position = match.end()
    yield _segments(text[position:])


def _segments(text: str) -> str:
    return "".join(_PATTERNS.get(part) or re.escape(part) for part in _STARS.split(text))


def _rank(text: str) -> Rank:
    flat = _VARIABLE.sub(lambda match: match[2] or "*", text)
    return tuple(_segment_rank(segment) for segment in flat.split("/")[1:])


def _segment_rank(segment: str) -> tuple[int, int]:
    wildness = 2 if "**" in segment else 1 if "*" in segment else 0
    return wildness, -len(segment)
