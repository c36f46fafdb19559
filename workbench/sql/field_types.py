"""From the text of a Python annotation to the DuckDB type of a column.

Definitions keep the types of state fields as text.  That text is parsed, never evaluated; what it does not tell (a class,
`Any`, a type of a later version) becomes JSON.  Times, dates and UUIDs are text in the state and typed in the column.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import reduce

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


def column_type(annotations: Iterable[str]) -> str:
    """The type of a column for a field that had these annotations over time.

    One that holds all of them: `int` and `float` make DOUBLE, a text and a number VARCHAR, else JSON.
    """
    return reduce(_both, (_parsed(text) or JSON for text in annotations), None) or JSON


def is_nested(column: str) -> bool:
    """Whether it is a list or a map, whose elements are checked one by one."""
    return column.endswith("[]") or column.startswith("MAP(")


def parsed_type(column: str) -> str:
    """The type that a value of the column has in the parsed state."""
    return VARCHAR if column in _READ_FROM_TEXT else column


def read_as(column: str, value: str) -> str:
    """SQL for a value of that type, from the SQL for what the parsed state has; NULL where it does not fit."""
    return _READ_FROM_TEXT.get(column, "{0}").format(value)


def wider(column: str) -> str:
    """The next type for a column in which a value did not fit."""
    if column == "BIGINT":
        return HUGEINT
    return VARCHAR if column == HUGEINT or column in _TEXTUAL else JSON


def never_misfits(column: str) -> bool:
    """Whether every JSON value has a form in that type."""
    return column in (VARCHAR, JSON)


def _parsed(text: str) -> str | None:
    """None for `None`."""
    try:
        return _of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError):
        return JSON


def _of(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(text)):
            return _parsed(text)
        case ast.Name() | ast.Attribute():
            return None if _name(node) == "NoneType" else _SCALARS.get(_name(node), JSON)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _both(_of(left), _of(right))
        case ast.Subscript(value=generic, slice=ast.Tuple(elts=arguments)):
            return _generic(_name(generic), arguments)
        case ast.Subscript(value=generic, slice=argument):
            return _generic(_name(generic), [argument])
        case _:
            return JSON


def _generic(name: str, arguments: list[ast.expr]) -> str | None:
    if name in ("Optional", "Union"):
        return reduce(_both, map(_of, arguments), None)
    if name in ("Annotated", "Required", "NotRequired"):
        return _of(arguments[0])
    if name == "Literal":
        return reduce(_both, (_SCALARS.get(type(getattr(a, "value", None)).__name__) for a in arguments), None)
    if name in _LISTS and len(arguments) == 1:
        return _list(_of(arguments[0]))
    if name in ("tuple", "Tuple"):
        return _tuple(arguments)
    if name in _MAPS and len(arguments) == 2:
        key = "BIGINT" if _of(arguments[0]) == "BIGINT" else VARCHAR
        return f"MAP({key}, {_element(_of(arguments[1]))})"
    return JSON


def _list(element: str | None) -> str:
    return f"{_element(element)}[]"


def _tuple(arguments: list[ast.expr]) -> str:
    elements = {_of(a) for a in arguments if not (isinstance(a, ast.Constant) and a.value is Ellipsis)}
    return _list(elements.pop()) if len(elements) == 1 else JSON


def _element(column: str | None) -> str:
    """Inside a list or a map such a value stays the text that the state has."""
    return parsed_type(column) if column else JSON


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _both(one: str | None, other: str | None) -> str | None:
    if one is None or other is None or one == other:
        return other if one is None else one
    if one in _NUMERIC and other in _NUMERIC:
        return max(one, other, key=_NUMERIC.__getitem__)
    if one.endswith("[]") and other.endswith("[]"):
        return _list(_both(one[:-2], other[:-2]))
    simple = {one, other}
    if simple <= _TEXTUAL | _NUMERIC.keys() | {"BOOLEAN"} and simple & _TEXTUAL:
        return VARCHAR
    return JSON
