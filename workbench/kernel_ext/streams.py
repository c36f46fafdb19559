"""Standing before the `write` of a standard stream, whoever else stands there too.

IPython sets `write` of the streams anew around every cell, and ipykernel wants streams of its own class.  So a stream gets a
subclass of its own class, in which `write` is a data descriptor: what others set goes behind it, and it is asked first.  A
stream whose class cannot be changed (of a plain terminal) is replaced by one that passes everything on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Take = Callable[[str], bool]
"""Gets what is written; True if that was it, False to let it pass on."""


class _Asking:
    """A `write` that asks first."""

    __slots__ = ("_take", "behind")

    def __init__(self, take: Take, behind: Callable[[str], Any]) -> None:
        self._take, self.behind = take, behind

    def __call__(self, text: str) -> Any:
        if type(text) is str and self._take(text):
            return len(text)
        return self.behind(text)


class _Write:
    """The data descriptor: `write` of one stream."""

    def __init__(self, take: Take, behind: Callable[[str], Any]) -> None:
        self._take, self._behind = take, behind

    def __get__(self, stream: Any, owner: type) -> Any:
        return self if stream is None else _Asking(self._take, vars(stream).get("write", self._behind))

    def __set__(self, stream: Any, write: Any) -> None:
        vars(stream)["write"] = write.behind if isinstance(write, _Asking) else write

    def __delete__(self, stream: Any) -> None:
        vars(stream).pop("write", None)


class _PassedOn:
    """Stands for a stream whose class cannot be changed."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def stand_before(name: str, take: Take) -> Callable[[], None]:
    """Have `take` asked before anything is written to `sys.<name>`; what undoes it."""
    stream = getattr(sys, name)
    kind = type(stream)
    namespace = {"write": _Write(take, kind.write.__get__(stream)), "__module__": kind.__module__}
    try:
        stream.__class__ = type(kind.__name__, (kind,), {**namespace, "__slots__": ()})
    except TypeError:
        return _replace(name, stream, take)

    def step_aside() -> None:
        if type(stream).__mro__[1] is kind:
            stream.__class__ = kind

    return step_aside


def _replace(name: str, stream: Any, take: Take) -> Callable[[], None]:
    stand_in = type("Stream", (_PassedOn,), {"write": _Write(take, stream.write)})(stream)
    setattr(sys, name, stand_in)

    def put_back() -> None:
        if getattr(sys, name) is stand_in:
            setattr(sys, name, stream)

    return put_back
