"""What of a module belongs to an actor's definition."""

import functools
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from typing import Any

import pytest

from runtime import Actor, action
from runtime.authoring.definition import ActorDefinition, define

SOURCE = """
RATE = {rate}
OTHER = 1

def inner(x):
    return x * RATE

class Helper:
    def apply(self, x):
        return inner(x)

class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> None:
        self.total += Helper().apply(value)
"""


def _defined(**names: Any) -> ActorDefinition:
    namespace: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "fingerprints"}
    exec(SOURCE.format(**names), namespace)
    return define(namespace["Counter"])


def test_what_helpers_use_is_used_too() -> None:
    assert set(_defined(rate=2).uses) == {"Helper", "inner", "RATE"}


def test_a_constant_two_steps_away_makes_another_definition() -> None:
    assert _defined(rate=2).hash == _defined(rate=2).hash
    assert _defined(rate=2).hash != _defined(rate=3).hash


IN_A_PROCESS = """
import collections, contextlib, dataclasses, datetime, enum, functools, logging, pathlib, re, threading
from runtime import Actor, action
from runtime.authoring.definition import define

NAMES = {"alpha", "beta", "gamma"}
TABLE = {"a": [1, {"x", "y"}], "b": None}
lock = threading.Lock()
log = logging.getLogger("x")
pick = functools.partial(lambda x: x, 1)
Pair = collections.namedtuple("Pair", "first second")

class Colour(enum.Enum):
    RED = 1

@dataclasses.dataclass
class Point:
    x: int = 0
    tags: list[str] = dataclasses.field(default_factory=list)

origin = Point(3)

@contextlib.contextmanager
def around():
    yield

class Probe(Actor, name="probe"):
    point: Point = Point()
    colour: Colour = Colour.RED

    @action
    def go(self) -> int:
        with around(), lock:
            log.info(str(Pair(1, 2)))
            return pick() + len(NAMES & {"q", "r", "s"}) + len(TABLE) + origin.x

print(define(Probe).hash)
"""


def test_a_hash_is_the_same_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(found) == 1
    assert len(found.pop().strip()) == 16


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
DEEP: Any = functools.reduce(lambda inner, _: [inner], range(5_000), 0)


class Failing:
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError


@pytest.mark.parametrize(
    "make",
    [
        lambda: threading.Lock(), lambda: socket.socket(), lambda: iter([]), lambda: object(), lambda: CIRCLE,
        lambda: DEEP, lambda: b"x" * 50_000_000, lambda: list(range(1_000_000)), lambda: 10**6_000, Failing,
    ],
)  # fmt: skip
def test_no_value_is_too_odd_or_too_large_to_be_told_apart(make: Any) -> None:
    def defined(value: object) -> str:
        namespace: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "odd", "VALUE": value}
        exec(textwrap.dedent(SOURCE_OF_ODD), namespace)
        return define(namespace["Odd"]).hash

    value, other = make(), make()
    begun = time.perf_counter()
    first = defined(value)

    assert time.perf_counter() - begun < 2
    assert defined(value) == first
    if other is not value and type(value) is not int:
        assert defined(other) != first
    if hasattr(value, "close"):
        value.close()
        other.close()


SOURCE_OF_ODD = """
class Odd(Actor, name="odd"):
    @action
    def go(self) -> object:
        return VALUE
"""
