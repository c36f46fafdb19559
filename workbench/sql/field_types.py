"""From the text of a Python annotation to the DuckDB type of a column.

Definitions keep the types of state fields as text, and what the classes among them hold.  That text is parsed, never evaluated;
what it does not tell (another class, `Any`, a type of a later version) becomes JSON.

| in Python | in SQL |
|---|---|
| `int`, `float`, `bool`, `str`, `bytes` | BIGINT, DOUBLE, BOOLEAN, VARCHAR, BLOB |
| `datetime`, `date`, `time`, `UUID` | TIMESTAMP WITH TIME ZONE, DATE, TIME, UUID |
| `timedelta`, `Decimal` | INTERVAL, DECIMAL(38,9) |
| an `Enum` | ENUM of its values where these are texts, else of its names |
| a dataclass, attrs class, msgspec Struct, pydantic model or `TypedDict` | STRUCT |
| `list[X]`, `set[X]`, `tuple[X, ...]` | X[] |
| a numpy array | DOUBLE[], or as its annotation says; with more than one dimension JSON |
| `dict[str, X]` | MAP(VARCHAR, X) |
| anything else | JSON |

Inside a list, a map or a STRUCT a value of BLOB, INTERVAL or DECIMAL, or of an ENUM, is what the state's JSON has.

A field whose type was changed has a column that holds all that it was: DOUBLE for `int` and `float`, VARCHAR for texts and numbers,
a STRUCT with the fields of both, VARCHAR for an `Enum` with other members; else JSON.  A value that does not fit makes the
column wider.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, Self

from duckdb import DuckDBPyConnection

from runtime.wire.codecs.library_types import restored

JSON = "JSON"
VARCHAR = "VARCHAR"
BLOB = "BLOB"
HUGEINT = "HUGEINT"
INTERVAL = "INTERVAL"
DECIMAL = "DECIMAL(38,9)"
"""Exact, or not at all: a number with more digits on either side makes the column VARCHAR."""

_SCALARS = {
    "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "str": VARCHAR, "bytes": BLOB, "bytearray": BLOB,
    "datetime": "TIMESTAMP WITH TIME ZONE", "date": "DATE", "time": "TIME", "UUID": "UUID",
    "Decimal": DECIMAL, "timedelta": INTERVAL,
}  # fmt: skip
_LISTS = {
    "list", "List", "set", "Set", "frozenset", "FrozenSet", "Sequence", "MutableSequence", "Collection", "Iterable", "AbstractSet",
    "deque", "Deque",
}  # fmt: skip
_MAPS = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"}
_TEXTUAL = {VARCHAR, BLOB, "TIMESTAMP WITH TIME ZONE", "DATE", "TIME", "UUID", INTERVAL, DECIMAL}
_READ_FROM_TEXT = {
    BLOB: "TRY(from_base64({0}))",
    INTERVAL: "journal.duration({0})",
    DECIMAL: f"CASE WHEN regexp_full_match({{0}}, '-?\\d{{{{1,29}}}}(\\.\\d{{{{1,9}}}})?') THEN CAST({{0}} AS {DECIMAL}) END",
}
"""Types that JSON has as text in a form that DuckDB does not read by itself."""
_NUMERIC = {"BIGINT": 0, HUGEINT: 1, "DOUBLE": 2}
_DTYPES = {"bool": "BOOLEAN", "int": "BIGINT", "uint": "BIGINT", "float": "DOUBLE", "str_": VARCHAR}
"""Element types of arrays, by how the name of the dtype begins."""

Labels = Mapping[str, str]
"""What an enumeration's value is in JSON, as text, to what the column shows for it."""


class Struct(str):
    """A STRUCT type, with its fields."""

    __slots__ = ("fields",)
    fields: dict[str, str]

    def __new__(cls, fields: Mapping[str, str]) -> Self:
        shown = ", ".join('"{}" {}'.format(name.replace('"', '""'), kind) for name, kind in fields.items())
        self = super().__new__(cls, f"STRUCT({shown})")
        self.fields = dict(fields)
        return self


class ListOf(str):
    """A LIST type, with that of its elements."""

    __slots__ = ("element",)
    element: str

    def __new__(cls, element: str) -> Self:
        self = super().__new__(cls, f"{element}[]")
        self.element = element
        return self


class Array(ListOf):
    """A LIST type of a numpy array, which the state holds in another form."""

    __slots__ = ()


