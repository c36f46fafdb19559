"""What of a module belongs to an actor's definition."""

import array
import collections
import dataclasses
import datetime
import enum
import functools
import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
import time
import types
from typing import Any, NamedTuple, TypedDict

import attrs
import pytest

from runtime import Actor, action
from runtime.authoring.code_graph import CodeGraph, are_alike
from runtime.authoring.code_leaves import facts_of
from runtime.authoring.definition import ActorDefinition, define, redefined
from runtime.authoring.fingerprint import undisturbed
from runtime.hosts.in_process import InProcessHost

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


def _defined(source: str = SOURCE, **names: Any) -> ActorDefinition:
    namespace: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "fingerprints"}
    exec(source.format(**names), namespace)
    return define(namespace["Counter"])


def test_what_helpers_use_is_used_too() -> None:
    assert set(_defined(rate=2).uses) == {"Helper", "inner", "RATE"}


def test_edited_helper_has_another_digest_among_what_is_used() -> None:
    edited = SOURCE.replace("return inner(x)", "return inner(x) + 1")

    before, after = _defined(rate=2).uses, _defined(edited, rate=2).uses

    assert {name for name in before if before[name] != after[name]} == {"Helper"}


def test_a_constant_two_steps_away_makes_another_definition() -> None:
    assert _defined(rate=2).hash == _defined(rate=2).hash
    assert _defined(rate=2).hash != _defined(rate=3).hash


IN_A_PROCESS = """
import collections, contextlib, dataclasses, datetime, enum, functools, logging, pathlib, re, threading
from runtime import Actor, action
from runtime.authoring.code_graph import CodeGraph, are_alike
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
    begun_s = time.thread_time()
    first = defined(value)

    assert time.thread_time() - begun_s < 2
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


class Words(list[str]):
    """A container with something beside its items."""

    def __init__(self, items: Any, language: str = "") -> None:
        super().__init__(items)
        self.language = language


class Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self, shown: int, hidden: int = 0) -> None:
        self.shown, self.__hidden = shown, hidden


class Metres(float):
    pass


class Level(enum.Enum):
    LOW, HIGH = 1, 2


@dataclasses.dataclass
class Point:
    x: int = 0

    def plus(self, y: int) -> int:
        return self.x + y


def _property(step: int) -> property:
    return property(Point(step).plus)


def _cached(step: int) -> Any:
    return functools.lru_cache(Point(step).plus)


def _wrapped(step: int) -> Any:
    return functools.wraps(Point(step).plus)(print_nothing)


def print_nothing() -> None: ...


def _nested(depth: int, leaf: int) -> Any:
    return functools.reduce(lambda inner, _: (inner,), range(depth), leaf)


KINDS: dict[str, tuple[Any, Any]] = {
    "whole number": (lambda: 7, lambda: 8),
    "whole number or truth": (lambda: 1, lambda: True),
    "number or its text": (lambda: 1, lambda: "1"),
    "fraction": (lambda: 0.5, lambda: 0.25),
    "text or bytes": (lambda: "a", lambda: b"a"),
    "bytes": (lambda: b"a", lambda: b"b"),
    "nothing or empty": (lambda: None, lambda: ()),
    "list or tuple": (lambda: [1], lambda: (1,)),
    "boundaries of texts": (lambda: ["ab", "c"], lambda: ["a", "bc"]),
    "order of a list": (lambda: [1, 2], lambda: [2, 1]),
    "key of a mapping": (lambda: {"a": 1}, lambda: {"b": 1}),
    "value of a mapping": (lambda: {"a": 1}, lambda: {"a": 2}),
    "read-only mapping": (lambda: types.MappingProxyType({"a": 1}), lambda: types.MappingProxyType({"a": 2})),
    "default of a mapping": (lambda: collections.defaultdict(int), lambda: collections.defaultdict(list)),
    "queue": (lambda: collections.deque([1]), lambda: collections.deque([2])),
    "attribute of a container": (lambda: Words(["a"], "en"), lambda: Words(["a"], "de")),
    "item beside attributes": (lambda: Words(["a"], "en"), lambda: Words(["b"], "en")),
    "member of a set": (lambda: {"a", "b", "c"}, lambda: {"a", "b", "d"}),
    "set or frozen set": (lambda: {1}, lambda: frozenset({1})),
    "member of an enumeration": (lambda: Level.LOW, lambda: Level.HIGH),
    "number of a class of its own": (lambda: Metres(1), lambda: Metres(2)),
    "slot": (lambda: Slotted(1), lambda: Slotted(2)),
    "private slot": (lambda: Slotted(1, 1), lambda: Slotted(1, 2)),
    "record": (lambda: Point(1), lambda: Point(2)),
    "date": (lambda: datetime.date(2026, 1, 1), lambda: datetime.date(2026, 1, 2)),
    "pattern": (lambda: re.compile("a"), lambda: re.compile("a", re.IGNORECASE)),
    "generic type": (lambda: list[int], lambda: list[str]),
    "union": (lambda: int | str, lambda: int | bytes),
    "bound method": (lambda: Point(1).plus, lambda: Point(2).plus),
    "built-in method": (lambda: "a".upper, lambda: "b".upper),
    "built-in function": (lambda: len, lambda: abs),
    "argument of a partial": (lambda: functools.partial(max, 1), lambda: functools.partial(max, 2)),
    "keyword of a partial": (lambda: functools.partial(max, default=1), lambda: functools.partial(max, default=2)),
    "function of a partial": (lambda: functools.partial(max, 1), lambda: functools.partial(min, 1)),
    "property": (lambda: _property(1), lambda: _property(2)),
    "static or class method": (lambda: staticmethod(print_nothing), lambda: classmethod(print_nothing)),
    "function behind a cache": (lambda: _cached(1), lambda: _cached(2)),
    "compiled code": (lambda: compile("a = 1", "", "exec"), lambda: compile("a = 2", "", "exec")),
    "field of a record": (lambda: dataclasses.field(default=1), lambda: dataclasses.field(default=2)),
    "metadata of a field": (lambda: dataclasses.field(metadata={"a": 1}), lambda: dataclasses.field(metadata={"a": 2})),
    "module": (lambda: re, lambda: enum),
    "numbers of an array": (lambda: array.array("q", [1]), lambda: array.array("q", [2])),
    "type of an array": (lambda: array.array("i", [1]), lambda: array.array("I", [1])),
    "empty array": (lambda: array.array("q"), lambda: array.array("d")),
    "depth": (lambda: _nested(50, 1), lambda: _nested(50, 2)),
    "many parts": (lambda: list(range(3_900)), lambda: [*range(3_899), 0]),
    "long text": (lambda: "a" * 100_000 + "b", lambda: "a" * 100_000 + "c"),
}
"""Two values of each kind, each made by a function; what is named makes the difference."""
NUMBERED = ("function behind a cache",)
"""What is not read as a whole is another whenever it is made."""


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_told_apart_by_what_they_hold(kind: str) -> None:
    first, other = KINDS[kind]

    assert not are_alike(first(), other())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NUMBERED])
def test_equal_values_are_alike(kind: str) -> None:
    for make in KINDS[kind]:
        assert are_alike(make(), make())


@pytest.mark.parametrize(
    "make",
    [
        lambda: _nested(100, 1),
        lambda: list(range(4_100)),
        lambda: "a" * 300_000,
        lambda: array.array("q", range(2_000)),
    ],
)
def test_what_is_beyond_the_limits_is_another_whenever_it_is_made(make: Any) -> None:
    value = make()

    assert are_alike(value, value)
    assert not are_alike(value, make())


def test_circles_of_different_length_are_told_apart() -> None:
    def circle(length: int) -> Any:
        first: list[Any] = []
        last = first
        for _ in range(length):
            last.append(deeper := [])
            last = deeper
        last.append(first)
        return first

    assert are_alike(circle(2), circle(2))
    assert not are_alike(circle(2), circle(3))


def test_representation_that_a_user_wrote_is_not_executed() -> None:
    executed: list[str] = []

    class Day(datetime.date):
        def __repr__(self) -> str:
            executed.append("repr")
            return "a day"

    day = Day(2026, 1, 1)

    assert are_alike([day], [day])
    assert executed == []


BOUND = """
import functools, types
RATE = 1
tools = types.ModuleType("tools")
tools.step = 1

