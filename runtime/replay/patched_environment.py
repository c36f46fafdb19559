"""What an action can read beside its context, made different from run to run: the clock of the machine, and chance.

Only in a process made for that.  Whatever is not varied here, such as `uuid.uuid4`, the addresses of objects or the network,
varies by itself; the order of sets does by `PYTHONHASHSEED`, which is given to the process.
"""

from __future__ import annotations

import asyncio
import datetime as dates
import random
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

_DATETIME, _DATE = dates.datetime, dates.date


class Outside:
    """Varies the clock and chance of this process, and notices who reads them."""

    def __init__(self, shift_s: float, seed: int) -> None:
        """`shift_s`: how far the clock is off."""
        self._shift_s = shift_s
        self._read: dict[str, None] = {}
        random.seed(seed)
        self._chance = random.getstate()

    def vary(self, functions: Iterable[Callable[..., Any]]) -> None:
        """Replace what reads the clock: in its modules, and under any name in the globals of these functions."""
        instead = self._replacements()
        for (module, name), (_, replacement) in instead.items():
            setattr(sys.modules[module], name, replacement)
        found = {id(original): replacement for original, replacement in instead.values()}
        scopes = {id(scope): scope for function in functions if (scope := _globals(function)) is not None}
        for scope in scopes.values():
            for name, value in list(scope.items()):
                if id(value) in found:
                    scope[name] = found[id(value)]

    def used(self) -> tuple[str, ...]:
        """What was read since the last call."""
        read, self._read = self._read, {}
        now = random.getstate()
        if now != self._chance:
            read["random"], self._chance = None, now
        return tuple(read)

    def _replacements(self) -> dict[tuple[str, str], tuple[Any, Any]]:
        real_time, real_ns, real_sleep = time.time, time.time_ns, asyncio.sleep

        def now_s() -> float:
            return real_time() + self._shift_s

        def current_s() -> float:
            self._read["time.time"] = None
            return now_s()

        def current_ns() -> int:
            self._read["time.time_ns"] = None
            return real_ns() + round(self._shift_s * 1e9)

        def sleep(seconds: float) -> None:
            """The time passes on this clock alone: a history of many waits is run again at once."""
            self._shift_s += max(0.0, seconds)

        async def sleep_async(delay: float, result: Any = None) -> Any:
            sleep(delay)
            return await real_sleep(0, result)

        return {
            ("asyncio", "sleep"): (real_sleep, sleep_async),
            ("time", "time"): (real_time, current_s),
            ("time", "time_ns"): (real_ns, current_ns),
            ("time", "sleep"): (time.sleep, sleep),
            ("datetime", "datetime"): (_DATETIME, self._dated(_DATETIME, now_s)),
            ("datetime", "date"): (_DATE, self._dated(_DATE, now_s)),
        }

    def _dated(self, real: Any, now_s: Callable[[], float]) -> Any:
        """A stand-in for `datetime` or `date`: the same in everything but what it says the time is."""
        read = self._read_of(real.__name__)

        def now(tz: Any = None) -> Any:
            read("now")
            return real.fromtimestamp(now_s(), tz)

        def utcnow() -> Any:
            read("utcnow")
            return real.fromtimestamp(now_s(), dates.UTC).replace(tzinfo=None)

        def today() -> Any:
            read("today")
            return real.fromtimestamp(now_s())

        instead: dict[str, Any] = {"today": staticmethod(today)}
        if real is _DATETIME:
            instead |= {"now": staticmethod(now), "utcnow": staticmethod(utcnow)}
        return _standing_in_for(real)(real.__name__, (), instead)

    def _read_of(self, kind: str) -> Callable[[str], None]:
        def read(name: str) -> None:
            self._read[f"{kind}.{name}"] = None

        return read


def _standing_in_for(real: Any) -> type:
    """The metaclass of a class that makes and recognises instances of `real`, and has all that `real` has."""

    class StandingIn(type):
        def __call__(cls, *arguments: Any, **named: Any) -> Any:
            return real(*arguments, **named)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

        def __getattr__(cls, name: str) -> Any:
            return getattr(real, name)

        def __eq__(cls, other: object) -> bool:
            return other is cls or other is real

        def __hash__(cls) -> int:
            return hash(real)

    return StandingIn


def _globals(function: Callable[..., Any]) -> dict[str, Any] | None:
    found = getattr(getattr(function, "__wrapped__", function), "__globals__", None)
    return found if isinstance(found, dict) else None