class Enumeration(str):
    """An ENUM type, or VARCHAR where its members were changed, with what stands for each value."""

    __slots__ = ("inside", "labels")
    inside: str
    """The type of its values inside a list, a map or a struct."""
    labels: Labels

    def __new__(cls, labels: Labels, inside: str, *, is_open: bool = False) -> Self:
        listed = ", ".join("'" + label.replace("'", "''") + "'" for label in dict.fromkeys(labels.values()))
        self = super().__new__(cls, VARCHAR if is_open else f"ENUM({listed})")
        self.labels, self.inside = labels, inside
        return self


def column_type(annotation: str, classes: Mapping[str, str] | None = None) -> str:
    """The type of a column for a field with this annotation.

    Args:
        classes: what the classes that it names hold, as `runtime.authoring.class_shapes` tells it.
    """
    return _Reader(classes or {}).parsed(annotation) or JSON


def common_type(types: Iterable[str]) -> str:
    """The type of a column for a field that had these over time, the newest first.

    One that holds all of them: `int` and `float` make DOUBLE, a text and a number VARCHAR, else JSON.
    """
    return reduce(_both, types, None) or JSON


def is_nested(column: str) -> bool:
    """Whether it is a list, a map or a struct, whose elements are checked one by one."""
    return column.endswith("[]") or column.startswith(("MAP(", "STRUCT("))


def parsed_type(column: str) -> str:
    """The type that a value of the column has in the parsed state."""
    return VARCHAR if column in _READ_FROM_TEXT or column.startswith("ENUM(") else column


def read_as(column: str, value: str, labels: Iterable[tuple[str, str]] = ()) -> str:
    """SQL for a value of that type, from the SQL for what the parsed state has; NULL where it does not fit."""
    if changed := [(given, label) for given, label in labels if given != label]:
        cases = " ".join(f"WHEN {_literal(given)} THEN {_literal(label)}" for given, label in changed)
        value = f"CASE {value} {cases} ELSE {value} END"
    if column.startswith("ENUM("):
        return f"TRY_CAST({value} AS {column})"
    return _READ_FROM_TEXT.get(column, "{0}").format(value)


def wider(column: str) -> str:
    """The next type for a column in which a value did not fit."""
    if column == "BIGINT":
        return HUGEINT
    return VARCHAR if column == HUGEINT or column in _TEXTUAL or column.startswith("ENUM(") else JSON


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def never_misfits(column: str) -> bool:
    """Whether every JSON value has a form in that type."""
    return column in (VARCHAR, JSON)


# --- Annotations ------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads annotations of one definition; a class inside itself is JSON."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes
        self._open: list[str] = []

    def parsed(self, text: str) -> str | None:
        """None for `None`."""
        try:
            return self._of(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError):
            return JSON

    def _of(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=None):
                return None
            case ast.Constant(value=str(text)):
                return self.parsed(text)
            case ast.Name() | ast.Attribute():
                return None if _name(node) == "NoneType" else self._named(_name(node))
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return _both(self._of(left), self._of(right))
            case ast.Subscript(value=generic, slice=ast.Tuple(elts=arguments)):
                return self._generic(_name(generic), arguments)
            case ast.Subscript(value=generic, slice=argument):
                return self._generic(_name(generic), [argument])
            case _:
                return JSON

    def _named(self, name: str) -> str:
        if name == "ndarray":
            return Array("DOUBLE")
        if name in self._classes and name not in self._open:
            self._open.append(name)
            try:
                return self._class(json.loads(self._classes[name]))
            finally:
                self._open.pop()
        return _SCALARS.get(name, JSON)

    def _class(self, shape: Any) -> str:
        match shape:
            case {"members": dict(members)} if members:
                return _enumeration(members)
            case {"fields": dict(fields)} if fields and len({name.lower() for name in fields}) == len(fields):
                return Struct({name: _element(self.parsed(text)) for name, text in fields.items()})
            case _:
                return JSON

    def _generic(self, name: str, arguments: list[ast.expr]) -> str | None:
        if name in ("Optional", "Union"):
            return reduce(_both, map(self._of, arguments), None)
        if name in ("Annotated", "Required", "NotRequired"):
            return self._of(arguments[0])
        if name == "Literal":
            return reduce(_both, (_SCALARS.get(type(getattr(a, "value", None)).__name__) for a in arguments), None)
        if name in _LISTS and len(arguments) == 1:
            return ListOf(_element(self._of(arguments[0])))
        if name in ("tuple", "Tuple"):
            return self._tuple(arguments)
        if name in _MAPS and len(arguments) == 2:
            key = "BIGINT" if self._of(arguments[0]) == "BIGINT" else VARCHAR
            return f"MAP({key}, {_element(self._of(arguments[1]))})"
        return _array(arguments) if name == "ndarray" else JSON

    def _tuple(self, arguments: list[ast.expr]) -> str:
        elements = {self._of(a) for a in arguments if not (isinstance(a, ast.Constant) and a.value is Ellipsis)}
        return ListOf(_element(elements.pop())) if len(elements) == 1 else JSON


