"""Who is meant: actors and invocations by name."""

from __future__ import annotations

import itertools
import os
from typing import NewType, Protocol

import msgspec

InvocationId = NewType("InvocationId", str)
Revision = NewType("Revision", int)


class ActorId(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An actor's identity: its system and its name.  That pair is unique, as on a real Spawn proxy.

    The template a child was made from is not part of the identity; it travels beside it as `parent`.
    """

    system: str
    name: str

    def __str__(self) -> str:
        return self.name


class IdSource(Protocol):
    """Where invocation ids come from; injected, so that a replay can repeat them."""

    def __call__(self) -> InvocationId: ...


class RandomIds:
    """Ids that never repeat across processes: 64 random bits for this source, in hexadecimal, then a counter.

    Ids of one source sort by age.  May be called by any thread.
    """

    __slots__ = ("_count", "_prefix")

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._count = itertools.count(1_000_000_000)  # of one width, without the price of padding

    def __call__(self) -> InvocationId:
        return f"{self._prefix}{next(self._count)}"  # type: ignore[return-value]  # a call of the type costs as much again


class CountingIds:
    """Ids `i-1`, `i-2`, … for tests and for replay."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> InvocationId:
        self._count += 1
        return InvocationId(f"i-{self._count}")
