"""All places at which two decoded values differ, whatever their size.

`workbench.render.values` compares what is *shown* of two values; this compares all of it.  Lists are compared by position, after
the entries that they begin and end with alike: one that is put in at the front is one difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from runtime.records import Encoded

Keys = tuple[str | int, ...]
"""The way to a place: fields and entries by name, entries of lists by position."""


class _Absent:
    """What stands where there is nothing, since None is a value."""

    def __repr__(self) -> str:
        return "–"


ABSENT: Any = _Absent()


class Difference(msgspec.Struct, frozen=True):
    """One place at which two values differ."""

    keys: Keys
    old: Any
    """`ABSENT` where it is new."""
    new: Any
    """`ABSENT` where it is gone."""

    @property
    def path(self) -> str:
        """`items[2].name`; empty for the whole value."""
        return path_of(self.keys)


def differences(old: Any, new: Any) -> Iterator[Difference]:
    """Every place, in the order of the new value; what is gone comes after what is there.

    A container that is new or gone is one difference; protobuf messages are compared by the fields that they have set.
    """
    yield from _differences((), comparable(old), comparable(new))


def comparable(value: Any) -> Any:
    """The value as mappings, lists and scalars."""
    if not hasattr(value, "DESCRIPTOR"):
        return value
    from runtime.wire.codecs.messages import plain

    return plain(value)


def value_at(value: Any, keys: Iterable[str | int]) -> Any:
    """What stands at a place of a value that is `comparable`; `ABSENT` where there is nothing."""
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, ABSENT)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if 0 <= key < len(value) else ABSENT
        else:
            return ABSENT
    return value


def path_of(keys: Keys) -> str:
    """`items[2].name`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def is_same(old: Any, new: Any) -> bool:
    """Whether two values are equal and of one kind: True is not 1, and a NaN is the same NaN."""
    if type(old) is not type(new):
        return _is_number(old) and _is_number(new) and bool(old == new)
    return bool(old == new) or (isinstance(old, float) and old != old and new != new)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _differences(keys: Keys, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _of_mappings(keys, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(keys, old, new)
    elif not is_same(old, new):
        yield Difference(keys, old, new)


def _of_mappings(keys: Keys, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[Difference]:
    for name, value in new.items():
        if name not in old:
            yield Difference((*keys, name), ABSENT, value)
        elif old[name] is not value:
            yield from _differences((*keys, name), old[name], value)
    yield from (Difference((*keys, name), value, ABSENT) for name, value in old.items() if name not in new)


def _of_lists(keys: Keys, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    old_middle, new_middle = old[first : len(old) - last], new[first : len(new) - last]
    for index, (before, after) in enumerate(zip(old_middle, new_middle, strict=False), first):
        yield from _differences((*keys, index), before, after)
    paired = min(len(old_middle), len(new_middle))
    yield from (Difference((*keys, first + i), ABSENT, v) for i, v in enumerate(new_middle) if i >= paired)
    yield from (Difference((*keys, first + i), v, ABSENT) for i, v in enumerate(old_middle) if i >= paired)


def _alike(old: Sequence[Any], new: Sequence[Any]) -> int:
    """With how many equal entries both begin."""
    count = 0
    for before, after in zip(old, new, strict=False):
        if next(_differences((), before, after), None) is not None:
            break
        count += 1
    return count


def as_plain(value: Any) -> Any:
    """A side of a difference for a data frame: None where there is nothing."""
    return None if value is ABSENT or isinstance(value, Encoded) else value
