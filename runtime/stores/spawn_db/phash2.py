"""The number by which Spawn files an actor: Erlang's portable hash (`phash2`) of its `ActorId` structure, 27 bits.

The template of a child is in that number and nowhere else in a Spawn database, so it is found by trying.  Nothing here is
used for stores of our own: numbers of 27 bits collide, with even chances at 13,600 actors.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

_WORD = 0xFFFFFFFF
_GOLDEN = 0x9E3779B9
_RANGE = 2**27

# What is mixed in with each sort of term: multiples of the golden ratio, except for the empty list.
_NIL, _ATOM, _BINARY, _MAP, _PAIRS = 2, 3, 13, 16, 19
_NIL_VALUE = 2
_SHIFTS = ((13, 8, 13), (12, 16, 5), (3, 10, 15))
_PAIRS_OF_STRUCT = 5


def actor_number(name: str, system: str, parent: str | None = "") -> int:
    """`snapshots.id` of an actor; an actor without a template has the parent "", or from some SDKs none at all."""
    pairs = (
        _atom("Elixir.Spawn.Actors.ActorId", _atom_value("__struct__"))
        ^ _empty_list("__unknown_fields__")
        ^ _binary("name", name)
        ^ _binary("system", system)
        ^ (_atom("nil", _atom_value("parent")) if parent is None else _binary("parent", parent))
    )
    return _mixed(_PAIRS, pairs, _mixed(_MAP, _PAIRS_OF_STRUCT, 0)) % _RANGE


def template_of(number: int, name: str, system: str, templates: Iterable[str]) -> str | None:
    """The template among `templates` that the actor was made from, `name` for one without a template, None for neither."""
    if number in (actor_number(name, system, ""), actor_number(name, system, None)):
        return name
    return next((template for template in templates if actor_number(name, system, template) == number), None)


def _binary(field: str, text: str) -> int:
    """The hash of a pair: the field's, and the value's on top."""
    data, start = text.encode(), (_GOLDEN * _BINARY + _atom_value(field)) & _WORD
    return _block(data, start) if data else start


def _empty_list(field: str) -> int:
    """The pair of a field and the empty list."""
    return _mixed(_NIL, _NIL_VALUE, _atom_value(field))


def _atom(text: str, start: int) -> int:
    return _mixed(_ATOM, _atom_value(text), start)


@cache
def _atom_value(text: str) -> int:
    """P. J. Weinberger's hash, which Erlang keeps with each atom."""
    value = 0
    for byte in text.encode():
        value = ((value << 4) + byte) & _WORD
        if top := value & 0xF0000000:
            value ^= top >> 24
            value ^= top
    return value


def _mixed(sort: int, value: int, start: int) -> int:
    constant = _GOLDEN * sort & _WORD
    return _mix((constant + value) & _WORD, constant, start)[2]


def _block(data: bytes, start: int) -> int:
    """Bob Jenkins' hash of 1996 over bytes."""
    a = b = _GOLDEN
    c = start
    whole = len(data) - len(data) % 12
    for at in range(0, whole, 12):
        words = (int.from_bytes(data[at + i : at + i + 4], "little") for i in (0, 4, 8))
        a, b, c = _mix(*((old + word) & _WORD for old, word in zip((a, b, c), words, strict=True)))
    rest = data[whole:]
    a += int.from_bytes(rest[:4], "little")
    b += int.from_bytes(rest[4:8], "little")
    c += len(data) + (int.from_bytes(rest[8:], "little") << 8)  # its lowest byte is for the length
    return _mix(a & _WORD, b & _WORD, c & _WORD)[2]


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for first, second, third in _SHIFTS:
        a = (a - b - c) & _WORD
        a ^= c >> first
        b = (b - c - a) & _WORD
        b ^= a << second & _WORD
        c = (c - a - b) & _WORD
        c ^= b >> third
    return a, b, c