def helper(x=0, *, y=0):
    return x + y + tools.step

@functools.singledispatch
def kind_of(value):
    return 0

class Table:
    price = 1

class Bound(Actor, name="bound"):
    @action
    def go(self) -> int:
        return helper() * RATE + Table.price + kind_of(RATE)
"""


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("RATE = 2", "RATE"),
        ("def helper(x=0): return x", "helper"),
        ("helper.__code__ = (lambda x=0: x).__code__", "helper"),
        ("helper.__defaults__ = (1,)", "helper"),
        ("helper.__kwdefaults__ = {'y': 1}", "helper"),
        ("@kind_of.register\ndef _(value: int): return 1", "kind_of"),
        ("Table.price = 2", "Table.price"),
        ("tools.step = 2", "tools.step"),
        ("", None),
    ],
)
def test_name_that_means_something_else_now_is_not_current(change: str, shown: str | None) -> None:
    namespace: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "bound"}
    exec(BOUND, namespace)
    graph = CodeGraph([namespace["Bound"]])

    exec(change, namespace)

    assert {each.shown for each in graph.bindings if not each.is_current} == ({shown} if shown else set())


def test_a_parse_that_another_thread_disturbed_is_repeated() -> None:
    answers: list[object] = [SystemError("AST constructor recursion depth mismatch"), "source"]

    def parse() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert undisturbed(parse) == "source"


def test_modules_imported_while_code_runs_are_known_with_their_dots() -> None:
    text = "def go():\n x = 1\n import json.tool\n from . import near\n from ..far import thing\n y = 2\n import re"

    facts = facts_of(compile(text, "", "exec"))

    assert facts.imports == ["json.tool", ".", "..far", "re"]


QUOTED = """
import dataclasses

@dataclasses.dataclass
class Point:
    x: int = {rate}

class Quoted(Actor, name="quoted"):
    points: list["Point"] = []

    @action
    def add(self, point: "Point | None") -> None:
        self.points.append(point)
"""


def test_class_that_only_an_annotation_in_quotes_names_belongs_to_the_definition() -> None:
    graphs = []
    for rate in (1, 2):
        namespace: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "quoted"}
        exec(QUOTED.format(rate=rate), namespace)
        graphs.append(list(CodeGraph([namespace["Quoted"]]).parts))

    assert graphs[0] != graphs[1]


@dataclasses.dataclass
class _Record:
    size: int = 1


class _Pair(NamedTuple):
    size: int = 1


class _Entry(TypedDict):
    size: int


@attrs.define
class _Item:
    size: int = 1


class _Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize("kind", [_Record, _Pair, _Entry, _Item, _Colour])
def test_class_that_was_used_as_state_is_no_other_version(kind: Any) -> None:
    class Holder(Actor, name="holder"):
        held: kind | None = None

        @action
        def read(self) -> kind | None:
            return self.held

    unused = define(Holder)
    InProcessHost().prepare(unused)

    assert redefined(unused).hash == unused.hash