def _array(arguments: list[ast.expr]) -> str:
    """An array whose annotation has a dtype."""
    match arguments[-1]:
        case ast.Subscript(slice=ast.Name() | ast.Attribute() as dtype):
            kinds = [kind for begin, kind in _DTYPES.items() if _name(dtype).startswith(begin)]
            return Array(kinds[0] if kinds else "DOUBLE")
        case _:
            return Array("DOUBLE")


def _enumeration(members: Mapping[str, Any]) -> Enumeration:
    """Texts stand for themselves; any other value has its member's name."""
    values = list(members.values())
    if all(isinstance(value, str) for value in values):
        return Enumeration({value: value for value in values}, VARCHAR)
    inside = "BIGINT" if all(type(value) is int for value in values) else JSON
    return Enumeration({_json(value): name for name, value in members.items()}, inside)


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _element(column: str | None) -> str:
    """Inside a list or a map such a value stays what the state has."""
    if isinstance(column, Enumeration):
        return column.inside
    if isinstance(column, Array):
        return JSON
    if isinstance(column, (Struct, ListOf)):
        return column
    return parsed_type(column) if column else JSON


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _both(one: str | None, other: str | None) -> str | None:
    """A type that holds all values of both; of enumerations and structs the first is the newer."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, Enumeration) or isinstance(other, Enumeration):
        return _with_labels(one, other)
    if one == other:
        return one
    if one in _NUMERIC and other in _NUMERIC:
        return max(one, other, key=_NUMERIC.__getitem__)
    if isinstance(one, Struct) and isinstance(other, Struct):
        return _with_fields(one, other)
    if isinstance(one, ListOf) and isinstance(other, ListOf) and type(one) is type(other):
        return type(one)(_both(one.element, other.element) or JSON)
    simple = {one, other}
    if simple <= _TEXTUAL | _NUMERIC.keys() | {"BOOLEAN"} and simple & _TEXTUAL:
        return VARCHAR
    return JSON


def _with_labels(one: str, other: str) -> str:
    """VARCHAR with the labels of both, unless they are the same or one is nothing that a text could stand for."""
    enums = [each for each in (other, one) if isinstance(each, Enumeration)]
    if len(enums) == 2 and enums[0] == enums[1] and enums[0].labels == enums[1].labels:
        return one
    if any(each not in _TEXTUAL | _NUMERIC.keys() for each in (one, other) if not isinstance(each, Enumeration)):
        return JSON
    labels = {given: label for each in enums for given, label in each.labels.items()}
    inside = enums[0].inside if len({each.inside for each in enums}) == 1 else JSON
    return Enumeration(labels, inside, is_open=True)


def _with_fields(one: Struct, other: Struct) -> str:
    fields = dict(one.fields)
    for name, kind in other.fields.items():
        fields[name] = _both(fields[name], kind) or JSON if name in fields else kind
    return Struct(fields) if len({name.lower() for name in fields}) == len(fields) else JSON


# --- Arrays -----------------------------------------------------------------------------------------------------------

ARRAY = "workbench_array"
"""The SQL function that makes JSON lists of an array in a state; anything else it gives back."""


def add_array_function(connection: DuckDBPyConnection) -> None:
    """Let a database read arrays."""
    connection.create_function(ARRAY, _as_lists, ["VARCHAR"], "VARCHAR")


def _as_lists(text: str) -> str:
    try:
        value = restored(json.loads(text))
        return (
            json.dumps(_finite(value.tolist()), default=str, ensure_ascii=False) if hasattr(value, "tolist") else text
        )
    except ValueError:
        return text


def _finite(value: Any) -> Any:
    """The same lists with None for what JSON has no number for."""
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and value - value != 0 else value
